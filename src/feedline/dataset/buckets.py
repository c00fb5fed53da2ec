"""The buckets of `bucket_by_sequence_length`: which one an element goes to, and how each is batched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.nested import dataset_of_node
from feedline.nodes.arity import called
from feedline.nodes.base import Node
from feedline.nodes.batch import Batch
from feedline.nodes.padded_batch import PaddedBatch
from feedline.origin import Origin
from feedline.structure import batched_spec, flatten, with_shape


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
        origin: the user's line.
    """

    length_function: Callable[..., Any]
    boundaries: tuple[int, ...]
    batch_sizes: tuple[int, ...]
    padded_shapes: Any
    padding_values: Any
    pad_to_boundary: bool
    no_padding: bool
    drop_remainder: bool
    origin: Origin

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
        node: Node
        if self.no_padding:
            node = Batch((window.node,), self.origin, size, self.drop_remainder)
        else:
            shapes = self._boundary_shapes(int(bucket), window.node) if self.pad_to_boundary else self.padded_shapes
            node = PaddedBatch((window.node,), self.origin, size, self.drop_remainder, shapes, self.padding_values)
        return dataset_of_node(node)

    def spec(self, element_spec: Any) -> Any:
        """Returns the spec of the batches, whichever bucket they are of."""
        specs, treedef = flatten(element_spec)
        shapes = [spec.shape for spec in specs]
        if not self.no_padding:
            given = PaddedBatch((), self.origin, 1, False, self.padded_shapes, None).shapes(treedef)
            shapes = [known if shape is None else shape for shape, known in zip(given, shapes, strict=True)]
        return treedef.unflatten(
            [batched_spec(with_shape(spec, shape), None) for spec, shape in zip(specs, shapes, strict=True)]
        )

    def _boundary_shapes(self, bucket: int, window: Node) -> Any:
        if bucket == len(self.boundaries):
            raise ShapeError(
                f"an element is longer than the last bucket boundary, {self.boundaries[-1] if self.boundaries else 0}: "
                "with pad_to_bucket_boundary there is nothing to pad it to.",
                fix="Give a higher last boundary, or leave out longer elements with filter.",
            )
        longest = self.boundaries[bucket] - 1
        specs, treedef = flatten(window.spec())
        if self.padded_shapes is not None:
            given = PaddedBatch((), self.origin, 1, False, self.padded_shapes, None).shapes(treedef)
        else:
            given = [spec.shape for spec in specs]
        known = [shape for shape in given if shape is not None]
        if len(known) < len(given):
            raise ShapeError(
                "pad_to_bucket_boundary needs the rank of every component, and one is not known.",
                fix="Give padded_shapes, for example [None] for a sequence.",
            )
        return treedef.unflatten([tuple(longest if length is None else length for length in shape) for shape in known])
