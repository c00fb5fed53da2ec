"""Which steps make sense after which, and what can be compared behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.elements import has_dataclass, leaves
from pipelines.step import Step

LEARNT = {"parsed", "map", "scan", "resample", "flat_map", "interleave", "group", "bucket", "failing", "ignored"}
"""Steps after which feedline learns the spec by running them, so that it may be more exact than TensorFlow's."""

RANDOM = {"shuffle", "mix", "shuffled_files"}
"""Steps whose order is left to chance."""

UNORDERED = {"shuffle", "map", "filter", "cache", "prefetch", "options", "unbatch", "repeat", "flat_map", "interleave"}
UNORDERED |= {"unique", "ignored", "reduce"}
"""Steps that make the same set of any order of their elements."""

STORED = {"map", "filter", "batch", "padded", "prefetch", "enumerate", "options", "take_while", "scan", "reduce"}
"""Steps after one that stores elements: they read all of them, and once."""

CANNOT_FAIL = {"range", "slices", "tensors", "counter", "map", "filter", "take", "skip", "repeat", "forever", "shard"}
CANNOT_FAIL |= {"text", "bytes", "records", "parsed", "listed", "ragged", "sparse", "random"}
CANNOT_FAIL |= {"enumerate", "cache", "prefetch", "concatenate", "options", "shuffle", "apply", "zip"}
"""Steps that give all elements, whatever these are."""

OF_DATASETS = {"take", "skip", "repeat", "enumerate", "prefetch", "concatenate", "options", "forever", "shard"}
"""Steps that do not look at elements, which may then be datasets."""


def learns(step: Step) -> bool:
    """Says whether feedline learns the spec behind a step by running it."""
    return step.kind in LEARNT or "learns" in step.words


def safe(step: Step, before: Sequence[Step]) -> bool:
    """Says whether what a step gives can be compared, whatever the elements are."""
    kinds = {other.kind for other in before}
    if kinds & RANDOM and step.kind not in UNORDERED:
        return False
    if "stored" in kinds and step.kind not in STORED:
        return False
    if step.kind == "ignored" and not (
        kinds <= CANNOT_FAIL and "from_generator" not in "".join(s.code for s in before)
    ):
        return False  # where something else fails, and fails again and again, tf.data's ignore_errors never ends
    fails = any(other.kind == "failing" or {"fails", "bad_file"} & {*other.words} for other in before)
    return not (fails and (step.kind == "stored" or step.kind in RANDOM))


def unfit(step: Step, spec: Any, before: Sequence[Step]) -> bool:
    """Says whether feedline does with such elements what TensorFlow refuses to do, or gets wrong."""
    tensors = [leaf for leaf in leaves(spec) if type(leaf).__name__ in ("TensorSpec", "RaggedTensorSpec")]
    ragged_ranks = [leaf.ragged_rank for leaf in tensors if type(leaf).__name__ == "RaggedTensorSpec"]
    kinds = {other.kind for other in before}
    if "lib, " in step.code and any(type(leaf).__name__ == "DatasetSpec" for leaf in leaves(spec)):
        return True  # the functions of the pipelines know nothing of datasets
    if has_dataclass(spec) and ("pads" in step.words or "saved(" in step.code):
        return True  # tf.data asks for the length of a dataclass, and cannot write its spec into a file
    if "pads" in step.words and any(type(leaf).__name__ == "NoneTensorSpec" for leaf in leaves(spec)):
        return True  # tf.data pads nothing beside None
    into_rows = step.kind in ("unbatch", "rebatch") or "inner_rows" in step.words
    if into_rows and any(map(_is_sparse_vector, leaves(spec))):
        return True  # tf.data cannot do anything with numbers out of a sparse vector
    if step.kind == "resample" and isinstance(spec, tuple) and len(spec) == 1:
        return True  # tf.data takes the element out of a tuple of one here and there, as chance has it
    if "pads" in step.words and (ragged_ranks or any(leaf.shape.rank is None for leaf in tensors)):
        return True  # tf.data pads no rows of ragged tensors, and nothing of unknown rank
    if step.kind in ("unbatch", "rebatch") and any(not all(leaf.shape[1:]) for leaf in tensors if leaf.shape.rank):
        return not ragged_ranks  # the process dies of unbatching rows with nothing in them
    if "repeat(0)" in step.code and kinds & {"shuffle", "shuffled_files"}:
        return True  # tf.data takes the two for one step, which refuses 0
    if min(ragged_ranks, default=1) < 1:
        if "batch" in step.code and kinds & {"unbatch", "rebatch"}:
            return True  # of rows of rows of ragged tensors tf.data makes batches that it cannot use further
        return "snapshot" in step.code  # tf.data forgets that they are rows of a ragged tensor
    return False


def _is_sparse_vector(spec: Any) -> bool:
    return type(spec).__name__ == "SparseTensorSpec" and spec.shape.rank == 1


def fits(step: Step, spec: Any, before: Sequence[Step]) -> bool:
    """Says whether a step can do something with the elements that a spec of TensorFlow's describes."""
    kind = step.kind
    kinds = [type(leaf).__name__ for leaf in leaves(spec)]
    tensors = [leaf for leaf in leaves(spec) if type(leaf).__name__ not in ("NoneTensorSpec", "DatasetSpec")]
    plain = all(name in ("TensorSpec", "NoneTensorSpec") for name in kinds)
    if "DatasetSpec" in kinds:
        return kind in OF_DATASETS
    if not tensors:
        return False
    ranks = [leaf.shape.rank for leaf in tensors]
    if kind in ("unbatch", "rebatch") or "inner_rows" in step.words:
        return all(rank for rank in ranks)
    if kind == "unique":
        return len(kinds) == 1 and plain
    if "pads" in step.words:
        if "boundary" in step.words and any(map(learns, before)):
            return False  # to the boundary is padded what is not known to be of one length
        return kinds == ["TensorSpec"] * len(kinds) and None not in ranks
    if kind == "ragged_batch":  # after map TensorFlow may not know lengths that are all alike
        return not any(map(learns, before)) and "SparseTensorSpec" not in kinds
    if kind in ("failing", "ignored") or "twice" in step.words or "double" in step.words:
        return plain
    if kind == "window":
        return "NoneTensorSpec" not in kinds and plain
    return True
