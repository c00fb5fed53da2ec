"""scikit-learn's transformers as steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, FileFormatError, MissingPackageError, ShapeError
from feedline.preprocess.step import Learner, Rows, Step, check_finite, float_dtype

STORABLE = {
    "StandardScaler": "sklearn.preprocessing",
    "MinMaxScaler": "sklearn.preprocessing",
    "MaxAbsScaler": "sklearn.preprocessing",
    "IncrementalPCA": "sklearn.decomposition",
}
"""Those that learn by `partial_fit`, and whose fitted attributes are numbers and arrays."""

_INSTEAD = {
    "OneHotEncoder": "OneHot",
    "OrdinalEncoder": "Ordinal",
    "LabelEncoder": "Ordinal(order='value')",
    "MultiLabelBinarizer": "MultiHot",
    "LabelBinarizer": "OneHot(order='value')",
    "RobustScaler": "Robust",
    "KBinsDiscretizer": "Discretize",
    "SimpleImputer": "Impute",
}


class _Learning:
    def __init__(self, step: SklearnStep) -> None:
        from sklearn.base import clone

        self._step = step
        self._transformer = clone(step.make())

    def add(self, rows: Rows) -> None:
        if isinstance(rows, list):
            raise ShapeError(
                f"{self._step.name} takes vectors of one length, and those of the column differ.",
                fix="Bring them to one length in a map before it.",
            )
        check_finite(rows)
        self._transformer.partial_fit(_as_table(rows, self._step.name))

    def learnt(self) -> dict[str, Any]:
        found = vars(self._transformer).items()
        return {name: value for name, value in found if name.endswith("_") and not name.startswith("_")}


class SklearnStep(Step):
    """A transformer of scikit-learn's that has `partial_fit`; `Preprocess` makes it of a transformer that it is given.

    It takes numbers, or vectors of one length. It is stored by its parameters and by what it learnt, never pickled;
    that is known to be all there is for `StandardScaler`, `MinMaxScaler`, `MaxAbsScaler` and `IncrementalPCA`.

    Args:
        transformer: one of these, not fit.
        dtype: the dtype of the results.

    Raises:
        ArgumentError: it is another class, or has been fit already.

    Example:
        >>> import feedline as fl
        >>> from sklearn.preprocessing import StandardScaler
        >>> rows = fl.Dataset.from_tensor_slices([[1.0, 10.0], [3.0, 30.0]])
        >>> fl.Preprocess(StandardScaler()).fit(rows)([[1.0, 20.0]])
        array([[-1.,  0.]], dtype=float32)
    """

    def __init__(self, transformer: Any, *, dtype: Any = "float32") -> None:
        name = type(transformer).__name__
        if STORABLE.get(name) is None or not type(transformer).__module__.startswith(STORABLE[name]):
            instead = _INSTEAD.get(name)
            raise ArgumentError(
                f"{name} of scikit-learn cannot be a step: it does not learn in parts, or cannot be stored as JSON.",
                fix=f"Use feedline.preprocess.{instead}."
                if instead
                else f"Those that can be stored are {', '.join(STORABLE)}; or call its transform in a map of your own.",
            )
        if any(attribute.endswith("_") and not attribute.startswith("_") for attribute in vars(transformer)):
            raise ArgumentError(
                f"the {name} has been fit already.",
                fix=f"Give a new one, {name}(...): Preprocess.fit fits all steps on the same training data.",
            )
        self.name = name
        self.parameters = dict(transformer.get_params())
        self.dtype = float_dtype(dtype)
        self._transformer: Any = None

    @property
    def learns(self) -> bool:
        return True

    def make(self) -> Any:
        """Returns a transformer with these parameters.

        Raises:
            MissingPackageError: scikit-learn is not installed.
        """
        return _class_of(self.name)(**self.parameters)

    def learner(self) -> Learner:
        return _Learning(self)

    def set_learnt(self, learnt: dict[str, Any]) -> None:
        self.learnt = learnt
        self._transformer = self.make()
        for name, value in learnt.items():
            setattr(self._transformer, name, value)

    @property
    def transformer(self) -> Any:
        """The fitted transformer."""
        if self._transformer is None:
            self.known("")
        return self._transformer

    def transform(self, values: np.ndarray) -> np.ndarray:
        check_finite(values)
        made = np.asarray(self.transformer.transform(_as_table(values, self.name)))
        if values.ndim == 1 and made.shape[1] == 1:
            made = made[:, 0]
        return made.astype(self.dtype, copy=False)

    def settings(self) -> dict[str, Any]:
        return {"name": self.name, "parameters": self.parameters, "dtype": self.dtype}

    def fresh(self) -> Step:
        return SklearnStep(self.make(), dtype=self.dtype)

    @classmethod
    def restored(cls, settings: dict[str, Any]) -> Step:
        name = settings["name"]
        if name not in STORABLE:
            raise FileFormatError(f"{name!r} is no transformer that is stored.", fix="Save the Preprocess again.")
        parameters = settings["parameters"]
        if isinstance(parameters.get("feature_range"), list):  # JSON has no tuples, and scikit-learn checks for one
            parameters["feature_range"] = tuple(parameters["feature_range"])
        return cls(_class_of(name)(**parameters), dtype=settings["dtype"])

    def __repr__(self) -> str:
        return f"SklearnStep({self.make()!r})"


def _class_of(name: str) -> Any:
    try:
        if STORABLE[name] == "sklearn.decomposition":
            import sklearn.decomposition as module
        else:
            import sklearn.preprocessing as module
    except ImportError as error:
        raise MissingPackageError.of("scikit-learn", f"a step that is a {name}", "scikit-learn") from error
    return getattr(module, name)


def _as_table(values: np.ndarray, name: str) -> np.ndarray:
    if values.ndim > 2:
        raise ShapeError(
            f"{name} takes numbers or vectors, and an element has the shape {values.shape[1:]}.",
            fix="Use feedline.preprocess.Standardize, which takes arrays of any shape, or flatten in a map before it.",
        )
    return values.reshape(len(values), -1) if values.ndim == 1 else values
