"""Operations that change shapes, take parts or put arrays together: in a block each axis is one further on."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.plan.rules import Rows, row_by_row
from feedline.plan.trace import Operation, Slot, slots_in
from feedline.strings import as_plain_array


def take_items(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Takes the same part of each row."""
    value, key = operation.args
    return (rows.of(value)[(slice(None), *(key if type(key) is tuple else (key,)))],)


def change_shapes(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Gives each row the shape that the element got that was traced."""
    return (rows.of(operation.args[0]).reshape(rows.count, *operation.samples[0].shape),)


def reshape_rows(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Runs `np.reshape`."""
    if operation.kwargs or len(operation.args) != 2 or slots_in(operation.args[1:]):
        return row_by_row(operation, rows)
    return change_shapes(operation, rows)


def change_axes(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Adds or takes away axes of length 1; which shape that gives is for each row's own shape to say."""
    if not operation.args or type(operation.args[0]) is not Slot or slots_in((operation.args[1:], operation.kwargs)):
        return row_by_row(operation, rows)
    values = rows.of(operation.args[0])
    row = np.broadcast_to(np.empty((), values.dtype), values.shape[1:])  # of no memory
    return (values.reshape(rows.count, *operation.function(row, *operation.args[1:], **operation.kwargs).shape),)


def transpose_rows(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Transposes each row: they lie in memory as before, as it is for a single array."""
    value, *axes = operation.args
    alone = type(value) is Slot and not operation.kwargs and not slots_in(axes)
    order = axes[0] if axes else None
    if not alone or not (order is None or type(order) is tuple):
        return row_by_row(operation, rows)
    values = rows.of(value)
    rank = values.ndim - 1
    turned = range(rank)[::-1] if order is None else [axis % rank for axis in order]
    return (values.transpose(0, *(axis + 1 for axis in turned)),)


def join_arrays(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Joins arrays of all rows, along an axis that is one further on in a block."""
    arrays, *others = operation.args
    axis = others[0] if others else operation.kwargs.get("axis", 0)
    plain = len(others) <= 1 and not set(operation.kwargs) - {"axis"} and type(axis) is int and axis >= 0
    if not plain or type(arrays) not in (list, tuple) or not all(type(array) is Slot for array in arrays):
        return row_by_row(operation, rows)
    return (operation.function([as_plain_array(rows.of(array)) for array in arrays], axis=axis + 1),)


def stack_values(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Makes one array of several, as `np.stack` does."""
    arrays, sample = operation.args[0], operation.samples[0]
    alone = len(operation.args) == 1 and not operation.kwargs and type(arrays) in (list, tuple)
    if not alone or sample.dtype == object or not all(type(array) is Slot for array in arrays):
        return row_by_row(operation, rows)
    columns = [rows.of(array) for array in arrays]
    if any(column.dtype != sample.dtype or column.shape[1:] != sample.shape[1:] for column in columns):
        return row_by_row(operation, rows)
    return (np.stack(columns, axis=1),)
