"""FL501 and FL502: the elements' structure and names against the inputs, the outputs and the losses of a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from feedline.check.elements import LABEL_NAMES
from feedline.check.families.model.given import Given
from feedline.check.families.model.model_rule import ModelRule
from feedline.check.families.model.targets import outputs_of
from feedline.check.finding import Finding
from feedline.check.model import ModelFacts
from feedline.errors import nearest_name

_LETTERS = "abcdefgh"


def second_input_as_labels(model: ModelFacts, given: Given) -> bool:
    """Says whether elements are (a, b, y) for a model of two inputs: b is in the labels' place, y in the weights'."""
    parts = given.of("x")
    return (
        model.inputs is not None
        and len(model.inputs) == 2
        and given.is_tuple
        and len(given.structure) == 3
        and len(parts) == 1
        and not parts[0].path
    )


class Structure(ModelRule):
    """The elements are put together in another way than the model and `fit` take them."""

    code = "FL501"
    name = "structure"
    severity = "error"
    needs = ("model",)
    why = (
        "Keras takes the parts of a tuple for inputs, labels and sample weights by their place alone. Where they are "
        "put together in another way, training stops with an error from deep within, or something else is learnt."
    )

    def findings(self, model: ModelFacts, given: Given) -> Iterator[Finding]:
        if model.has_own_step:
            return
        structure = given.structure
        if structure is None:
            return
        told = self._of_element(model, given, structure) or self._of_inputs(model, given)
        told = told or self._of_labels(model, given)
        if told is not None:
            message, seen, fix = told
            yield self.finding(message, seen=seen, at=given.step(), fix=fix)

    def _of_element(self, model: ModelFacts, given: Given, structure: Any) -> tuple[str, str, str] | None:
        if not isinstance(structure, tuple | list) or (isinstance(structure, tuple) and 1 <= len(structure) <= 3):
            return None
        count = len(structure)
        names = ", ".join(_LETTERS[: count - 1]) if 2 <= count <= len(_LETTERS) else "a, b"
        fix = f"Put the inputs together: .map(lambda {names}, y: (({names}), y)){given.in_front}."
        if isinstance(structure, list):
            return "elements are lists, which Keras does not tell from one array.", f"a list of {count}", fix
        return f"elements are tuples of {count}, and fit takes (x, y) or (x, y, sample_weight).", _outline(
            structure
        ), fix  # fmt: skip

    def _of_inputs(self, model: ModelFacts, given: Given) -> tuple[str, str, str] | None:
        inputs, names = model.inputs, model.input_keys
        x = given.structure_of("x")
        if inputs is None or names is None:
            return None
        count, parts = len(inputs), given.of("x")
        wanted = f"the model has {_number(count, 'input')}: {_listed(names)}"
        seen = f"elements are {_outline(given.structure)}; {wanted}"
        if isinstance(x, dict):
            if count > 1 or names[0] in x:
                return None
            if len(parts) == 1 and parts[0].path:
                key = parts[0].path[0]
                fix = (
                    f"Give it alone: {_lambda(given, f'x[{key!r}]')}{given.in_front}; or name the input: "
                    f"keras.Input(..., name={key!r})."
                )
            else:
                key = parts[0].path[0] if parts and parts[0].path else "..."
                fix = (
                    f"Give what the model takes alone: {_lambda(given, f'x[{key!r}]')}{given.in_front}; or make a "
                    "model with an input for each name."
                )
            if not given.is_tuple and any(str(key).lower() in LABEL_NAMES for key in x):
                return None  # there are no labels: that is told
            return "x is a dict, and the model has one input, whose name is none of its keys.", seen, fix
        if len(parts) == count:
            return None
        if len(parts) == 1 and not parts[0].path:
            letters = ", ".join(_LETTERS[:count])
            if second_input_as_labels(model, given):
                return (
                    "the second input is taken for the labels, and the labels for sample weights.",
                    seen,
                    f"Put the inputs together: .map(lambda a, b, y: ((a, b), y)){given.in_front}.",
                )
            return (
                f"x is one component, and the model has {count} inputs.",
                seen,
                f"Make x a dict by the inputs' names, or a tuple in their order: (({letters}), y).",
            )
        return (
            f"x has {_number(len(parts), 'component')}, and the model {_number(count, 'input')}.",
            seen,
            "Give the inputs alone, as a dict by their names or a tuple in their order."
            if count > 1
            else "Make a model with an input for each, or put them together in one array: np.concatenate([a, b]).",
        )

    def _of_labels(self, model: ModelFacts, given: Given) -> tuple[str, str, str] | None:
        losses = model.losses if model.compiled else ()
        needed = sum(loss is not None for loss in losses)
        if not needed:
            return None
        y, parts = given.structure_of("y"), given.of("y")
        names = ", ".join(loss.name for loss in losses if loss is not None)
        if y is None:
            return (
                "the elements have no labels, and the loss compares with them.",
                f"elements are {_outline(given.structure)}; the loss is {names}",
                _labels_fix(given),
            )
        outputs, keys = outputs_of(model, given), model.output_keys
        if outputs is None:
            return None
        count = len(outputs)
        seen = f"y is {_outline(y)}; the model has {_number(count, 'output')}" + (
            f": {_listed(keys)}" if keys is not None else ""
        )
        of_dict = isinstance(getattr(model.model, "output", None) if model.outputs is not None else None, dict)
        if count == 1 and isinstance(y, dict) and not of_dict:
            key = next(iter(y))
            return "the labels are a dict, and the model has one output.", seen, (
                f"Give them alone: {_lambda(given, 'x', f'y[{key!r}]')}{given.in_front}."
            )  # fmt: skip
        if count == 1 and len(parts) > 1:
            return (
                f"there are {len(parts)} labels for each element, and the model has one output.",
                seen,
                f"Give the labels of that output alone: {_lambda(given, 'x', f'y[{parts[0].path[0]!r}]')}"
                f"{given.in_front}."
                if parts[0].path
                else "Give the labels of that output alone.",
            )
        if count > 1 and len(parts) not in (count, needed) and not isinstance(y, dict):
            listed = _listed(keys) if keys is not None else str(count)
            return (
                f"there {'is' if len(parts) == 1 else 'are'} {_number(len(parts), 'label')} for each element, and the "
                f"model has {count} outputs with {_number(needed, 'loss')}.",
                seen,
                f"Give labels for each of {listed}, as a dict by these names, or as a tuple in their order.",
            )
        return None


class Names(ModelRule):
    """The keys of a dict are not the names of the model's inputs or outputs."""

    code = "FL502"
    name = "names"
    severity = "error"
    needs = ("model",)
    why = "Inputs and labels that come in a dict are told apart by their names. One that is missing ends training."

    def findings(self, model: ModelFacts, given: Given) -> Iterator[Finding]:
        if model.has_own_step:
            return
        x, y = given.structure_of("x"), given.structure_of("y")
        if isinstance(x, dict) and model.input_keys is not None and len(model.input_keys) > 1:
            yield from self._missing(given, "x", x, _needed_inputs(model), "input")
        compared = model.compiled and model.losses and all(loss is not None for loss in model.losses)
        if isinstance(y, dict) and model.output_keys is not None and len(model.output_keys) > 1 and compared:
            yield from self._missing(given, "y", y, model.output_keys, "output")

    def _missing(
        self, given: Given, role: str, structure: dict[Any, Any], wanted: Sequence[str], what: str
    ) -> Iterator[Finding]:
        keys = [str(key) for key in structure]
        missing = [name for name in wanted if name not in structure]
        spare = [key for key in keys if key not in wanted]
        if not missing:
            if role == "y" and spare:
                yield self.finding(
                    f"the labels have {_listed(spare)}, which {'is' if len(spare) == 1 else 'are'} no output of the "
                    "model.",
                    seen=f"keys of y: {_listed(keys)}; outputs: {_listed(wanted)}",
                    at=given.step("y"),
                    fix=f"Give these alone: {_lambda(given, 'x', _dict_of(wanted, {}, 'y'))}{given.in_front}.",
                )
            return
        near = {name: nearest_name(name, spare) or (spare[0] if len(spare) == 1 else None) for name in missing}
        hints = [f"{key!r} for {name!r}" for name, key in near.items() if key]
        renamed = _dict_of(wanted, {name: key for name, key in near.items() if key}, role)
        if all(near.values()) and len(set(near.values())) == len(near):
            values = (renamed, "y") if role == "x" else ("x", renamed)
            fix = f"Rename: {_lambda(given, *values)}{given.in_front}; or name the {what} so."
        else:
            fix = f"Give {role} the keys {_listed(wanted)}, or name the model's {what}s as they are."
        yield self.finding(
            f"{role} has no key {_listed(missing)}, which the model's {what}{'s' if len(missing) > 1 else ''} "
            f"{'are' if len(missing) > 1 else 'is'} named" + (f"; there is {', '.join(hints)}." if hints else "."),
            seen=f"keys of {role}: {_listed(keys)}; {what}s: {_listed(wanted)}",
            at=given.step(role),
            fix=fix,
        )


