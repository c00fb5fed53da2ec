"""Teaches `keras.Model` to take feedline datasets.

`fit`, `evaluate` and `predict` are wrapped: a dataset among their arguments becomes a `DatasetAdapter`, checked
against the model before anything runs and closed when the call ends, however it ends. Calls without a dataset go
through untouched.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras.src.trainers import data_adapters, epoch_iterator
from keras.src.trainers.data_adapters.data_adapter import DataAdapter

from feedline.dataset.base import true_or_false
from feedline.errors import ArgumentError, FeedlineError
from feedline.keras.adapter import DatasetAdapter
from feedline.keras.wait import DataWait, WaitRecord
from feedline.origin import Origin, user_origin

_STEPS = {"fit": "steps_per_epoch", "evaluate": "steps", "predict": "steps"}


_checks_first = False


def enable(check: bool = False) -> None:
    """Makes `keras.Model` take feedline datasets; done by `import feedline.keras`, and harmless to repeat.

    Args:
        check: whether `fit` is to check its datasets first, as `Dataset.check` does: it does not begin where there are
            errors (`FoundByCheckError`), and warns of what else there is.

    Example:
        >>> import feedline.keras
        >>> feedline.keras.enable()
    """
    global _checks_first
    _checks_first = true_or_false(check, "check")
    for name in _STEPS:
        method = getattr(keras.Model, name)
        if not hasattr(method, "_feedline"):
            setattr(keras.Model, name, _taking_datasets(name, method))
    _let_adapters_pass()
    _end_epochs_quietly()


def _taking_datasets(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)

    @functools.wraps(method)
    def wrapper(model: Any, *args: Any, **kwargs: Any) -> Any:
        if not any(_is_data(value) for value in (*args, *kwargs.values())):
            return method(model, *args, **kwargs)
        if kwargs.get("_use_cached_eval_dataset"):  # the validation inside fit, which was seen to already
            return method(model, *args, **kwargs)
        arguments = signature.bind(model, *args, **kwargs)
        values = arguments.arguments
        runs: list[DatasetAdapter] = []
        try:
            if _is_data(values.get("x")):
                _check_arguments(name, values)
                if _checks_first and name == "fit":
                    from feedline.keras.checked_fit import check_before_fit

                    check_before_fit(model, values)
                runs.append(_run(model, name, values))
                values["x"] = runs[-1]
            if _is_data(values.get("validation_data")):
                runs.append(_validation_run(model, values))
                values["validation_data"] = runs[-1]
            if isinstance(values.get("x"), DatasetAdapter):
                values["x"].open_first()
            return method(*arguments.args, **arguments.kwargs)
        except BaseException:
            for run in runs:
                run.give_weights_back()
            raise
        finally:
            for run in runs:
                run.close()

    wrapper._feedline = True  # type: ignore[attr-defined]
    return wrapper


def _is_data(value: Any) -> bool:
    if isinstance(value, DatasetAdapter):
        return True
    module = sys.modules.get("feedline.dataset")  # no dataset exists before its module does
    return module is not None and isinstance(value, module.Dataset)


def _adapter(value: Any) -> DatasetAdapter:
    return value if isinstance(value, DatasetAdapter) else DatasetAdapter(value)


@contextlib.contextmanager
def _located(adapter: DatasetAdapter, method: str, line: Origin) -> Iterator[None]:
    """Adds to errors the line of the dataset's last step, and the line that calls the model."""
    try:
        yield
    except FeedlineError as error:
        node = adapter.dataset.node
        error.add_where(f"{node.label()} at {node.origin}")
        error.add_where(f"{method}() at {line}")
        raise


def _run(model: Any, name: str, values: dict[str, Any]) -> DatasetAdapter:
    adapter = _adapter(values["x"])
    with _located(adapter, name, user_origin()):
        run = adapter.for_run(
            model,
            name,
            steps=values.get(_STEPS[name]),
            steps_argument=_STEPS[name],
            class_weight=values.pop("class_weight", None),
        )
    callbacks = values.get("callbacks")
    for callback in getattr(callbacks, "callbacks", None) or keras.tree.flatten(callbacks):
        if name == "fit" and isinstance(callback, DataWait):
            callback.record = run.wait
    return run


def _validation_run(model: Any, values: dict[str, Any]) -> DatasetAdapter:
    if values.get("validation_batch_size") is not None:
        raise ArgumentError(
            "validation_batch_size has no effect on a dataset, which makes its own batches.",
            fix="Leave it out, and write .batch(...) in the dataset.",
        )
    adapter = _adapter(values["validation_data"])
    with _located(adapter, "fit", user_origin()):
        return adapter.for_run(
            model,
            "evaluate",
            steps=values.get("validation_steps"),
            steps_argument="validation_steps",
            record=WaitRecord(),
        )


def _check_arguments(name: str, values: dict[str, Any]) -> None:
    for argument, part in (("y", "the labels"), ("sample_weight", "the sample weights")):
        if values.get(argument) is not None:
            raise ArgumentError(
                f"{name}() was given {argument}= beside a dataset.",
                fix=f"Put {part} into the dataset's elements: (x, y) or (x, y, sample_weight).",
            )
    if values.get("batch_size") is not None:
        raise ArgumentError(
            f"batch_size={values['batch_size']} has no effect on a dataset, which makes its own batches.",
            fix=f"Leave it out, and write .batch({values['batch_size']}) in the dataset.",
        )
    if values.get("validation_split"):
        raise ArgumentError(
            "validation_split needs arrays, not a dataset.",
            fix="Split the dataset: ds.take(n) for validation_data=, and ds.skip(n) to train on.",
        )


def _let_adapters_pass() -> None:
    # Keras before 3.7 has no way in for other adapters than its own.
    original = data_adapters.get_data_adapter
    try:
        original(DataAdapter())
    except ValueError:

        @functools.wraps(original)
        def get_data_adapter(x: Any, *args: Any, **kwargs: Any) -> Any:
            return x if isinstance(x, DataAdapter) else original(x, *args, **kwargs)

        data_adapters.get_data_adapter = get_data_adapter


def _end_epochs_quietly() -> None:
    # Where the number of batches is not known, Keras takes the end of the first epoch for a shortage of data: it warns,
    # and cuts later epochs to that length. For a dataset it is just the end of an epoch, which may differ in length.
    original = getattr(epoch_iterator.EpochIterator, "_interrupted_warning", None)
    if original is None or hasattr(original, "_feedline"):
        return

    @functools.wraps(original)
    def interrupted(self: Any) -> None:
        adapter = self.data_adapter
        if not isinstance(adapter, DatasetAdapter):
            return original(self)
        adapter.raise_failure()
        if self.steps_per_epoch:
            return original(self)
        self._num_batches = adapter.num_batches
        return None

    interrupted._feedline = True  # type: ignore[attr-defined]
    epoch_iterator.EpochIterator._interrupted_warning = interrupted
