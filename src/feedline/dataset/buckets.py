"""The buckets of `bucket_by_sequence_length`: which one an element goes to, and how each is batched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.nodes.map import called
from feedline.structure import flatten


@dataclass(frozen=True)
class Buckets:
    """Elements of about one length.

    Args:
        length_function: from element to its length.
        boundaries: where one bucket ends and the next begins.
        batch_sizes: the batch size of each bucket.
        padded_shapes: as for `padded_batch`.
        padding_values: as for `padded_batch`.
        pad_to_boundary: whether to pad to the longest length that the bucket allows.
        no_padding: whether not to pad.
        drop_remainder: whether smaller last batches are left out.
    """

    length_function: Callable[..., Any]
    boundaries: tuple[int, ...]
    batch_sizes: tuple[int, ...]
    padded_shapes: Any
    padding_values: Any
    pad_to_boundary: bool
    no_padding: bool
    drop_remainder: bool

    def __post_init__(self) -> None:
        if len(self.batch_sizes) != len(self.boundaries) + 1:
            raise ArgumentError(
                f"there are {len(self.batch_sizes)} bucket_batch_sizes for {len(self.boundaries)} bucket_boundaries.",
                fix=f"Give {len(self.boundaries) + 1}: one for each bucket, also for the lengths above all boundaries.",
            )
        if any(a >= b for a, b in zip(self.boundaries, self.boundaries[1:], strict=False)):
            raise ArgumentError(f"bucket_boundaries do not rise: {list(self.boundaries)}.", fix="Give them in order.")

    def key(self, *element: Any) -> np.int64:
        """Returns the number of an element's bucket."""
        value = self.length_function(*element)
        length = np.asarray(value)
        if length.ndim or length.dtype.kind not in "iu":
            raise DtypeError(
                f"{called(self.length_function)} returned {value!r:.60} where a length is needed.",
                fix="Return a single integer, such as len(sequence).",
            )
        return np.int64(np.searchsorted(self.boundaries, int(length), side="right"))

    def size(self, bucket: np.int64) -> np.int64:
        """Returns a bucket's batch size."""
        return np.int64(self.batch_sizes[int(bucket)])

    def batch(self, bucket: np.int64, window: Any) -> Any:
        """Returns the window as a batch."""
        size = self.batch_sizes[int(bucket)]
        if self.no_padding:
            return window.batch(size, drop_remainder=self.drop_remainder)
        shapes = self.padded_shapes
        if self.pad_to_boundary:
            shapes = self._boundary_shapes(int(bucket), window)
        return window.padded_batch(size, shapes, self.padding_values, drop_remainder=self.drop_remainder)

    def _boundary_shapes(self, bucket: int, window: Any) -> Any:
        if bucket == len(self.boundaries):
            raise ShapeError(
                f"an element is longer than the last bucket boundary, {self.boundaries[-1] if self.boundaries else 0}: "
                "with pad_to_bucket_boundary there is nothing to pad it to.",
                fix="Give a higher last boundary, or leave out longer elements with filter.",
            )
        longest = self.boundaries[bucket] - 1
        specs, treedef = flatten(window.element_spec)
        if self.padded_shapes is not None:
            given = treedef.flatten_up_to(self.padded_shapes) if len(specs) > 1 else [self.padded_shapes]
        else:
            given = [spec.shape for spec in specs]
        shapes = [tuple(longest if length is None else length for length in shape) for shape in given]
        return treedef.unflatten(shapes)
