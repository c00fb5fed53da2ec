"""FL2: what the values are like."""
