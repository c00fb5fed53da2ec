"""What is here is for test_pipelines_tensorflow.py; there is nothing to collect."""

collect_ignore_glob = ["*.py"]
