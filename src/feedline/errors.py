"""Every error that feedline raises, and how an error tells where it happened.

An error answers three questions, in this order: what is wrong, where (file, record, element, stage, the user's own
line), and how to mend it. Code that knows the first raises; code further out that knows more about the place adds to
`where` with `FeedlineError.add_where`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from feedline.origin import user_line

__all__ = [
    "AlreadyFittedError",
    "ArgumentError",
    "ArgumentStructureError",
    "ArgumentTypeError",
    "AudioDecodeError",
    "CardinalityError",
    "CorruptExampleError",
    "CorruptRecordError",
    "CsvError",
    "DataLossError",
    "DtypeError",
    "EmptyDatasetError",
    "ExhaustedGeneratorError",
    "FeatureDtypeError",
    "FeatureLengthError",
    "FeedlineError",
    "FeedlineWarning",
    "FileFormatError",
    "FingerprintError",
    "FoundByCheckError",
    "ImageDecodeError",
    "ImageTooLargeError",
    "InfiniteDatasetError",
    "LabelsMissingError",
    "MissingFeatureError",
    "MissingFileError",
    "MissingPackageError",
    "NoFilesError",
    "NoSuchOptionError",
    "NotFiniteError",
    "NotFittedError",
    "PaddedShapeError",
    "PredicateError",
    "ShapeError",
    "SignatureError",
    "StateError",
    "StructureError",
    "TensorDecodeError",
    "TruncatedRecordError",
    "UnequalLengthsError",
    "UnknownCardinalityError",
    "UnpicklableError",
    "UnseenCategoryError",
    "UserFunctionError",
    "WorkerDiedError",
    "WriteError",
    "nearest_name",
    "with_article",
]


class FeedlineError(Exception):
    """The base of every error of feedline.

    Args:
        what: one sentence that says what is wrong.
        where: places, from the innermost out ("record 17 of train.tfrecord", "element 41 of the dataset").
        fix: one sentence that says how to mend it.

    Attributes:
        row: which element of a batch it is about; None where that does not apply.
        line: the line of the user's code that was being executed, if there is one.

    Example:
        >>> error = FeedlineError("the label is 12.", where=["row 3 of labels.csv"], fix="Use labels below 10.")
        >>> print(error)
        the label is 12.
          where: row 3 of labels.csv
          fix:   Use labels below 10.
    """

    row: int | None = None

    def __init__(self, what: str, *, where: Iterable[str] = (), fix: str = "") -> None:
        what = _sentence(what)
        super().__init__(what)
        self.what = what
        self.where: list[str] = [where] if isinstance(where, str) else list(where)
        self.fix = fix
        self.line = user_line()  # told where no place is known: an argument that cannot work

    def add_where(self, place: str) -> None:
        """Adds a place, further out than those already known."""
        if place not in self.where:
            self.where.append(place)

    def __str__(self) -> str:
        lines = [self.what]
        for number, place in enumerate(self.where or ([str(self.line)] if self.line else [])):
            lines.append(("  where: " if number == 0 else "         ") + place)
        if self.fix:
            lines.append(f"  fix:   {self.fix}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple:
        return (_rebuild, (type(self), self.what, self.where, self.fix), self.__dict__)


class FeedlineWarning(UserWarning):
    """Something that runs, and is probably not what was meant."""


def _rebuild(kind: type[FeedlineError], what: str, where: list[str], fix: str) -> FeedlineError:
    return kind(what, where=where, fix=fix)


def _sentence(text: str) -> str:
    """Returns a text, which may end with what another library said, with one mark at its end."""
    text = text.rstrip()
    if text.endswith("..") and not text.endswith("..."):
        return text[:-1]
    return text if not text or text[-1] in ".?!…" else text + "."


def with_article(noun: str) -> str:
    """Returns a noun with "a" or "an" before it, as it is said.

    Example:
        >>> with_article("Int64List"), with_article("uint8"), with_article("ndarray")
        ('an Int64List', 'a uint8', 'an ndarray')
    """
    return f"{'an' if noun[:1].lower() in 'aeio' or noun.startswith('nd') else 'a'} {noun}"


def nearest_name(name: str, names: Iterable[str]) -> str | None:
    """Returns the name in `names` that is most like `name`, or None where none is alike.

    Example:
        >>> nearest_name("imaeg", ["image", "label"])
        'image'
    """
    matches = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return matches[0] if matches else None


def no_such_name(module: str, name: str, names: Iterable[str], instead: Mapping[str, str] | None = None) -> Exception:
    """Returns the error for a name that a module does not have: it says what to use instead, or the nearest name.

    Args:
        module: the module's name.
        name: the name that it does not have.
        names: those that it has.
        instead: what to use in place of names that it lacks on purpose.

    Example:
        >>> no_such_name("feedline.image", "resise", ["resize"])
        AttributeError("feedline.image has no 'resise'; did you mean feedline.image.resize?")
    """
    if name.startswith("__"):
        return AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
    nearest = nearest_name(name, names)
    hint = f"; did you mean {module}.{nearest}?" if nearest else ""
    if instead and name in instead:
        hint = f". Instead: {instead[name]}."
    return AttributeError(f"{module} has no {name!r}{hint}", name=name)


class ArgumentError(FeedlineError, ValueError):
    """An argument has a value that cannot work, such as `batch(0)`."""


class ArgumentTypeError(ArgumentError, TypeError):
    """An argument is of a type that cannot work, such as `batch(2.0)` or `zip(ds, 5)`."""


class CardinalityError(ArgumentError):
    """A dataset has another number of elements than `assert_cardinality` says."""


class NoSuchOptionError(ArgumentError, AttributeError):
    """There is no option of this name."""


class StructureError(FeedlineError, TypeError):
    """Elements have another structure than they should (tuple, dict, names, number of components)."""


class ArgumentStructureError(StructureError, ValueError):
    """An argument that has a part for each component, such as `padded_shapes`, has other parts than the elements."""


class EmptyDatasetError(StructureError):
    """Something was asked for that only elements could tell, their structure or statistics, and there are none."""


class DataLossError(FeedlineError):
    """Data are damaged, or would be cut off: the base of the errors that TensorFlow has one class for."""


class ShapeError(FeedlineError, ValueError):
    """An array has another shape than it should, or shapes that must agree do not."""


class DtypeError(FeedlineError, TypeError):
    """An array has another dtype than it should."""


class PaddedShapeError(ShapeError, DataLossError):
    """An element is larger than the shape that it is to be padded to."""


class PredicateError(DtypeError, ValueError):
    """A function that is to say yes or no, as `filter` needs, returned something else than one bool."""


class UnequalLengthsError(ShapeError):
    """Arrays that are to be sliced together have different lengths."""


class SignatureError(FeedlineError, TypeError):
    """A generator gave an element that its `output_signature` does not allow."""


class ExhaustedGeneratorError(FeedlineError, ValueError):
    """A generator object was given where a function is needed: it would be empty in the second epoch."""


class UserFunctionError(FeedlineError, RuntimeError):
    """The user's own function, or generator, raised; the original is the error's `__cause__`."""


class MissingFileError(FeedlineError, FileNotFoundError):
    """A file does not exist."""


class NoFilesError(FeedlineError, FileNotFoundError, ValueError):
    """A glob pattern matches no file, or a list of files is empty."""


class FileFormatError(FeedlineError, ValueError):
    """A file is not of the format that it was read as."""


class CorruptRecordError(FileFormatError, DataLossError):
    """A TFRecord's checksum does not match its bytes."""


