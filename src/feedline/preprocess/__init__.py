"""`feedline.Preprocess` and its steps: scaling and encoding that is the same in training, validation and serving."""

from __future__ import annotations

from typing import Any

from feedline.errors import no_such_name
from feedline.preprocess.binning import Discretize
from feedline.preprocess.categories import MultiHot, OneHot, Ordinal
from feedline.preprocess.hashing import Hash
from feedline.preprocess.keras_step import KerasStep
from feedline.preprocess.missing import Impute
from feedline.preprocess.pointwise import Clip, Log1p, Passthrough, Rescale
from feedline.preprocess.preprocess import Preprocess
from feedline.preprocess.scaling import MinMax, Robust, Standardize
from feedline.preprocess.sklearn_step import SklearnStep

__all__ = [
    "Clip",
    "Discretize",
    "Hash",
    "Impute",
    "KerasStep",
    "Log1p",
    "MinMax",
    "MultiHot",
    "OneHot",
    "Ordinal",
    "Passthrough",
    "Preprocess",
    "Rescale",
    "Robust",
    "SklearnStep",
    "Standardize",
]


def __getattr__(name: str) -> Any:
    raise no_such_name("feedline.preprocess", name, __all__, _INSTEAD)


_INSTEAD = {
    "StandardScaler": "feedline.preprocess.Standardize",
    "Normalization": "feedline.preprocess.Standardize",
    "MinMaxScaler": "feedline.preprocess.MinMax",
    "RobustScaler": "feedline.preprocess.Robust",
    "OneHotEncoder": "feedline.preprocess.OneHot",
    "OrdinalEncoder": "feedline.preprocess.Ordinal",
    "LabelEncoder": "feedline.preprocess.Ordinal(order='value')",
    "StringLookup": "feedline.preprocess.Ordinal(unseen='bucket')",
    "IntegerLookup": "feedline.preprocess.Ordinal(unseen='bucket')",
    "MultiLabelBinarizer": "feedline.preprocess.MultiHot",
    "CategoryEncoding": "feedline.preprocess.OneHot or MultiHot",
    "Hashing": "feedline.preprocess.Hash",
    "Discretization": "feedline.preprocess.Discretize",
    "KBinsDiscretizer": "feedline.preprocess.Discretize",
    "Rescaling": "feedline.preprocess.Rescale",
    "SimpleImputer": "feedline.preprocess.Impute",
}
