"""Bytes to arrays and back, without pipelines: one file a format."""
