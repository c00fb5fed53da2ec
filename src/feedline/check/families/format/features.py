"""FL102, FL103 and FL104: the features that are parsed, against those that the records hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from feedline.check.context import Context
from feedline.check.families.format.contents import contents_of
from feedline.check.families.format.raw_values import values_of_another_dtype
from feedline.check.families.format.surveys import Asked, Survey, surveys_of
from feedline.check.families.format.wording import (
    DTYPE_OF_KIND,
    KIND_NAMES,
    listed_names,
    meant_name,
    of_records,
    shape_for,
    written_dtype,
    written_feature,
)
from feedline.check.finding import Finding, Severity
from feedline.check.rule import Rule
from feedline.errors import FeatureDtypeError, FeatureLengthError, MissingFeatureError
from feedline.formats.example import KINDS
from feedline.formats.record_features import BYTES, EXAMPLE, FEATURE_LISTS, Held, features_of
from feedline.io.features import FixedLenFeature, FixedLenSequenceFeature, VarLenFeature
from feedline.io.misspelt import near_names
from feedline.spec import string

_MOST_SHOWN = 40


class FeatureAbsent(Rule):
    """A feature that is parsed is in none of the records."""

    code = "FL102"
    name = "feature-absent"
    severity = "error"
    needs = ("sample",)
    why = (
        "Parsing raises; or, where the feature may be missing, every element gets the default value or an empty list, "
        "and the model learns from that."
    )
    explains_errors = True

    def check(self, context: Context) -> Iterator[Finding]:
        for survey in surveys_of(context):
            for asked in survey.asked:
                if asked.name not in survey.names and survey.names:
                    yield self._finding(context, survey, asked)

    def _finding(self, context: Context, survey: Survey, asked: Asked) -> Finding:
        kind = KINDS[asked.dtype]
        meant, sure = meant_name(asked.name, kind, survey.names, {each.name for each in survey.asked})
        instead = "" if asked.required else f", so that {_stand_in(asked)} stands in for it everywhere"
        return self.finding(
            f"feature {asked.name!r} is parsed, and none of the records has it{instead}.",
            seen=f"{of_records(len(survey.records), len(survey.records))} hold {listed_names(survey.names)}",
            where=survey.where(0),
            at=survey.node,
            fix=self._fix(survey, asked, meant, sure),
            severity="error" if asked.required or meant is not None else "warning",
            explains=survey.errors(asked.name, context, MissingFeatureError),
        )

    def _fix(self, survey: Survey, asked: Asked, meant: str | None, sure: bool) -> str:
        if survey.field == EXAMPLE and asked.name in features_of(survey.records[0], FEATURE_LISTS):
            return (
                f"{asked.name!r} is a list of features of a SequenceExample: write "
                "fl.io.parse_single_sequence_example(record, context_features, sequence_features)."
            )
        if meant is not None:
            return f"Write {meant!r} in place of {asked.name!r}" + ("." if sure else ", if that is what is meant.")
        if asked.required:
            return f"Name one that the records have, or write {asked.name!r} when the files are made."
        return f"Leave {asked.name!r} out, or write it when the files are made."


class FeatureType(Rule):
    """A feature is parsed with another dtype or length than the records hold."""

    code = "FL103"
    name = "feature-type"
    severity = "error"
    needs = ("sample",)
    why = "What was written is not what is read: parsing raises, or the bytes become other numbers than they were."
    explains_errors = True

    def check(self, context: Context) -> Iterator[Finding]:
        for survey in surveys_of(context):
            for asked in survey.asked:
                rows = survey.rows_with(asked.name)
                yield from self._kind(context, survey, asked, rows) or self._length(context, survey, asked, rows)
        yield from values_of_another_dtype(self, context)

    def _kind(self, context: Context, survey: Survey, asked: Asked, rows: dict[int, Held]) -> list[Finding]:
        wanted = KINDS[asked.dtype]
        wrong = {row: held for row, held in rows.items() if held.kind not in (0, wanted)}
        if not wrong:
            return []
        row, held = next(iter(wrong.items()))
        written = DTYPE_OF_KIND.get(held.kind, "unreadable")
        values = "1 value" if held.count == 1 else f"{held.count:,} values"
        right = len(rows) - len(wrong)
        finding = self.finding(
            f"feature {asked.name!r} was written as {written} and is parsed as {written_dtype(asked.dtype)[3:]}.",
            seen=f"{KIND_NAMES[held.kind]} in {of_records(len(wrong), len(survey.records))}, {values} in the first"
            + (f"; {KIND_NAMES[wanted]} in {right:,}" if right else ""),
            where=survey.where(row),
            at=survey.node,
            fix=_fix_of_kind(asked, held, written) if not right else _fix_of_writer(asked),
            explains=survey.errors(asked.name, context, FeatureDtypeError),
        )
        return [finding]

    def _length(self, context: Context, survey: Survey, asked: Asked, rows: dict[int, Held]) -> list[Finding]:
        if survey.field != EXAMPLE:
            return []
        counts = {row: held.count for row, held in rows.items() if held.kind == KINDS[asked.dtype]}
        if isinstance(asked.feature, FixedLenFeature):
            size = _product(asked.feature.shape)
            wrong = {row: count for row, count in counts.items() if count != size}
        elif isinstance(asked.feature, FixedLenSequenceFeature):
            size = _product(asked.feature.shape)
            wrong = {row: count for row, count in counts.items() if count % size}
        else:
            return []
        if not wrong:
            return []
        row, count = next(iter(wrong.items()))
        shape = list(asked.feature.shape)
        lengths = Counter(counts.values()).most_common(4)
        told = ", ".join(f"{number:,} value{'' if number == 1 else 's'} in {of:,}" for number, of in lengths)
        finding = self.finding(
            f"feature {asked.name!r} holds {count:,} value{'' if count == 1 else 's'} where the shape {shape} takes "
            f"{size:,}.",
            seen=(
                f"{count:,} in {of_records(len(counts), len(survey.records))}"
                if len(lengths) == 1
                else f"{told} of the {len(survey.records):,} records that were looked at"
            )
            + (", and other lengths" if len(set(counts.values())) > len(lengths) else ""),
            where=survey.where(row),
            at=survey.node,
            fix=_fix_of_length(asked, set(counts.values()), size, len(wrong), len(counts)),
            explains=survey.errors(asked.name, context, FeatureLengthError),
        )
        return [finding]


class FeatureInSomeRecords(Rule):
    """A feature that is parsed is in only some of the records."""

    code = "FL104"
    name = "feature-in-some-records"
    severity = "warning"
    needs = ("sample",)
    why = (
        "For the other records a default value or an empty list stands in, which the model takes for what was "
        "measured; where the feature must be there, parsing raises."
    )
    explains_errors = True

    def check(self, context: Context) -> Iterator[Finding]:
        for survey in surveys_of(context):
            for asked in survey.asked:
                lacking = _lacking(survey, asked)
                if lacking and len(lacking) < len(survey.records):
                    yield self._finding(context, survey, asked, lacking)

    def _finding(self, context: Context, survey: Survey, asked: Asked, lacking: list[int]) -> Finding:
        total, row = len(survey.records), lacking[0]
        other = _near_in(survey, asked, lacking)
        share = len(lacking) / total
        fix = (
            f"Write {asked.name!r} in these records too"
            if not asked.required
            else f"Write {asked.name!r} in these records too, or give the feature a default_value"
        )
        if other is not None:
            fix = f"Write these records again with {asked.name!r} in place of {other!r}, or parse both"
        elif not asked.required:
            fix += ", or filter them out; silence FL104 where that is how the data is"
        of = f"{of_records(len(lacking), total)} ({share:.0%})"
        return self.finding(
            f"feature {asked.name!r} is missing in some records, where "
            + ("parsing raises." if asked.required else f"{_stand_in(asked)} stands in for it."),
            seen=f"missing in {of}" + (f"; these have {other!r}" if other is not None else ""),
            where=survey.where(row),
            at=survey.node,
            fix=fix + ".",
            severity=_severity(survey, asked, lacking, other),
            explains=survey.errors(asked.name, context, MissingFeatureError),
        )


def _lacking(survey: Survey, asked: Asked) -> list[int]:
    """Returns the records that lack a feature; an empty list of a feature of any length is there."""
    may_be_empty = isinstance(asked.feature, FixedLenFeature) and _product(asked.feature.shape) != 0
    return [
        row
        for row, held in enumerate(survey.held)
        if asked.name not in held or (may_be_empty and held[asked.name].kind == 0)
    ]


def _near_in(survey: Survey, asked: Asked, lacking: list[int]) -> str | None:
    """Returns a name that all records which lack a feature have, and that is nearly its own."""
    names = {each.name for each in survey.asked}
    common = set.intersection(*(set(survey.held[row]) for row in lacking))
    return next((name for name in sorted(common - names) if near_names(asked.name, name)), None)


def _severity(survey: Survey, asked: Asked, lacking: list[int], other: str | None) -> Severity:
    if asked.required:
        return "error"
    if other is not None or not isinstance(asked.feature, VarLenFeature):
        return "warning"
    return "hint"  # a list that is left out where it would be empty is the use of a VarLenFeature


def _stand_in(asked: Asked) -> str:
    default = getattr(asked.feature, "default_value", None)
    if default is None:
        return "an empty list"
    if default.size == 1 and asked.dtype == string:
        value = default.reshape(-1)[0]
        return f"the default {value!r}" if len(value) <= _MOST_SHOWN else f"the default of {len(value):,} bytes"
    if default.size == 1:
        return f"the default {default.item()}"
    return f"the default of shape {default.shape}"


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for length in shape:
        product *= length
    return product


def _fix_of_kind(asked: Asked, held: Held, written: str) -> str:
    """Returns the fix of a feature that is parsed as another dtype than all records hold."""
    feature = written_feature(asked, written, asked.shape)
    wanted = written_dtype(asked.dtype)
    if held.kind == BYTES:
        feature = written_feature(asked, written, () if held.count == 1 and asked.shape is not None else asked.shape)
        contents = contents_of(bytes(held.first))
        if contents is not None and contents.fix.endswith(" there") and contents.kind != "path":
            then = contents.fix.removeprefix("Write ").removesuffix(" there").replace("contents", "value")
        else:
            then = f"fl.io.decode_raw(value, {_dtype_of_bytes(asked, held)}), if the bytes are such numbers"
        return f"Write {asked.name!r}: {feature}, then {then}."
    if asked.dtype == string:
        return f"Write {asked.name!r}: {feature}."
    return f"Write {asked.name!r}: {feature}, then fl.cast(value, {wanted})."


def _dtype_of_bytes(asked: Asked, held: Held) -> str:
    """Returns the dtype of numbers that fill the bytes of a feature and its shape; the one that is asked for, else."""
    size = _product(asked.shape) if asked.shape else 0
    names = {1: "uint8", 2: "float16", 4: "float32", 8: "float64"} if asked.dtype.kind == "f" else {}
    names = names or {1: "uint8", 2: "int16", 4: "int32", 8: "int64"}
    itemsize = len(held.first) // size if size and len(held.first) % size == 0 else 0
    return f"fl.{names[itemsize]}" if itemsize in names else written_dtype(asked.dtype)


def _fix_of_writer(asked: Asked) -> str:
    lists = {"int64": "int64_list", "float32": "float_list", "string": "bytes_list"}
    name = lists[written_dtype(asked.dtype)[3:]]
    return f"Write these records again with {asked.name!r} as {name}: in the others it is one."


def _fix_of_length(asked: Asked, lengths: set[int], size: int, wrong: int, total: int) -> str:
    dtype = written_dtype(asked.dtype)[3:]
    if isinstance(asked.feature, FixedLenSequenceFeature):
        return f"Give rows of a shape that fits, or write {asked.name!r}: fl.io.VarLenFeature(fl.{dtype})."
    if len(lengths) > 1:
        if wrong <= total // 10:
            return (
                f"Write the {wrong:,} record{'' if wrong == 1 else 's'} again, with {size:,} values, or leave them out."
            )
        return f"Write {asked.name!r}: fl.io.RaggedFeature(fl.{dtype}), or VarLenFeature: the lengths differ."
    shape = shape_for(asked.feature.shape, next(iter(lengths)))
    if shape is None:
        return f"Write {asked.name!r}: fl.io.FixedLenFeature([{next(iter(lengths))}], fl.{dtype}), and reshape that."
    return f"Write {asked.name!r}: {written_feature(asked, dtype, shape)}."
