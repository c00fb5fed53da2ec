"""What is here is for the grids (test_grid_tensorflow.py); there is nothing to collect."""

collect_ignore_glob = ["*.py"]
