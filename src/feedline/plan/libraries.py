"""What counts of objects of libraries' classes: those that are equal by what they hold, and what a model says it is."""

from __future__ import annotations

import copyreg
import functools
import re
import sys
import sysconfig
from typing import Any

import numpy as np

_FOLDERS = tuple(filter(None, (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))))
_PACKAGES = re.compile(r"[\\/](site|dist)-packages[\\/]")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_INNER = ("__wrapped__", "pyfunc", "py_func", "func")
"""Where libraries keep the user's function that they wrap in an object."""

_NAMES_OF_THEIR_OWN = frozenset(["name", "seed", "build_config", "compile_config"])
"""Of what a model of Keras' says of itself: these differ from one to the next."""

_MODELS = frozenset(
    [
        ("torch.nn.modules.module", "Module"),
        ("keras.src.layers.layer", "Layer"),
        ("tensorflow.python.module.module", "Module"),
        ("flax.linen.module", "Module"),
    ]
)


@functools.lru_cache(maxsize=4096)
def is_users(module: str | None) -> bool:
    """Says whether a module is the user's own: no library's, and not feedline's."""
    if module is None or module == "__main__":  # what `exec` makes may have none
        return True
    first = module.partition(".")[0]
    if first in ("builtins", "feedline") or first in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is None or not (file.startswith(_FOLDERS) or _PACKAGES.search(file))


def is_users_class(kind: type) -> bool:
    """Says whether a class is the user's own."""
    module: Any = kind.__module__
    return isinstance(module, str) and is_users(module)  # classes written in C may have something else there


def is_model(kind: type) -> bool:
    """Says whether a class is one of models or layers, also one of the user's: what these keep of themselves is not
    the user's, and differs from one to the next."""
    return any((base.__module__, base.__qualname__) in _MODELS for base in kind.__mro__)


def parts_of_library_object(value: Any) -> list[Any]:
    """Returns what an object of a library's class is made of; nothing where it is equal to itself alone, as generators
    of random numbers, locks and open files are, since it would be another in each process."""
    kind = type(value)
    for place, look in _LOOKS.items():
        known = getattr(sys.modules.get(place[0]), place[1], None)
        if isinstance(known, type) and isinstance(value, known):
            return look(value)
    if kind is memoryview:
        return [value.tobytes()]
    if kind.__module__ == "operator":  # itemgetter and its kin
        return list(value.__reduce__())
    for name in _INNER:
        inner = getattr(value, name, None)
        if callable(inner) and callable(value):
            return [name, inner]
    if callable(value):  # NumPy's functions, which have types of their own, are told apart by their names
        owner = getattr(value, "__objclass__", None)
        names = (getattr(value, "__module__", ""), getattr(value, "__name__", ""), getattr(owner, "__name__", ""))
        return [str(name) for name in names]
    if kind.__eq__ is object.__eq__:
        return []
    if kind.__module__.partition(".")[0] in sys.stdlib_module_names:
        return _as_pickled(value)
    return _of_variables(value) if hasattr(value, "__dict__") else []


def _as_pickled(value: Any) -> list[Any]:
    reduce = copyreg.dispatch_table.get(type(value))
    told = reduce(value) if reduce is not None else value.__reduce_ex__(2)
    if isinstance(told, str):
        return [told]
    arguments, state, items, pairs = (*told[1:], None, None, None, None)[:4]
    return [arguments, state, list(items or ()), list(pairs or ())]


def _of_tensor(value: Any) -> list[Any]:
    if not value.is_cpu or value.is_sparse:
        return [str(value.dtype), tuple(value.shape)]
    data = value.detach().contiguous().view(-1).view(sys.modules["torch"].uint8)  # NumPy does not know all its dtypes
    return [str(value.dtype), tuple(value.shape), data.numpy()]


def _of_array(value: Any) -> list[Any]:
    return [np.asarray(value)]


def _of_frame(value: Any) -> list[Any]:
    columns = [part for name, column in value.items() for part in (name, column.to_numpy())]
    return [value.index.to_numpy(), *columns]


def _of_column(value: Any) -> list[Any]:
    return [value.to_numpy(), str(value.name)]


def _of_torch_module(value: Any) -> list[Any]:
    text = repr(value)  # which tells what the layers were told, not their weights
    return [] if _ADDRESS.search(text) else [text]


def _of_keras_layer(value: Any) -> list[Any]:
    return [_without_names(value.get_config())]


def _without_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_names(part) for key, part in value.items() if key not in _NAMES_OF_THEIR_OWN}
    if isinstance(value, list | tuple):
        return [_without_names(part) for part in value]
    return value if isinstance(value, bool | int | float | str | type(None)) else type(value).__qualname__


def _of_variables(value: Any) -> list[Any]:
    return [part for pair in sorted(vars(value).items(), key=lambda pair: str(pair[0])) for part in pair]


_LOOKS = {
    ("keras", "Layer"): _of_keras_layer,  # which is PyTorch's Module as well where Keras runs on that
    ("torch.nn", "Module"): _of_torch_module,
    ("torch", "Tensor"): _of_tensor,
    ("jax", "Array"): _of_array,
    ("pandas", "DataFrame"): _of_frame,
    ("pandas", "Series"): _of_column,
    ("pandas", "Index"): _of_column,
    ("sklearn.base", "BaseEstimator"): _of_variables,
}
"""How objects of libraries are looked at, by where their class is found once it is imported."""
