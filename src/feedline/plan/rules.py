"""How operations run on blocks: for each function what gives, for n rows at once, what it gives for each row."""

from __future__ import annotations

import functools
import os
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline import random
from feedline.buffers import POOL
from feedline.image.sample_distorted_bounding_box import sample_crops
from feedline.packed_arrays import PackedArrays
from feedline.plan.integer_overflow import OVERFLOWING, overflows
from feedline.plan.prove import UnprovenError
from feedline.plan.trace import Operation, Slot, change_dtype, change_shape, power, replaced, slots_in, take_item
from feedline.strings import PackedStringRows, PackedStrings
from feedline.structure import flatten

Rule = Callable[[Operation, "Rows"], tuple[Any, ...]]


class NotAlikeError(Exception):
    """The rows of a block cannot be computed together: they go to the user's function one by one."""


@dataclass
class Rows:
    """Some rows of a block, while a function runs on them.

    Args:
        values: for each slot the values of all rows, or None before they are computed.
        samples: for each slot what the element that was traced has.
        count: how many rows.
        seed: the seed of the transformation.
        epochs: int64 `(count,)`.
        positions: int64 `(count,)`.
        targets: for slots that the function returns, where their values belong: a rule may write there at once.
        own_streams: where what rows draw comes from, where how many numbers each draws depends on it.
    """

    values: list[Any]
    samples: list[Any]
    count: int
    seed: int
    epochs: np.ndarray
    positions: np.ndarray
    targets: dict[int, np.ndarray]
    own_streams: random.OwnStreams | None = None

    def room_for(self, operation: Operation, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Returns an array to write an operation's only result to."""
        target = self.targets.get(operation.results[0])
        if target is not None and target.shape == shape and target.dtype == dtype:
            return target
        return POOL.empty(shape, dtype)

    def of(self, argument: Any) -> Any:
        """Returns an argument with the values of all rows in place of its slots."""
        return replaced(argument, Slot, lambda slot: _gathered(self.values[slot.number]))

    def row(self, argument: Any, index: int) -> Any:
        """Returns an argument as one row has it."""
        return replaced(argument, Slot, lambda slot: self.values[slot.number][index])


def packing(pack: Callable[[Operation, Rows], Any]) -> Callable[[Rule], Rule]:
    """Marks a rule for those rows of a block that cannot be had all at once and without a copy.

    Args:
        pack: returns the results of all rows, as views of what is there already; None where the rule has to run.
    """

    def mark(rule: Rule) -> Rule:
        rule.pack = pack  # type: ignore[attr-defined]
        return rule

    return mark


def _gathered(value: Any) -> Any:
    return value.array() if isinstance(value, PackedArrays | PackedStringRows) else value


def _no_warnings() -> np.errstate:
    """Makes an error of what would warn or raise: the user's own function then does so, at the element it is about."""
    wanted: dict[str, Any] = {kind: "ignore" if how == "ignore" else "raise" for kind, how in np.geterr().items()}
    return np.errstate(**wanted)


def elementwise(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Runs a ufunc: rows of fewer dimensions than others get dimensions of length 1 behind the first."""
    if any(isinstance(_sample(argument, rows), bytes | str) for argument in operation.args):
        return row_by_row(operation, rows)  # NumPy does not look at zeros at their ends
    if operation.samples[0].ndim == 0:
        _check_single_values(operation, rows)
    values = [rows.of(argument) for argument in operation.args]
    ranks = [np.ndim(value) - (type(argument) is Slot) for argument, value in zip(operation.args, values, strict=True)]
    most = max(ranks)
    for place, argument in enumerate(operation.args):
        if type(argument) is Slot and ranks[place] < most:
            value = values[place]
            values[place] = value.reshape(len(value), *(1,) * (most - ranks[place]), *value.shape[1:])
    shape = np.broadcast_shapes((rows.count, *(1,) * most), *(np.shape(value) for value in values))
    with _no_warnings():
        return (operation.function(*values, out=rows.room_for(operation, shape, operation.samples[0].dtype)),)


_NO_DTYPE = np.dtype(bool)


def _check_single_values(operation: Operation, rows: Rows) -> None:
    """Checks that NumPy does to single values what it does to arrays of them.

    Raises:
        UnprovenError: the bits of the results may be others.
        FloatingPointError: an integer overflows, which NumPy tells of single values alone.
    """
    for argument in operation.args:
        sample = _sample(argument, rows)
        if isinstance(sample, complex) or getattr(sample, "dtype", _NO_DTYPE).kind == "c":
            raise UnprovenError("it computes with single complex numbers, whose last bits differ in arrays")
    dtype = operation.samples[0].dtype
    told = dtype.kind in "iu" and operation.function in OVERFLOWING and np.geterr()["over"] != "ignore"
    if told and overflows(operation.function, [rows.of(argument) for argument in operation.args], dtype):
        raise FloatingPointError(f"overflow encountered in scalar {operation.function.__name__}")


def _sample(argument: Any, rows: Rows) -> Any:
    return rows.samples[argument.number] if type(argument) is Slot else argument


def at_once(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Calls a function that does to each value of an array, of any shape, what it does to it alone."""
    check_only_first(operation)
    with _no_warnings():
        return (operation.function(rows.of(operation.args[0]), *operation.args[1:], **operation.kwargs),)


def _cast(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    check_only_first(operation)
    values = rows.of(operation.args[0])
    dtype = operation.samples[0].dtype
    if values.dtype.kind in "fc" and dtype.kind in "iu":  # beyond the range it depends on how many are cast at once
        return row_by_row(operation, rows)
    if values.dtype.kind not in "biu" or dtype.kind != "f":
        return at_once(operation, rows)
    result = rows.room_for(operation, values.shape, dtype)
    result[...] = values
    return (result,)


def is_cast_to_floats(operation: Operation) -> bool:
    """Says whether an operation makes floats of integers, value by value."""
    if operation.rule is not _cast or type(operation.args[0]) is not Slot:
        return False
    return operation.samples[0].dtype in (np.float32, np.float64)


def cast_and_compute(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Runs a ufunc of rows and a number; the rows, of integers, count as values of the result's dtype."""
    dtype = operation.samples[0].dtype
    arguments = [rows.of(argument) for argument in operation.args]
    if any(isinstance(value, np.ndarray) and value.dtype.kind not in "biu" for value in arguments):
        raise NotAlikeError
    shape = next(value.shape for value in arguments if isinstance(value, np.ndarray))
    room = rows.room_for(operation, shape, dtype)
    arguments = [value if isinstance(value, np.ndarray) else dtype.type(value) for value in arguments]
    with _no_warnings():
        return (operation.function(*arguments, out=room, dtype=dtype, casting="unsafe"),)


def images_at_once(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Calls a function that takes a batch of images where it takes an image; anything else goes row by row."""
    if type(operation.args[0]) is not Slot or np.ndim(_sample(operation.args[0], rows)) != 3:
        return row_by_row(operation, rows)
    if operation.function.__name__ == "resize" and "out" not in operation.kwargs:
        check_only_first(operation)
        sample = operation.samples[0]
        if operation.named.get("preserve_aspect_ratio"):  # the size depends on the image's
            return at_once(operation, rows)
        room = rows.room_for(operation, (rows.count, *sample.shape), sample.dtype)
        return (operation.function(rows.of(operation.args[0]), *operation.args[1:], **operation.kwargs, out=room),)
    return at_once(operation, rows)


def resize_and_compute(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Runs a resize that was fused with the flip behind it and the arithmetic around it."""
    from feedline.image.resize import resize_and_compute

    source, *arguments, flip = operation.args
    images = rows.of(source)
    shape = (rows.count, *arguments[0], images.shape[3])
    room = rows.room_for(operation, shape, np.dtype(np.float32))
    flips = None if flip is None else draws_of(flip, rows, flip.named.get("seed")) < 0.5
    return (resize_and_compute(images, *arguments, out=room, flips=flips),)


def decode_and_resize(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Runs a fused resize on the images that a decoder returns, one after the other, whatever their sizes."""
    from feedline.image.resize import resize_and_compute

    args, named, *arguments, flip, shape = operation.args
    room = rows.room_for(operation, (rows.count, *operation.samples[0].shape), np.dtype(np.float32))
    flips = None if flip is None else draws_of(flip, rows, flip.named.get("seed")) < 0.5
    for index in range(rows.count):
        image = operation.function(*rows.row(args, index), **rows.row(named, index))
        if image.dtype != np.uint8 or image.shape[2:] != room.shape[3:] or (shape is not None and image.shape != shape):
            raise NotAlikeError
        out, flipped = room[index : index + 1], None if flips is None else flips[index : index + 1]
        resize_and_compute(image[None], *arguments, out=out, flips=flipped)
    return (room,)


def is_call_by_row(operation: Operation) -> bool:
    """Says whether an operation calls its function for each row."""
    return operation.rule is row_by_row


def check_only_first(operation: Operation) -> None:
    if type(operation.args[0]) is not Slot or slots_in((operation.args[1:], operation.kwargs)):
        raise NotAlikeError


def strings_alone(operation: Operation, rows: Rows) -> PackedStrings | None:
    """Returns the packed strings that an operation takes, where nothing else about it differs from row to row."""
    if not operation.args or type(operation.args[0]) is not Slot or slots_in((operation.args[1:], operation.kwargs)):
        return None
    strings = rows.values[operation.args[0].number]
    return strings if isinstance(strings, PackedStrings) else None


def row_by_row(operation: Operation, rows: Rows, function: Callable[..., Any] | None = None) -> tuple[Any, ...]:
    """Calls a function for each row, and stacks what it returns.

    Args:
        operation: the operation.
        rows: the rows.
        function: what is called; None for the operation's own function.
    """
    called = function or operation.function
    with _no_warnings():
        return _stacked(operation, rows, lambda index, *args, **kwargs: called(*args, **kwargs))


def in_order_of_memory(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Calls a function for each row that goes through memory as it lies."""
    _check_layout(operation.args, rows)
    return row_by_row(operation, rows)


def _stacked(operation: Operation, rows: Rows, call: Callable[..., Any]) -> tuple[Any, ...]:
    columns: list[Any] = []
    for index in range(rows.count):
        result = call(index, *rows.row(operation.args, index), **rows.row(operation.kwargs, index))
        leaves = flatten(result)[0]
        if rows.count == 1 and all(type(leaf) is np.ndarray for leaf in leaves):
            return tuple(leaf[None] for leaf in leaves)
        if not columns:
            columns = [_column_for(sample, rows.count) for sample in operation.samples]
        for leaf, sample, column in zip(leaves, operation.samples, columns, strict=True):
            if type(leaf) is not type(sample) or (
                isinstance(leaf, np.ndarray) and (leaf.shape != sample.shape or leaf.dtype != sample.dtype)
            ):
                raise NotAlikeError
            column[index] = leaf
    return tuple(columns)


def drawn_row_by_row(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Calls a function that draws as many random numbers as it needs, for rows that have streams of their own."""
    streams = rows.own_streams
    if streams is None:
        raise NotAlikeError
    with _no_warnings():
        return _stacked(
            operation, rows, lambda index, *args, **kwargs: streams.call(index, operation.function, *args, **kwargs)
        )


drawn_row_by_row.draws = drawn_row_by_row.draws_vary = True  # type: ignore[attr-defined]


def drawn_crops(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Draws a crop for each image; all that is alike for them is looked at once."""
    sizes, seed = operation.args[0], operation.named.get("seed", 0)
    alike = type(sizes) is Slot and not slots_in((operation.args[1:], operation.kwargs)) and type(seed) is int
    if rows.own_streams is None or not alike or np.shape(_sample(sizes, rows)) != (3,):
        return drawn_row_by_row(operation, rows)
    image_sizes = rows.of(sizes)
    if image_sizes.dtype.kind not in "iu" or image_sizes.min() < 0:
        return drawn_row_by_row(operation, rows)
    others = {key: value for key, value in operation.named.items() if key not in ("image_size", "seed", "name")}
    return tuple(sample_crops(image_sizes, rows.own_streams.streams(seed or None), **others))


drawn_crops.draws = drawn_crops.draws_vary = True  # type: ignore[attr-defined]


def _check_layout(args: tuple[Any, ...], rows: Rows) -> None:
    """Checks that rows lie in memory as the traced element does: numpy adds floats up in the order of memory."""
    for argument in args:
        if type(argument) is not Slot or not isinstance(sample := rows.samples[argument.number], np.ndarray):
            continue
        value = _gathered(rows.values[argument.number])
        if value.shape[1:] != sample.shape:  # one row, of another shape
            if not (sample.flags.c_contiguous and value.flags.c_contiguous):
                raise NotAlikeError
            continue
        steps = zip(sample.shape, value.strides[1:], sample.strides, strict=True)
        if sample.size and any(ours != theirs for length, ours, theirs in steps if length > 1):
            raise UnprovenError("it adds up arrays that lie in memory in another order than rows of a block")


def _column_for(sample: Any, count: int) -> np.ndarray:
    if isinstance(sample, bytes):
        return np.empty(count, object)
    if sample.dtype == object:
        raise NotAlikeError
    return POOL.empty((count, *sample.shape), sample.dtype)


def _random_flip(axis: int) -> Rule:
    def flip(operation: Operation, rows: Rows) -> tuple[Any, ...]:
        bound = operation.named
        image, seed = bound["image"], bound.get("seed")
        if type(image) is not Slot or np.ndim(_sample(image, rows)) != 3:
            raise NotAlikeError
        images = rows.of(image)
        turned = draws_of(operation, rows, seed) < 0.5
        result = rows.room_for(operation, images.shape, images.dtype)
        result[...] = images
        if turned.any():  # few large copies: many small ones would hand the interpreter's lock to and fro
            result[turned] = np.flip(images[turned], axis)
        return (result,)

    flip.draws = True  # type: ignore[attr-defined]
    return flip


def _random_brightness(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    from feedline.image.adjust import adjust_brightness
    from feedline.image.seeds import between

    bound = operation.named
    image, most, seed = bound["image"], bound["max_delta"], bound.get("seed")
    if type(image) is not Slot or type(most) not in (int, float):
        raise NotAlikeError
    images = rows.of(image)
    deltas = between(draws_of(operation, rows, seed), -float(most), float(most))
    return (adjust_brightness(images, deltas.reshape(-1, *(1,) * (images.ndim - 1))),)


_random_brightness.draws = True  # type: ignore[attr-defined]


def draws_of(operation: Operation, rows: Rows, seed: Any) -> np.ndarray:
    """Returns the random numbers that an operation draws, one for each row: float64 `(count,)` of [0, 1).

    Raises:
        NotAlikeError: its own seed is no number.
    """
    if seed is not None and type(seed) is not int:
        raise NotAlikeError
    if rows.own_streams is not None:
        return rows.own_streams.random(seed)
    drawn = operation.draws.get(seed, 0)
    transformation = rows.seed if operation.seed is None else operation.seed
    return random.first_draws(transformation, rows.epochs, rows.positions, seed, drawn)


def _one_hot(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    if operation.named.get("axis", -1) not in (None, -1):
        return row_by_row(operation, rows)
    return at_once(operation, rows)


def _power(operation: Operation, rows: Rows) -> tuple[Any, ...]:
    """Squares arrays, which is the same bits for one and for many; other powers row by row."""
    base, exponent = operation.args
    if type(exponent) not in (int, float) or exponent != 2 or not isinstance(_sample(base, rows), np.ndarray):
        return in_order_of_memory(operation, rows)
    with _no_warnings():
        return (rows.of(base) ** exponent,)


_UFUNCS = (
    "add subtract multiply true_divide floor_divide remainder negative absolute sqrt square maximum minimum less "
    "less_equal greater greater_equal equal not_equal left_shift right_shift logical_and logical_or logical_not "
    "logical_xor bitwise_and bitwise_or bitwise_xor invert floor ceil trunc rint sign isnan isfinite isinf"
)
"""Those whose results are the same bits in every shape and order of memory."""

_OF_EACH_VALUE = "image.convert_image_dtype image.adjust_brightness"
_OF_IMAGES = (
    "image.resize image.flip_left_right image.flip_up_down image.transpose image.rot90 image.central_crop "
    "image.crop_to_bounding_box image.pad_to_bounding_box image.resize_with_crop_or_pad"
)
_OF_ROWS = (
    "io.decode_jpeg io.decode_and_crop_jpeg io.decode_image io.decode_bmp "
    "image.per_image_standardization image.adjust_contrast image.adjust_saturation image.adjust_hue "
    "image.adjust_gamma image.rgb_to_grayscale image.grayscale_to_rgb image.resize_with_pad"
)
_DRAWN_OF_ROWS = (
    "image.random_crop image.random_contrast image.random_saturation image.random_hue image.random_jpeg_quality"
)
_OF_ROWS_IN_NUMPY = "where clip float32 max min any all argmax argmin"
_ADDING_UP = "sum mean std var prod"


@functools.cache
def all_rules() -> dict[Any, Rule]:
    """Returns the rule of each function that has one."""
    import feedline
    from feedline.plan import file_rules, record_rules, shape_rules

    rules: dict[Any, Rule] = {getattr(np, name): elementwise for name in _UFUNCS.split()}
    rules_of_names: tuple[tuple[str, Rule], ...] = (
        (_OF_EACH_VALUE, at_once),
        (_OF_IMAGES, images_at_once),
        (_OF_ROWS, row_by_row),
        (_DRAWN_OF_ROWS, drawn_row_by_row),
    )
    for names, rule in rules_of_names:
        rules.update((function, rule) for function in _found(feedline, names))
    for name in _OF_ROWS_IN_NUMPY.split():
        if not isinstance(getattr(np, name), type):
            rules[getattr(np, name)] = row_by_row
    rules.update((getattr(np, name), in_order_of_memory) for name in _ADDING_UP.split())
    rules[np.transpose], rules[np.round], rules[power] = shape_rules.transpose_rows, at_once, _power
    rules[np.reshape] = shape_rules.reshape_rows
    rules.update(dict.fromkeys((np.expand_dims, np.squeeze), shape_rules.change_axes))
    rules.update(dict.fromkeys((np.stack, np.concatenate), shape_rules.join_arrays))
    rules.update(dict.fromkeys((np.array, np.asarray), shape_rules.stack_values))
    rules[take_item], rules[change_dtype], rules[change_shape] = (
        shape_rules.take_items,
        _cast,
        shape_rules.change_shapes,
    )
    rules[feedline.one_hot], rules[feedline.cast] = _one_hot, _cast
    rules[feedline.io.parse_single_example] = record_rules.parse_single
    rules[feedline.io.parse_example] = record_rules.parse_batches
    rules[feedline.io.parse_tensor] = record_rules.parse_tensors
    rules[feedline.io.read_file] = file_rules.read_files
    rules[feedline.io.decode_png] = file_rules.decode_pngs
    rules[feedline.io.extract_jpeg_shape] = file_rules.jpeg_shapes
    rules[feedline.io.decode_csv] = record_rules.parse_lines
    rules[feedline.io.decode_npy] = file_rules.decode_npys
    rules[feedline.io.decode_raw] = file_rules.decode_raws
    rules[feedline.image.sample_distorted_bounding_box] = drawn_crops
    rules[feedline.image.random_flip_left_right] = _random_flip(-2)
    rules[feedline.image.random_flip_up_down] = _random_flip(-3)
    rules[feedline.image.random_brightness] = _random_brightness
    return {function: rule for function, rule in rules.items() if _is_as_written(function)}


_PACKAGE = os.path.dirname(os.path.dirname(__file__))


def _is_as_written(function: Any) -> bool:
    """Says whether a function is the one that a rule is about: what a program put in its place has no rule."""
    if not isinstance(function, types.FunctionType):
        return True
    return function.__module__.startswith("numpy") or function.__code__.co_filename.startswith(_PACKAGE)


def _found(module: Any, names: str) -> Iterator[Any]:
    for name in names.split():
        folder, _, function = name.rpartition(".")
        place = getattr(module, folder) if folder else module
        if hasattr(place, function):
            yield getattr(place, function)
