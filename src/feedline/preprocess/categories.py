"""Categories as numbers: Ordinal, OneHot and MultiHot."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from feedline.errors import ArgumentError, EmptyDatasetError, ShapeError, UnseenCategoryError, nearest_name
from feedline.preprocess.step import CATEGORIES, Learner, Rows, Step, check_choice
from feedline.preprocess.vocabulary import Category, Counts, Lookup, as_category, as_vocabulary, told
from feedline.ragged import RaggedTensor
from feedline.spec import as_dtype, dtype_name

_UNSEEN = ("error", "bucket", "ignore", "default")
_ORDERS = ("frequency", "value")


class _Counting:
    """Counts the categories of a column."""

    def __init__(self, step: Categories) -> None:
        self._step = step
        self._counts = Counts(step.mask)

    def add(self, rows: Rows) -> None:
        for values in rows if isinstance(rows, list) else [rows]:
            self._counts.add(values)

    def learnt(self) -> dict[str, Any]:
        step = self._step
        vocabulary = self._counts.vocabulary(step.order, step.max_size, step.min_count)
        if not vocabulary:
            raise EmptyDatasetError(
                f"no category came at least {step.min_count} times.", fix="Lower min_count, or fit on more data."
            )
        return {"vocabulary": list(vocabulary)}


class Categories(Step):
    """What the steps have in common that know a vocabulary; their arguments are told at `OneHot`."""

    kinds = CATEGORIES
    has_mask_number: ClassVar[bool] = False
    usual_dtype: ClassVar[str] = "float32"

    def __init__(
        self,
        vocabulary: Any = None,
        *,
        unseen: str = "error",
        default: Any = None,
        max_size: int | None = None,
        min_count: int = 1,
        order: str = "frequency",
        mask: Any = None,
        dtype: Any = None,
    ) -> None:
        self.unseen = check_choice("unseen", unseen, _UNSEEN)
        self.default = None if default is None else as_category(default, "default")
        self.mask = None if mask is None else as_category(mask, "mask")
        self.max_size = None if max_size is None else _count("max_size", max_size)
        self.min_count = _count("min_count", min_count)
        self.order = check_choice("order", order, _ORDERS)
        self.dtype = dtype_name(as_dtype(self.usual_dtype if dtype is None else dtype))
        if as_dtype(self.dtype).kind not in "biuf":
            raise ArgumentError(f"dtype is {self.dtype}, not one of numbers.", fix="Write dtype='float32' or 'int64'.")
        self._given = None if vocabulary is None else as_vocabulary(vocabulary)
        self._lookup: Lookup | None = None
        self._check_arguments()
        if self._given is not None:
            self._use(self._given)

    def _check_arguments(self) -> None:
        cuts = self.max_size is not None or self.min_count > 1
        if self._given is not None and (cuts or self.order != "frequency"):
            raise ArgumentError(
                "a vocabulary is given, so max_size, min_count and order would have no effect.",
                fix="Leave them out, or leave the vocabulary out to learn it.",
            )
        if cuts and self.unseen == "error":
            raise ArgumentError(
                "max_size and min_count leave categories out, which would then be errors, in training too.",
                fix="Say what becomes of them: unseen='bucket', 'ignore' or 'default'.",
            )
        if (self.unseen == "default") != (self.default is not None):
            raise ArgumentError(
                f"unseen is {self.unseen!r} and default is {self.default!r}; they go together.",
                fix="Write unseen='default', default='the category'.",
            )
        if self._given is not None and self.mask in self._given and self.mask is not None:
            raise ArgumentError(
                f"the mask {told(self.mask)} is in the vocabulary.", fix="Leave it out there: it stands for nothing."
            )

    @property
    def learns(self) -> bool:
        return self._given is None

    def learner(self) -> Learner:
        return _Counting(self)

    def set_learnt(self, learnt: dict[str, Any]) -> None:
        self._use(as_vocabulary(learnt["vocabulary"]))
        self.learnt = learnt

    def _use(self, vocabulary: tuple[Category, ...]) -> None:
        if self.default is not None and self.default not in vocabulary:
            raise ArgumentError(
                f"the default {told(self.default)} is not in the vocabulary: {_some(vocabulary)}.",
                fix="Give one of these as default, or unseen='bucket'.",
            )
        self._lookup = Lookup(vocabulary)
        self._vocabulary = vocabulary

    @property
    def vocabulary(self) -> tuple[Category, ...] | None:
        """The categories in their order; None before they are learnt."""
        return None if self._lookup is None else self._vocabulary

    @property
    def size(self) -> int:
        """How many numbers or places there are.

        Raises:
            NotFittedError: the vocabulary has not been learnt yet.
        """
        if self._lookup is None:
            self.known("vocabulary")
        return len(self._vocabulary) + self._first

    @property
    def _first(self) -> int:
        """The number of the first category."""
        return int(self.unseen == "bucket") + int(self.mask is not None and self.has_mask_number)

    def numbers(self, values: np.ndarray) -> np.ndarray:
        """Returns the int64 numbers of values; -1 for what has none: the mask where it has no number, what is ignored.

        Raises:
            UnseenCategoryError: a value is not in the vocabulary, and `unseen` is "error".
        """
        if self._lookup is None:
            self.known("vocabulary")
        assert self._lookup is not None
        places = self._lookup.places(values)
        unknown = places < 0
        numbers = places + self._first if self._first else places
        if not unknown.any():
            return numbers
        if self.mask is not None:
            masked = unknown & (values == self.mask)
            numbers[masked] = 0 if self.has_mask_number else -1
            unknown &= ~masked
        if self.unseen == "error" and unknown.any():
            raise self._unseen_error(values, unknown)
        if self.unseen == "bucket":
            numbers[unknown] = self._first - 1
        elif self.unseen == "default":
            numbers[unknown] = self._first + self._vocabulary.index(self.default)  # type: ignore[arg-type]
        else:
            numbers[unknown] = -1
        return numbers

    def _unseen_error(self, values: np.ndarray, unknown: np.ndarray) -> UnseenCategoryError:
        value = values[unknown].reshape(-1).tolist()[0]
        known = [each.decode(errors="replace") for each in self._vocabulary if isinstance(each, bytes)]
        nearest = nearest_name(value.decode(errors="replace"), known[:10_000]) if isinstance(value, bytes) else None
        error = UnseenCategoryError(
            f"{told(value)} is not in the vocabulary, which has {_some(self._vocabulary)}.",
            fix=(f"Did you mean {nearest!r}? " if nearest else "")
            + "Mend the value, or say when the step is made what becomes of such values: unseen='bucket', 'ignore' or "
            "'default'.",
        )
        error.row = int(np.flatnonzero(unknown.reshape(len(unknown), -1).any(1))[0])
        return error

    def settings(self) -> dict[str, Any]:
        settings = {**vars(self), "vocabulary": None if self._given is None else list(self._given)}
        names = ("vocabulary", "unseen", "default", "max_size", "min_count", "order", "mask", "dtype")
        return {name: settings[name] for name in names}

    def _rows(self, numbers: np.ndarray) -> np.ndarray:
        """Returns zeros `(*numbers.shape, size)` with a one at each number."""
        result = np.zeros((*numbers.shape, self.size), self.dtype)
        flat, places = result.reshape(-1, self.size), numbers.reshape(-1)
        rows = np.flatnonzero(places >= 0)
        flat[rows, places[rows]] = 1
        return result


class OneHot(Categories):
    """Gives each category a place of its own: zeros with a one at it, `(..., size)`.

    The places are those of the bucket, if there is one, and of the vocabulary.

    Args:
        vocabulary: the categories in their order; None to learn them from the training data.
        unseen: what becomes of a value that is not in the vocabulary. "error": an `UnseenCategoryError`. "bucket": it
            has a place of its own, in front of the vocabulary. "ignore": all zeros. "default": it counts as the
            category given as `default`.
        default: the category that unseen values count as, with `unseen="default"`.
        max_size: keep only so many of the most frequent categories; None for all.
        min_count: keep only categories that come at least so often in the training data.
        order: "frequency", the most frequent first and of equally frequent ones the smaller first (text by its
            bytes), or "value" to sort by the values themselves, as class names are.
        mask: a value that stands for nothing, such as the b"" that `padded_batch` fills up with: all zeros. It is
            not part of the vocabulary.
        dtype: the dtype of the results.

    Attributes:
        vocabulary: the categories in their order, text as `bytes`; None before they are learnt.
        size: how many places there are.

    Raises:
        ArgumentError: arguments contradict each other.
        UnseenCategoryError: while running: a value is not in the vocabulary, and `unseen` is "error".

    Example:
        >>> import feedline as fl
        >>> cities = fl.Dataset.from_tensor_slices(["Rome", "Oslo", "Rome"])
        >>> preprocess = fl.Preprocess(fl.preprocess.OneHot(unseen="ignore")).fit(cities)
        >>> preprocess(["Rome", "Oslo", "Bonn"])
        array([[1., 0.],
               [0., 1.],
               [0., 0.]], dtype=float32)
    """

    def transform(self, values: np.ndarray) -> np.ndarray:
        return self._rows(self.numbers(values))


class Ordinal(Categories):
    """Gives each category its number: 0 for the mask, if there is one, then the bucket, if there is one, then the
    vocabulary. It is what an `Embedding` takes, and a sparse loss as labels.

    Args:
        vocabulary: as in `OneHot`, and so are `default`, `max_size`, `min_count` and `order`.
        unseen: what becomes of a value that is not in the vocabulary. "error": an `UnseenCategoryError`. "bucket": it
            has a number of its own, in front of the vocabulary. "ignore": -1, of which `feedline.one_hot` makes zeros.
            "default": it counts as the category given as `default`.
        mask: a value that stands for nothing, such as the b"" that `padded_batch` fills up with: its number is 0.
        dtype: the dtype of the results, int64 unless said otherwise.

    Attributes:
        vocabulary: the categories in their order, text as `bytes`; None before they are learnt.
        size: how many numbers there are, which is the `input_dim` of an `Embedding`.

    Raises:
        ArgumentError: arguments contradict each other.
        UnseenCategoryError: while running: a value is not in the vocabulary, and `unseen` is "error".

    Example:
        >>> import feedline as fl
        >>> cities = fl.Dataset.from_tensor_slices(["Rome", "Oslo", "Rome"])
        >>> preprocess = fl.Preprocess(fl.preprocess.Ordinal(unseen="bucket")).fit(cities)
        >>> preprocess(["Rome", "Oslo", "Bonn"]), preprocess.inputs.vocabulary
        (array([1, 2, 0]), (b'Rome', b'Oslo'))
    """

    has_mask_number = True
    usual_dtype = "int64"

    def transform(self, values: np.ndarray) -> np.ndarray:
        return self.numbers(values).astype(self.dtype, copy=False)


class MultiHot(Categories):
    """Gives each category a place, and a one to all those that an element has, however many: `(..., size)`.

    The last axis of a value is the list of what an element has, of any length; so is a row of a ragged tensor.

    Args:
        vocabulary: as in `OneHot`, and so are all other arguments.

    Attributes:
        vocabulary: the categories in their order, text as `bytes`; None before they are learnt.
        size: how many places there are.

    Raises:
        ArgumentError: arguments contradict each other.
        ShapeError: while running: a value is a single category, not a list.
        UnseenCategoryError: while running: a value is not in the vocabulary, and `unseen` is "error".

    Example:
        >>> import feedline as fl
        >>> preprocess = fl.Preprocess({"tags": fl.preprocess.MultiHot(["red", "big", "old"])})
        >>> row = fl.Dataset.from_tensors({"tags": ["old", "red"]})
        >>> preprocess.fit(row)({"tags": ["old", "red"]})["tags"]
        array([1., 0., 1.], dtype=float32)
    """

    def transform(self, values: np.ndarray) -> np.ndarray:
        if values.ndim < 2:
            raise ShapeError(
                "MultiHot takes lists of categories, and an element has a single one.",
                fix="Use OneHot; or split the text in a map before it, such as x.split(b'|').",
            )
        numbers = self.numbers(values)
        result = np.zeros((*numbers.shape[:-1], self.size), self.dtype)
        flat = result.reshape(-1, self.size)
        places = numbers.reshape(len(flat), numbers.shape[-1])
        rows, at = np.nonzero(places >= 0)
        flat[rows, places[rows, at]] = 1
        return result

    def transform_ragged(self, values: RaggedTensor) -> Any:
        if isinstance(values.values, RaggedTensor):
            return RaggedTensor(self.transform_ragged(values.values), values.row_splits)
        numbers = self.numbers(values.values)
        if numbers.ndim > 1:  # the lists are within the ragged rows
            return super().transform_ragged(values)
        result = np.zeros((len(values), self.size), self.dtype)
        rows = np.repeat(np.arange(len(values)), values.row_lengths())
        result[rows[numbers >= 0], numbers[numbers >= 0]] = 1
        return result


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ArgumentError(f"{name} is {value!r:.40}; it must be a whole number from 1 on.", fix="Give 1 or more.")
    return int(value)


def _some(vocabulary: tuple[Category, ...]) -> str:
    shown = ", ".join(map(told, vocabulary[:10]))
    return shown if len(vocabulary) <= 10 else f"{shown} and {len(vocabulary) - 10:,} more"
