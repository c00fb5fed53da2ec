"""Functions that call functions: conditions, loops, Python and NumPy functions, `tf.function`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.compat.tf.convert import to_array, to_tensor, whole
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.compat.tf.values import plain, wrapped
from feedline.errors import ArgumentError, DtypeError, StructureError
from feedline.spec import RaggedTensorSpec, as_dtype, dtype_name
from feedline.structure import describe_tree, flatten


def truth(value: Any, name: str) -> bool:
    """Returns a condition: one bool, or a number of which 0 is False.

    Raises:
        ArgumentError: it has several values.
    """
    array = to_array(value, None, name)
    if array.size != 1:
        raise ArgumentError(
            f"{name} has the shape {array.shape}; one value is wanted.", fix="Use tf.reduce_all or tf.reduce_any."
        )
    return bool(array.reshape(-1)[0])


def cond(
    pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Returns what one of two functions returns; the other is not called.

    Args:
        pred: which of them.
        true_fn: called where `pred` is True.
        false_fn: called where it is False.
    """
    if true_fn is None or false_fn is None:
        raise ArgumentError("cond needs true_fn and false_fn.", fix="Give both.")
    return wrapped(true_fn() if truth(pred, "pred") else false_fn())


def case(
    pred_fn_pairs: Any, default: Callable[[], Any] | None = None, exclusive: bool = False, strict: bool = False,
    name: str = "case",
) -> Any:  # fmt: skip
    """Returns what the function of the first condition returns that is True.

    Args:
        pred_fn_pairs: a list of (condition, function).
        default: called where no condition is True.
        exclusive: whether more than one True is an error.
        strict: not used.
    """
    true = [function for pred, function in pred_fn_pairs if truth(pred, "a condition")]
    if exclusive and len(true) > 1:
        raise ArgumentError(f"{len(true)} conditions are True, with exclusive=True.")
    if true:
        return wrapped(true[0]())
    if default is None:
        raise ArgumentError("no condition is True, and there is no default.", fix="Give default.")
    return wrapped(default())