class TruncatedRecordError(CorruptRecordError):
    """A TFRecord file ends in the middle of a record."""


class CsvError(FileFormatError):
    """A record of a CSV file has other fields than it should, or one that cannot be read."""


class CorruptExampleError(FileFormatError):
    """Bytes are not a well-formed `tf.train.Example` or `SequenceExample` message."""


class MissingFeatureError(FeedlineError, KeyError):
    """A record does not have a feature that the parse asks for."""

    __str__ = FeedlineError.__str__


class FeatureDtypeError(DtypeError):
    """A feature holds another kind of value (bytes, float, int64) than the parse asks for."""


class FeatureLengthError(ShapeError):
    """A feature holds another number of values than the parse asks for."""


class TensorDecodeError(FileFormatError):
    """Bytes are not a well-formed serialised tensor, `.npy` file or row of raw numbers of the dtype asked for."""


class ImageDecodeError(FileFormatError):
    """Bytes do not decode as an image."""


class AudioDecodeError(FileFormatError):
    """Bytes do not decode as audio."""


class ImageTooLargeError(ImageDecodeError):
    """An image's header promises more pixels than are allowed: refused before it is inflated."""


class FingerprintError(FileFormatError):
    """A file was changed after it was written, or is not the one that belongs to another."""


class NotFittedError(FeedlineError, RuntimeError):
    """A `Preprocess` was used before it was fit."""


class AlreadyFittedError(FeedlineError, RuntimeError):
    """A `Preprocess` that knows its training data was to be fit again."""


class NotFiniteError(FeedlineError, ValueError):
    """A number is NaN, infinite, or of those that a function has no value for."""


class UnseenCategoryError(FeedlineError, ValueError):
    """A category is not in the vocabulary that was learnt."""


class FoundByCheckError(FeedlineError, ValueError):
    """`fit` was to check its datasets first, and an error was found: see `Dataset.check`."""


class LabelsMissingError(FeedlineError, ValueError):
    """A dataset without labels was given where the model's loss needs them."""


class InfiniteDatasetError(FeedlineError, TypeError):
    """Something that needs an end (`len`, a list of all elements) was asked of an infinite dataset."""


class UnknownCardinalityError(FeedlineError, TypeError):
    """`len` was asked of a dataset whose number of elements is known only by reading it."""


class StateError(FeedlineError, ValueError):
    """A state cannot be gone on from: it is none, or that of another pipeline."""


class UnpicklableError(FeedlineError, TypeError):
    """Processes were asked for, and a function refers to something that cannot be sent to them."""


class WorkerDiedError(FeedlineError, RuntimeError):
    """A worker process ended while it computed elements: it crashed, or the system was out of memory."""


class WriteError(FeedlineError, OSError):
    """A file could not be written; what stood at its name before is untouched."""


class MissingPackageError(FeedlineError, ImportError):
    """An optional package is not installed.

    Args:
        package: the package that is missing.
        needed_for: what was asked for.
        install: what to install, as for pip; the package itself where left out. An extra of feedline would not do:
            pip looks for it in the index, also where feedline was installed from a clone.
    """

    @classmethod
    def of(cls, package: str, needed_for: str, install: str = "") -> MissingPackageError:
        """Returns the error for a missing package, with the command that installs it."""
        return cls(f"{needed_for} needs {package}, which is not installed.", fix=f"pip install {install or package}")
