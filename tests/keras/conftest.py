import os

# Without a word Keras would load TensorFlow: eight seconds, and not the backend that most tests here need.
os.environ.setdefault("KERAS_BACKEND", "jax")

# A program that test_backends.py runs, not a module of tests.
collect_ignore = ["on_backend.py"]
