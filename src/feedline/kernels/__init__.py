"""Numba kernels: compiled once for a user and kept, they release the GIL and know nothing of the rest of feedline."""
