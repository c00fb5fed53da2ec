"""tf.data without TensorFlow."""
