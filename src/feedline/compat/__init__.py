"""Stand-ins for other libraries: `import feedline.compat.tf as tf` runs TensorFlow's input pipelines."""
