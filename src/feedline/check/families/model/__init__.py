"""FL5: what a dataset gives beside what a Keras model takes, and how its loss compares labels with outputs."""