def _needed_inputs(model: ModelFacts) -> list[str]:
    keys, inputs = model.input_keys or (), model.inputs or ()
    return [key for key, port in zip(keys, inputs, strict=True) if not getattr(port.layer, "optional", False)]


def _lambda(given: Given, x: str, y: str = "y") -> str:
    """Returns a `map` of whole elements."""
    names = ("x", "y", "w")[: len(given.structure) if given.is_tuple else 1]
    values = {"x": x, "y": y, "w": "w"}
    inner = ", ".join(values[name] for name in names)
    return f".map(lambda {', '.join(names)}: {f'({inner})' if len(names) > 1 else inner})"


def _dict_of(names: Sequence[str], renamed: dict[str, str], variable: str) -> str:
    items = ", ".join(f"{name!r}: {variable}[{renamed.get(name, name)!r}]" for name in names)
    return "{" + items + "}"


def _labels_fix(given: Given) -> str:
    x = given.structure_of("x")
    if isinstance(x, dict) and len(x) > 1 and not given.is_tuple:
        label = next((key for key in x if str(key).lower() in LABEL_NAMES), None)
        label = label or next((key for key in x if nearest_name(str(key), ["label", "labels", "target"])), None)
        if label is not None:
            others = [key for key in x if key != label]
            value = f"e[{others[0]!r}]" if len(others) == 1 else f"{{k: e[k] for k in e if k != {label!r}}}"
            return f"Make the elements (x, y): .map(lambda e: ({value}, e[{label!r}])){given.in_front}."
    alone = "x" if not given.is_tuple else "x[0]"
    return (
        "Make the elements (x, y): Dataset.from_tensor_slices((x, y)), or Dataset.zip((ds, labels)); where x itself is "
        f"to be learnt, .map(lambda x: ({alone}, {alone})){given.in_front}."
    )


def _number(count: int, what: str) -> str:
    plural = what + ("es" if what.endswith("s") else "s")
    return f"{'one' if count == 1 else count} {what if count == 1 else plural}"


def _listed(names: Sequence[Any]) -> str:
    shown = ", ".join(repr(name) for name in list(names)[:6])
    return shown + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _outline(structure: Any) -> str:
    """Returns a structure in few words: "(x, y)", "a dict of 'a', 'b'"."""
    if isinstance(structure, dict):
        return f"a dict of {_listed(list(structure))}"
    if isinstance(structure, tuple | list):
        inner = ", ".join(_outline(each) for each in structure[:6])
        return f"({inner}{', ...' if len(structure) > 6 else ''})"
    return f"{getattr(structure, 'dtype', type(structure).__name__)}{list(getattr(structure, 'shape', None) or ())}"
