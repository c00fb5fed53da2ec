"""Preprocess: scaling and encoding that is learnt once, and is the same in training, validation and serving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from feedline.errors import AlreadyFittedError, ArgumentError, FileFormatError, NotFittedError, with_article
from feedline.nested import DatasetComponent
from feedline.preprocess.chain import Chain
from feedline.preprocess.fitted import INPUT, Fitted
from feedline.preprocess.learning import learn
from feedline.preprocess.step import Step, check_choice, steps_by_name
from feedline.preprocess.storing import decoded_parts, from_text, to_text
from feedline.preprocess.values import Column
from feedline.structure import flatten

if TYPE_CHECKING:
    from feedline.dataset import Dataset
    from feedline.plan.rules import Rows
    from feedline.plan.trace import Operation

_REMAINDERS = ("error", "drop", "passthrough")
_OUTPUT_MODES = ("dict", "concat")


class Preprocess:
    """Scaling and encoding of columns: learnt once from the training data, then the same for whatever comes.

    It is fit with `fit(training_dataset)`, used as `ds.map(preprocess)` on elements or on batches, saved beside the
    model with `save`, and loaded for validation and serving with `load`. Called on NumPy arrays, lists or a pandas
    frame, it needs no dataset. Elements are inputs, (inputs, labels) or (inputs, labels, sample weights); weights are
    given on as they are. It can be pickled, and so be used in worker processes.

    Args:
        inputs: a dict with the steps of each column, for inputs that are dicts; or the steps of the inputs, where these
            are one array. Steps are one of `feedline.preprocess`, a scikit-learn scaler that has `partial_fit`, a Keras
            layer that has `adapt`, or a list of these, one after the other.
        labels: steps for the labels; None to give them on as they are.
        remainder: what becomes of columns without steps: "error", "drop" to leave them out, "passthrough" to give them
            on as they are.
        output_mode: "dict" for a dict of results, by the names of the columns; "concat" for one float32 vector an
            element of all of them, in the order of `inputs` and then of the data.

    Raises:
        ArgumentError: something is no step, or an argument is no choice.

    Example:
        >>> import feedline as fl
        >>> rows = fl.Dataset.from_tensor_slices({"age": [20.0, 40.0, 60.0], "city": ["Rome", "Oslo", "Rome"]})
        >>> preprocess = fl.Preprocess(
        ...     {"age": fl.preprocess.Standardize(), "city": fl.preprocess.OneHot(unseen="ignore")},
        ...     output_mode="concat",
        ... ).fit(rows)
        >>> preprocess({"age": 40.0, "city": "Oslo"})
        array([0., 0., 1.], dtype=float32)
        >>> rows.map(preprocess).batch(3).element_spec
        TensorSpec(shape=(None, 3), dtype=float32)
    """

    def __init__(self, inputs: Any, labels: Any = None, *, remainder: str = "error", output_mode: str = "dict") -> None:
        self._remainder = check_choice("remainder", remainder, _REMAINDERS)
        self._output_mode = check_choice("output_mode", output_mode, _OUTPUT_MODES)
        if isinstance(inputs, dict):
            for name in inputs:
                if not isinstance(name, str) or not name:
                    raise ArgumentError(f"the name of a column is {name!r:.40}, not text.", fix="Give names as text.")
            if not inputs:
                raise ArgumentError("no column has a step.", fix="Write Preprocess({'age': Standardize()}).")
            self._chains = {name: Chain(steps, f"column {name!r}") for name, steps in inputs.items()}
        else:
            if remainder != "error" or output_mode != "dict":
                raise ArgumentError(
                    "remainder and output_mode are for inputs that are dicts.", fix="Leave them out, or give a dict."
                )
            self._chains = {INPUT: Chain(inputs, "the inputs")}
        self._labels = None if labels is None else Chain(labels, "the labels")
        self._fitted: Fitted | None = None

    @property
    def inputs(self) -> Any:
        """The steps by their columns, or of the only input: one step, or a list; once fitted, with what they learnt."""
        chains = self._chains if self._fitted is None else self._fitted.chains
        shown = {name: chain.shown for name, chain in chains.items()}
        return shown.get(INPUT, shown)

    @property
    def labels(self) -> Any:
        """The steps of the labels, or None; once fitted, with what they learnt."""
        chain = self._labels if self._fitted is None else self._fitted.labels
        return None if chain is None else chain.shown

    @property
    def fitted(self) -> bool:
        """Whether it has been fit or loaded."""
        return self._fitted is not None

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits, the same for any two that do the same to the same columns.

        Raises:
            NotFittedError: it has not been fit yet.
        """
        return self._ready().fingerprint

    def fit(self, dataset: Dataset) -> Preprocess:
        """Learns from the training data, in one pass, and returns itself.

        Batches made by `batch` and its kin are taken apart: statistics are the same bits for any batch size. Batches
        that a generator makes itself count as elements: put `unbatch()` behind it. The pass counts as no epoch of the
        dataset. A list of several steps that learn takes a pass for each.

        Args:
            dataset: the training data; never validation data, from which nothing may be learnt.

        Raises:
            AlreadyFittedError: it has been fit, or loaded, before.
            EmptyDatasetError: there are no elements.
            InfiniteDatasetError: there is no end.
            StructureError: a column is missing, or has no step.
            DtypeError: a column is of a kind that its step does not take.
            NotFiniteError: a number is NaN or infinite.

        Example:
            >>> import feedline as fl
            >>> preprocess = fl.Preprocess(fl.preprocess.Standardize())
            >>> float(preprocess.fit(fl.Dataset.range(5).batch(2)).inputs.mean)
            2.0
        """
        if self._fitted is not None:
            raise AlreadyFittedError(
                "this Preprocess has been fit, or loaded.",
                fix="Use it as it is for validation and test data: ds.map(preprocess). To learn anew, make a new one.",
            )
        if not isinstance(dataset, DatasetComponent):
            raise ArgumentError(
                f"fit() was given {with_article(type(dataset).__name__)}, not a dataset.",
                fix="Write preprocess.fit(feedline.Dataset.from_tensor_slices(data)).",
            )
        chains = {name: chain.fresh() for name, chain in self._chains.items()}
        labels = None if self._labels is None else self._labels.fresh()
        self._fitted = learn(dataset.node, chains, labels, self._remainder, self._output_mode)
        return self

    def __call__(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Returns what the steps make of one element, or of a batch of them.

        Args:
            x: the inputs: an array, or a dict of columns or a pandas frame. Values are arrays, numbers, text or lists.
            y: the labels; None without.
            sample_weight: weights, which are given on.

        Returns:
            The inputs, or a tuple of what was given, in the structure of the elements it was fit on.

        Raises:
            NotFittedError: it has not been fit yet.
            StructureError: a column is missing or unknown.
            DtypeError: a column is of another kind than in `fit`, such as floats in place of integers.
            ShapeError: a value has another shape than in `fit`.
            UnseenCategoryError: a category is not in the vocabulary, and its step says "error".
            NotFiniteError: a number is NaN or infinite.
        """
        inputs, labels = self._ready().transform(x, y)
        if y is None:
            return inputs
        return (inputs, labels) if sample_weight is None else (inputs, labels, sample_weight)

    def save(self, path: Any) -> None:
        """Writes it as JSON: at the name is either what was there before or all of it.

        Args:
            path: the file's name, as in `feedline.io.write_file`; its folder is made.

        Raises:
            NotFittedError: it has not been fit yet.
            WriteError: the file could not be written.
        """
        from feedline.io.write_file import write_file

        write_file(path, to_text(self._ready().body))

    @classmethod
    def load(cls, path: Any) -> Preprocess:
        """Reads what `save` wrote: it gives the same bits, and has the same fingerprint.

        Args:
            path: the file's name, as in `feedline.io.read_file`.

        Raises:
            MissingFileError: there is no such file.
            FileFormatError: it is no such file, or cut short.
            FingerprintError: it was changed after it was written.
            MissingPackageError: it has a scikit-learn or Keras step, and that is not installed.

        Example:
            >>> import tempfile
            >>> import feedline as fl
            >>> path = tempfile.mkdtemp() + "/preprocess.json"
            >>> preprocess = fl.Preprocess(fl.preprocess.Standardize()).fit(fl.Dataset.range(5))
            >>> preprocess.save(path)
            >>> fl.Preprocess.load(path).fingerprint == preprocess.fingerprint
            True
        """
        from feedline.io.read_file import read_file

        return _restored(from_text(read_file(path), str(path)), str(path))

    def attach(self, model: Any) -> None:
        """Notes at a Keras model that it is trained with this, so that `Dataset.check` can say if data is not (FL610).

        It is not stored with the model: `save` it beside the model, and after loading both attach it again.

        Args:
            model: the model, or any object that takes attributes.

        Raises:
            NotFittedError: it has not been fit yet.
        """
        self._ready()
        model.feedline_preprocess = self

    def _ready(self) -> Fitted:
        if self._fitted is None:
            raise NotFittedError(
                "this Preprocess has not been fit.",
                fix="Call preprocess.fit(training_dataset) first, or load one that was with Preprocess.load(path).",
            )
        return self._fitted

    def feedline_reference(self) -> Any:
        """What a plan looks at to see whether this has changed."""
        return self._fitted

    @staticmethod
    def feedline_rule(operation: Operation, rows: Rows) -> tuple[Any, ...]:
        """Does to many elements of a block at once what a call does to each of them."""
        from feedline.plan.rules import row_by_row
        from feedline.plan.trace import Slot, replaced

        preprocess: Preprocess = operation.function  # type: ignore[assignment]
        named = {"y": None, "sample_weight": None, **dict(zip(_ARGUMENTS, operation.args, strict=False))}
        named.update(operation.kwargs)
        x, y = replaced((named["x"], named["y"]), Slot, lambda slot: rows.samples[slot.number])
        if preprocess._ready().is_batch(x, y):
            return row_by_row(operation, rows)
        made = preprocess(*(rows.of(named[name]) for name in _ARGUMENTS))
        return tuple(flatten(made)[0])

    def __repr__(self) -> str:
        state = f"fingerprint {self._fitted.fingerprint[:8]}" if self._fitted is not None else "not fit"
        labels = "" if self.labels is None else f", labels={self.labels!r}"
        return f"<feedline.Preprocess({self.inputs!r}{labels}): {state}>"


_ARGUMENTS = ("x", "y", "sample_weight")


def _restored(body: dict[str, Any], path: str) -> Preprocess:
    """Returns what a file's content describes, whose fingerprint is right."""
    try:
        columns, chains = {}, {}
        for each in body["inputs"]:
            name = each["name"]
            columns[name] = Column(each["kind"], tuple(each["shape"]))
            if each["steps"]:
                chains[name] = _chain(each["steps"], f"column {name!r}" if name else "the inputs")
        labels = body["labels"]
        label_chain = None if labels is None else _chain(labels["steps"], "the labels")
        label_column = None if labels is None else Column(labels["kind"], tuple(labels["shape"]))
        fitted = Fitted(chains, label_chain, columns, label_column, body["remainder"], body["output_mode"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(
            f"{path} cannot be read as a Preprocess ({type(error).__name__}: {error}).",
            fix="Save the fitted Preprocess again: preprocess.save(path).",
        ) from error
    made = Preprocess.__new__(Preprocess)
    made._chains, made._labels = chains, label_chain
    made._remainder, made._output_mode = fitted.remainder, fitted.output_mode
    made._fitted = fitted
    return made


def _chain(steps: list[dict[str, Any]], column: str) -> Chain:
    known = steps_by_name()
    made: list[Step] = []
    for each in steps:
        if each["step"] not in known:
            raise ValueError(f"there is no step {each['step']!r}")
        step = known[each["step"]].restored(decoded_parts(each["settings"]))
        if each["learnt"] is not None:
            step.set_learnt(decoded_parts(each["learnt"]))
        made.append(step)
    return Chain.of(made, column)
