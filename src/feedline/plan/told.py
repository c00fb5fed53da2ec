"""What a function does on blocks, for people: `explain()` shows it."""

from __future__ import annotations

from typing import Any

from feedline.image.resize import ARITHMETIC
from feedline.plan import file_rules, record_rules, rules
from feedline.plan.run_chain import run_chain
from feedline.plan.trace import Operation, Trace

_REASONS: dict[Any, str] = {
    run_chain: "in one pass over memory, while the values are in the cache",
    rules.resize_and_compute: "in one pass over memory, while the values are in the cache",
    rules.decode_and_resize: "photo after photo, straight into the block",
    rules.cast_and_compute: "casts as it computes, in one pass",
    rules.row_by_row: "for one element after the other",
    rules.in_order_of_memory: "for one element after the other",
    rules.drawn_crops: "for all elements in one call, each with random numbers of its own",
    rules.drawn_row_by_row: "for one element after the other, each with random numbers of its own",
    file_rules.read_files: "many files in one call",
    file_rules.decode_pngs: "straight into the block",
    file_rules.decode_npys: "used where it lies in the files, without a copy",
    file_rules.decode_raws: "taken from where it lies",
    record_rules.parse_single: "all records of a block in one call",
    record_rules.parse_lines: "all lines of a block in one call",
    record_rules.parse_batches: "all records of a block in one call",
    record_rules.parse_tensors: "used where it lies in the records, without a copy",
}


def told(made: Trace) -> list[str]:
    """Returns a line for each operation: what is done, and how.

    Args:
        made: what a function computes, fused.
    """
    return [
        f"{_names(operation)}: {_REASONS.get(operation.rule, 'for all elements at once')}"
        for operation in made.operations
    ]


def _names(operation: Operation) -> str:
    if operation.rule is run_chain:
        return ", ".join(_name(step.function) for step in operation.args[1].steps)
    if operation.rule in (rules.resize_and_compute, rules.decode_and_resize):
        decodes = operation.rule is rules.decode_and_resize
        scale, codes, _, flip = operation.args[3:7] if decodes else operation.args[2:]
        before = [_name(operation.function)] if decodes else []
        before += ["convert_image_dtype"] if scale != 1 else []
        flips = [] if flip is None else [_name(flip.function)]
        return ", ".join([*before, "resize", *flips, *(_name(ARITHMETIC[code]) for code in codes.tolist())])
    return _name(operation.function)


_PLAIN = {
    "take_item": "[...]",
    "change_dtype": "astype",
    "change_shape": "reshape",
    "power": "**",
    "decode_window_of_jpeg": "decode_and_crop_jpeg",
}


def _name(function: Any) -> str:
    name = getattr(function, "__name__", str(function))
    return _PLAIN.get(name, name)
