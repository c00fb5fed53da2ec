"""FL1: what is read is not what was written: features, decoders, signatures, pairs, counts, shapes and lengths."""
