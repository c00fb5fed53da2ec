"""save: a dataset to files; and what `snapshot` and `cache` share with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.errors import DtypeError, FileFormatError, InfiniteDatasetError, StructureError
from feedline.nodes.arity import called
from feedline.nodes.base import INFINITE_CARDINALITY, Node
from feedline.nodes.map import call_with_element, locate_user_error
from feedline.spec import dtype_name
from feedline.structure import as_spec, component_names, describe_tree, flatten

if TYPE_CHECKING:
    from feedline.formats.stored_folder import StoredDataset
    from feedline.run.timings import Timings

_MOST_AT_ONCE = 1024
_MOST_BYTES = 8 << 20


def save(
    node: Node, epoch: int, timings: Timings, folder: str, compression_type: str, shard_func: Callable[..., Any] | None
) -> StoredDataset:
    """Writes all elements of an epoch to a folder.

    Args:
        node: the last node of the pipeline.
        epoch: the epoch.
        timings: where the times of the stages are added up.
        folder: where.
        compression_type: "", "GZIP" or "ZLIB".
        shard_func: from element to the number of its shard; None for one shard.

    Raises:
        InfiniteDatasetError: there is no end.
        WriteError: the disk is full, or another failure of writing.
    """
    from feedline.formats.stored_writer import StoredWriter
    from feedline.run.context import Run, asks_one_by_one

    check_finite(node, "save()")
    stream = Run(timings).open(node, epoch)
    writer = None
    try:
        limit = 1 if asks_one_by_one(node) else 16
        position = 0
        block = stream.next(1)  # before the spec, which may cost another run of the first element
        writer = StoredWriter(folder, compression_type, spec_or_none(node, block))
        while block is not None:
            shards = None if shard_func is None else shards_of(block, shard_func, position, "save()")
            writer.append(block, None, shards)
            position += block.length
            if limit > 1:
                limit = _MOST_AT_ONCE if block.nbytes() * _MOST_AT_ONCE < _MOST_BYTES * block.length else 16
            block = stream.next(limit)
        stored = writer.commit(replace=True)
        assert stored is not None
        return stored
    finally:
        stream.close()
        if writer is not None:
            writer.abandon()  # which does nothing once it has committed


def check_finite(node: Node, what: str) -> None:
    """Checks that a dataset has an end, as far as that is known.

    Raises:
        InfiniteDatasetError: it has none.
    """
    if node.cardinality() == INFINITE_CARDINALITY:
        raise InfiniteDatasetError(
            f"{what} of an infinite dataset would never end.", fix=f"Use take(n) first, or repeat() after {what}."
        )


def spec_or_none(node: Node, block: Block | None) -> Any:
    """Returns a dataset's spec; None where there is no element to learn it from."""
    try:
        return node.spec()
    except StructureError:
        if block is not None:
            raise
        return None


def shards_of(block: Block, shard_func: Callable[..., Any], position: int, stage: str) -> np.ndarray:
    """Returns which shard each element goes to: int64 `(n,)`.

    Args:
        block: the elements.
        shard_func: the user's function.
        position: of the first of them, for messages.
        stage: who calls the function, for messages.

    Raises:
        DtypeError: the function returned something else than a whole number.
    """
    plain = block.plain()
    shards = np.empty(block.length, np.int64)
    for row in range(block.length):
        try:
            shard = call_with_element(shard_func, plain.row(row))
            shards[row] = _as_shard(shard, shard_func)
        except Exception as error:
            located = locate_user_error(error, shard_func, stage)
            located.add_where(f"element {position + row}")
            if located is error:
                raise
            raise located from error
    return shards


def _as_shard(value: Any, shard_func: Callable[..., Any]) -> int:
    number = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    if number.shape != () or number.dtype.kind not in "iu":
        raise DtypeError(
            f"{called(shard_func)} returned {value!r:.60}, which is not a whole number.",
            fix="Return an int, the number of the element's shard.",
        )
    return int(number)


def check_spec(stored: StoredDataset, wanted: Any, who: str, fix: str) -> Any:
    """Checks that stored elements are what is expected, and returns the spec in the structure that was expected.

    Args:
        stored: what is stored.
        wanted: the structure of specs that is expected.
        who: what expects it, for messages.
        fix: how to mend it.

    Raises:
        StructureError: the structure is another.
        DtypeError: a dtype is another.
        FileFormatError: the shapes cannot be.
    """
    found_specs, found_tree = flatten(stored.spec())
    specs, tree = flatten(wanted)
    if len(specs) != len(found_specs) or _shape_of_tree(tree) != _shape_of_tree(found_tree):
        raise StructureError(
            f"the stored elements are {describe_tree(found_tree)}; {who} has {describe_tree(tree)}.",
            where=[stored.folder],
            fix=fix,
        )
    places = {path: place for place, path in enumerate(found_tree.paths())}
    found_specs = [found_specs[places[path]] for path in tree.paths()]
    for name, expected, found in zip(component_names(tree), map(as_spec, specs), found_specs, strict=True):
        if type(expected) is not type(found) or expected.dtype != found.dtype:
            raise DtypeError(f"{name} is stored as {found}; {who} has {expected}.", where=[stored.folder], fix=fix)
        if not _may_be_alike(expected.shape, found.shape):
            raise FileFormatError(
                f"{name} is stored in the shape {found.shape}; {who} has {expected.shape} ({dtype_name(found.dtype)}).",
                where=[stored.folder],
                fix=fix,
            )
    return tree.unflatten(list(map(as_spec, specs)))


def _shape_of_tree(tree: Any) -> Any:
    """Returns what two trees must share: classes of namedtuples may be others of the same fields.

    Mappings are alike in whatever order their keys are.
    """
    kind = "tuple" if tree.type is not None and issubclass(tree.type, tuple) else str(tree.kind)
    if tree.type is not None and issubclass(tree.type, dict):
        kind = "dict"
    fields = getattr(tree.type, "_fields", None)
    parts = [(entry, _shape_of_tree(child)) for entry, child in zip(tree.entries(), tree.children(), strict=True)]
    if kind == "dict":
        parts.sort(key=lambda part: repr(part[0]))
    return kind, fields, parts


def _may_be_alike(first: Any, second: Any) -> bool:
    if first is None or second is None:
        return True
    return len(first) == len(second) and all(
        a is None or b is None or a == b for a, b in zip(first, second, strict=True)
    )
