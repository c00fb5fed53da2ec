import contextlib
import os

# Left to itself Keras would load TensorFlow as its backend. Programs that tests start do not inherit the choice.
chosen = os.environ.get("KERAS_BACKEND")
os.environ.setdefault("KERAS_BACKEND", "jax")
with contextlib.suppress(ImportError):
    import keras  # noqa: F401
if chosen is None:
    del os.environ["KERAS_BACKEND"]
