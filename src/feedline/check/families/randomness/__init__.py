"""FL6: random numbers that are frozen, repeated or misplaced, and preprocessing that differs between two datasets."""
