"""FL4: what a pipeline costs: memory, waiting, idle cores, work done element by element or for nothing."""
