"""FL3: the order of the elements: sorted data, shuffles that do too little, come too late, or are frozen."""