def switch_case(
    branch_index: Any, branch_fns: Any, default: Callable[[], Any] | None = None, name: str = "switch_case"
) -> Any:
    """Returns what the function with a number returns.

    Args:
        branch_index: the number.
        branch_fns: a list of functions, a dict of them by number, or a list of (number, function).
        default: called where there is no such number; None for the function with the highest.
    """
    number = whole(branch_index, "branch_index")
    functions = dict(branch_fns) if isinstance(branch_fns, dict) or isinstance(branch_fns[0], tuple) else None
    functions = dict(enumerate(branch_fns)) if functions is None else functions
    function: Any = functions.get(number, default or functions[max(functions)])
    return wrapped(function())


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    parallel_iterations: Any = 10, back_prop: bool = True, swap_memory: bool = False, maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Calls a function on variables, again and again while a condition holds.

    Args:
        cond: from the variables to a condition.
        body: from the variables to their new values.
        loop_vars: the variables, a list or tuple.
        shape_invariants: not used.
        parallel_iterations: not used.
        back_prop: not used.
        swap_memory: not used.
        maximum_iterations: how often the function is called at the most; None for any number.
        name: not used.

    Returns:
        The variables at the end, as a list or tuple like `loop_vars`.
    """
    values = [wrapped(plain(value)) for value in loop_vars]
    most = None if maximum_iterations is None else whole(maximum_iterations, "maximum_iterations")
    turns = 0
    while (most is None or turns < most) and truth(cond(*values), "the condition"):
        turns += 1
        made = body(*values)
        values = list(made) if isinstance(made, list | tuple) else [made]
        if len(values) != len(loop_vars):
            raise StructureError(f"body returned {len(values)} variables for {len(loop_vars)}.", fix="Return all.")
    return type(loop_vars)(values)


def map_fn(
    fn: Callable[[Any], Any], elems: Any, dtype: Any = None, parallel_iterations: Any = None, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, name: str | None = None, fn_output_signature: Any = None,
) -> Any:  # fmt: skip
    """Returns what a function makes of each row, stacked.

    Args:
        fn: from a row to a value.
        elems: a tensor, or a structure of tensors with as many rows.
        dtype: an older name of `fn_output_signature`.
        parallel_iterations: not used.
        back_prop: not used.
        swap_memory: not used.
        infer_shape: not used.
        name: not used.
        fn_output_signature: where it has a `tf.RaggedTensorSpec`, the results there become a ragged tensor, as they do
            where `elems` is ragged; otherwise the results say what they are.
    """
    leaves, treedef = flatten(elems)
    tensors = [leaf if isinstance(leaf, RaggedTensor) else to_tensor(leaf) for leaf in leaves]
    counts = {len(tensor) for tensor in tensors}
    if len(counts) != 1:
        raise ArgumentError(f"the tensors have {sorted(counts)} rows.", fix="Give tensors of one length.")
    results = [fn(treedef.unflatten([tensor[row] for tensor in tensors])) for row in range(counts.pop())]
    if not results:
        raise ArgumentError("there are no rows to map.", fix="Leave empty tensors out.")
    found, outer = flatten(results[0])
    columns = zip(*(outer.flatten_up_to(result) for result in results), strict=True)
    signature = dtype if fn_output_signature is None else fn_output_signature
    if signature is None:
        ragged = any(isinstance(tensor, RaggedTensor) for tensor in tensors)
        wanted: list[Any] = [RaggedTensorSpec(None, leaf_dtype(leaf), 0) if ragged else None for leaf in found]
    else:
        wanted = _flatten_signature(signature, outer)
    return outer.unflatten([_stacked(list(column), spec) for column, spec in zip(columns, wanted, strict=True)])


def _flatten_signature(signature: Any, outer: Any) -> list[Any]:
    try:
        return outer.flatten_up_to(signature)
    except (ValueError, TypeError):
        raise StructureError(
            f"fn_output_signature is {signature!r:.80}, and the function returned {describe_tree(outer)}.",
            fix="Give one dtype or spec for each value that it returns.",
        ) from None


def leaf_dtype(value: Any) -> np.dtype:
    """Returns the dtype of what a function returned."""
    return value.dtype if hasattr(value, "dtype") else to_array(value).dtype


def _stacked(rows: list[Any], spec: Any) -> Any:
    """Returns the results of a function as one tensor, ragged where a spec says so or they are."""
    from feedline.compat.tf import joining, ragged_joining
    from feedline.compat.tf.ragged_parts import ragged_as

    depth = getattr(spec, "ragged_rank", None)
    if depth is None and not any(isinstance(row, RaggedTensor) for row in rows):
        return joining.stack(rows)
    tensors = [row if isinstance(row, RaggedTensor) else to_tensor(row) for row in rows]
    if all(tensor.shape.rank == 0 for tensor in tensors):
        return joining.stack(tensors)
    splits = getattr(spec, "row_splits_dtype", np.dtype(np.int64))
    made = ragged_joining.stack([ragged_as(tensor, max(depth or 0, 0), splits) for tensor in tensors])
    return made.with_row_splits_dtype(splits)


def vectorized_map(fn: Callable[[Any], Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True) -> Any:
    """Does what `map_fn` does; the further arguments are not used."""
    return map_fn(fn, elems)


def py_function(
    func: Callable[..., Any] | None = None, inp: Any = None, Tout: Any = None, name: str | None = None
) -> Any:
    """Calls a Python function with tensors.

    Args:
        func: the function.
        inp: its arguments.
        Tout: the dtype of its result, or a list of those of its results.

    Returns:
        The result as a tensor; or a list of tensors where `Tout` is a list.

    Raises:
        DtypeError: a result cannot have its dtype.
    """
    return _typed(_needed(func)(*[_argument(value) for value in inp or ()]), Tout, func)


def _needed(function: Callable[..., Any] | None) -> Callable[..., Any]:
    if function is None:
        raise ArgumentError("there is no function to be called.", fix="Give func.")
    return function


def numpy_function(
    func: Callable[..., Any] | None = None, inp: Any = None, Tout: Any = None, stateful: bool = True,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Calls a Python function with NumPy arrays, NumPy scalars and `bytes`.

    Args:
        func: the function.
        inp: its arguments.
        Tout: the dtype of its result, or a list of those of its results.
        stateful: not used.
        name: not used.

    Returns:
        The result as a tensor; or a list of tensors where `Tout` is a list.

    Raises:
        DtypeError: a result has another dtype than `Tout` says; a Python number takes that of `Tout`.
        StructureError: there are more results, or fewer.
    """
    result = _needed(func)(*[plain(_argument(value)) for value in inp or ()])
    several = isinstance(Tout, list | tuple)
    results = result if isinstance(result, list | tuple) else [result]
    if not several and len(results) != 1:
        raise _other_count(len(results), 1)
    for value, dtype in zip(results, Tout if several else [Tout], strict=False):
        wanted, found = _dtype_of(dtype), getattr(value, "dtype", None)
        if wanted is not None and found is not None and as_dtype(found) != as_dtype(wanted):
            raise DtypeError(
                f"{_called(func)} is of dtype {dtype_name(as_dtype(found))}, and Tout says "
                f"{dtype_name(as_dtype(wanted))}.",
                fix=f"Return np.asarray(value, np.{dtype_name(as_dtype(wanted))}), or give the dtype in Tout.",
            )
    return _typed(results if several else results[0], Tout, func)


def _argument(value: Any) -> Any:
    return value if hasattr(value, "row_splits") or hasattr(value, "dense_shape") else to_tensor(value)


def _typed(result: Any, dtypes: Any, function: Callable[..., Any] | None) -> Any:
    called = _called(function)
    if not isinstance(dtypes, list | tuple):
        return to_tensor(result, _dtype_of(dtypes), called)
    if len(dtypes) == 0:
        return []
    results = result if isinstance(result, list | tuple) else [result]
    if len(results) != len(dtypes):
        raise _other_count(len(results), len(dtypes))
    return [to_tensor(value, _dtype_of(dtype), called) for value, dtype in zip(results, dtypes, strict=True)]


def _called(function: Callable[..., Any] | None) -> str:
    return f"what {getattr(function, '__name__', 'the function')} returned"


def _other_count(found: int, wanted: int) -> StructureError:
    return StructureError(
        f"the function returned {found} values, and Tout has {wanted} dtype{'s' * (wanted != 1)}.",
        fix="Give one dtype in Tout for each value.",
    )


def _dtype_of(dtype: Any) -> Any:
    return dtype.dtype if hasattr(dtype, "shape") and not isinstance(dtype, np.dtype) else dtype


def function(
    func: Callable[..., Any] | None = None, input_signature: Any = None, autograph: bool = True,
    jit_compile: Any = None, reduce_retracing: bool = False, experimental_implements: Any = None,
    experimental_autograph_options: Any = None, experimental_attributes: Any = None,
    experimental_relax_shapes: Any = None, experimental_compile: Any = None,
    experimental_follow_type_hints: Any = None,
) -> Any:  # fmt: skip
    """Returns the function that it decorates, as it is: functions are run as they are called.

    Args:
        func: the function.
        input_signature: not used, nor is any other argument: they say how to make a graph.
        autograph: not used.
        jit_compile: not used.
        reduce_retracing: not used.
        experimental_implements: not used.
        experimental_autograph_options: not used.
        experimental_attributes: not used.
        experimental_relax_shapes: not used.
        experimental_compile: not used.
        experimental_follow_type_hints: not used.
    """
    if func is None:
        return lambda decorated: decorated
    return func


def identity(input: Any, name: str | None = None) -> Any:
    """Returns a tensor as it is."""
    if hasattr(input, "row_splits") or hasattr(input, "dense_shape"):
        return input
    return to_tensor(input)


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """Returns a tensor as it is: there are no gradients here."""
    return identity(input)


def no_op(name: str | None = None) -> None:
    """Does nothing."""


def group(*inputs: Any, **options: Any) -> None:
    """Does nothing: what it would wait for is done."""


def print_(*inputs: Any, output_stream: Any = None, end: str = "\n", sep: str = " ", **options: Any) -> None:
    """Prints values, tensors by what they hold, to the standard error unless told otherwise.

    Args:
        *inputs: the values.
        output_stream: where they go.
        end: what stands behind them.
        sep: what stands between them.
        **options: the other options of TensorFlow's, which have no meaning here.
    """
    shown = [value.numpy() if isinstance(value, Tensor) else value for value in inputs]
    text = sep.join(value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in shown)
    print(text, end=end, file=sys.stderr if output_stream is None else output_stream)


print_.__name__ = print_.__qualname__ = "print"


def executing_eagerly() -> bool:
    """Returns True: functions are run as they are called."""
    return True


def is_tensor(x: Any) -> bool:
    """Says whether a value is a tensor, also a ragged or sparse one."""
    return isinstance(x, Tensor) or hasattr(x, "row_splits") or hasattr(x, "dense_shape")


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """Returns the value of a tensor as NumPy has it."""
    return as_tensor(tensor).numpy()
