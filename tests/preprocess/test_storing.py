"""Files: bit by bit the same after a trip, and no file that is not the one that was saved."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline import errors
from feedline.preprocess import Impute, MinMax, MultiHot, OneHot, Ordinal, Robust, Standardize
from feedline.preprocess.storing import encoded

ROWS = {
    "age": np.array([20.1, 40.7, np.nan, 1e-17]),
    "city": np.array([b"Rome", "Zürich".encode(), b"\xff\x00", b""], object),
    "measures": np.random.default_rng(0).normal(size=(4, 3)) / 3,
    "visits": np.array([2**62, -1, 0, 7]),
    "member": np.array([True, False, True, True]),
    "tags": np.array([["a", "b"]] * 4),
}


def fitted(**arguments: Any) -> fl.Preprocess:
    steps = {
        "age": [Impute("median"), Standardize(dtype="float64")],
        "city": OneHot(unseen="bucket"),
        "measures": Robust(),
        "visits": Ordinal(unseen="default", default=7),
        "member": OneHot(),
        "tags": MultiHot(mask="b"),
    }
    labels = np.array([3, 1, 2, 2])
    ds = fl.Dataset.from_tensor_slices((ROWS, labels))
    return fl.Preprocess(steps, labels=MinMax(-1, 1), **arguments).fit(ds)


def test_a_trip(tmp_path: Path) -> None:
    for output_mode in ("dict", "concat"):
        preprocess = fitted(output_mode=output_mode)
        preprocess.save(tmp_path / "a.json")
        again = fl.Preprocess.load(tmp_path / "a.json")
        assert again.fingerprint == preprocess.fingerprint
        assert repr(again) == repr(preprocess)
        first, second = preprocess(ROWS, [1, 2, 3, 3]), again(ROWS, [1, 2, 3, 3])
        assert first[1].tobytes() == second[1].tobytes()
        if output_mode == "concat":
            assert first[0].tobytes() == second[0].tobytes()
        else:
            assert {name: value.tobytes() for name, value in first[0].items()} == {
                name: value.tobytes() for name, value in second[0].items()
            }
        again.save(tmp_path / "b.json")
        assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
        with pytest.raises(errors.AlreadyFittedError):
            again.fit(fl.Dataset.from_tensor_slices((ROWS, [1, 2, 3, 3])))


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(
        st.floats(-1e300, 1e300, allow_subnormal=True) | st.floats(-1, 1, allow_subnormal=True), min_size=1, max_size=9
    )
)
def test_any_floats(values: list[float], tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("any") / "a.json"
    array = np.array(values) / 8
    preprocess = fl.Preprocess(MinMax(dtype="float64")).fit(fl.Dataset.from_tensor_slices(array))
    preprocess.save(path)
    again = fl.Preprocess.load(path)
    assert again.fingerprint == preprocess.fingerprint
    assert again.inputs.minimum.tobytes() == preprocess.inputs.minimum.tobytes()
    assert again(array).tobytes() == preprocess(array).tobytes()


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.binary(max_size=4), min_size=1, max_size=20))
def test_any_bytes(values: list[bytes], tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("any") / "a.json"
    preprocess = fl.Preprocess(Ordinal()).fit(fl.Dataset.from_tensor_slices(np.array(values, object)))
    preprocess.save(path)
    assert fl.Preprocess.load(path).inputs.vocabulary == preprocess.inputs.vocabulary


def test_what_json_cannot_hold() -> None:
    for value in (object(), np.zeros(2, complex), {1: 2}):
        with pytest.raises(TypeError):
            encoded(value)


def test_fingerprints_tell_settings_columns_and_data_apart() -> None:
    ds = fl.Dataset.from_tensor_slices({"a": np.array([1.0, 2.0]), "b": np.array([1.0, 2.0])})
    other = fl.Dataset.from_tensor_slices({"a": np.array([1.0, 2.0]), "b": np.array([1.0, np.nextafter(2.0, 3)])})
    a, b = Standardize(), Standardize()
    made = [
        fl.Preprocess({"a": a, "b": b}).fit(ds),
        fl.Preprocess({"b": b, "a": a}).fit(ds),
        fl.Preprocess({"a": a, "b": b}, output_mode="concat").fit(ds),
        fl.Preprocess({"a": a, "b": b}).fit(other),
        fl.Preprocess({"a": a, "b": Standardize(dtype="float64")}).fit(ds),
        fl.Preprocess({"a": a}, remainder="drop").fit(ds),
        fl.Preprocess({"a": a}, remainder="passthrough").fit(ds),
    ]
    assert len({each.fingerprint for each in made}) == len(made)
    assert made[0].fingerprint == fl.Preprocess({"a": [a], "b": b}).fit(ds.batch(2)).fingerprint


class TestFaults:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        fitted().save(tmp_path / "preprocess.json")
        return tmp_path / "preprocess.json"

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(errors.MissingFileError):
            fl.Preprocess.load(tmp_path / "preprocess.json")

    def test_truncated_anywhere(self, path: Path) -> None:
        content = path.read_bytes()
        for length in range(0, len(content) - 2, 29):
            path.write_bytes(content[:length])
            with pytest.raises(errors.FileFormatError, match="cut short") as caught:
                fl.Preprocess.load(path)
            assert caught.value.fix

    def test_a_digit_changed_anywhere(self, path: Path) -> None:
        content = path.read_bytes()
        places = [place for place, byte in enumerate(content) if byte in b"123456789"]
        for place in places[:: max(1, len(places) // 60)]:
            changed = bytearray(content)
            changed[place] = ord(str((int(chr(content[place])) + 1) % 10))
            path.write_bytes(bytes(changed))
            with pytest.raises(errors.FileFormatError):  # FingerprintError is one
                fl.Preprocess.load(path)

    def test_edited(self, path: Path) -> None:
        for old, new in ((b'"Rome"', b'"Roma"'), (b'"bucket"', b'"ignore"'), (b'"age"', b'"aged"')):
            content = path.read_bytes()
            assert old in content
            path.with_name("edited.json").write_bytes(content.replace(old, new))
            with pytest.raises(errors.FingerprintError, match="changed after it was saved"):
                fl.Preprocess.load(path.with_name("edited.json"))

    def test_laid_out_anew_is_the_same(self, path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))
        assert fl.Preprocess.load(path).fingerprint == fitted().fingerprint

    @pytest.mark.parametrize(
        "content", [b"", b"\xff\xfe", b"[]", b"3", b"null", b'{"format": "other"}', b"[" * 100_000]
    )
    def test_something_else(self, content: bytes, path: Path) -> None:
        path.write_bytes(content)
        with pytest.raises(errors.FileFormatError) as caught:
            fl.Preprocess.load(path)
        assert caught.value.fix

    def test_a_later_version(self, path: Path) -> None:
        path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
        with pytest.raises(errors.FileFormatError, match="version 2"):
            fl.Preprocess.load(path)

    @pytest.mark.parametrize(
        "change",
        [
            lambda body: body.pop("inputs"),
            lambda body: body["inputs"][0].pop("kind"),
            lambda body: body["inputs"][0]["steps"][0].update(step="Unknown"),
            lambda body: body["inputs"][0]["steps"][0].update(step="Preprocess"),
            lambda body: body["inputs"][0]["steps"][0]["settings"].update(strategy="mode"),
            lambda body: body["inputs"][0]["steps"][0]["settings"].update(more=1),
            lambda body: body["inputs"][1]["steps"][0].update(learnt={"vocabulary": {"texts": ["a", "a"]}}),
            lambda body: body["inputs"][1]["steps"][0].update(learnt={"vocabulary": {"a": 1, "b": 2}}),
            lambda body: body.update(labels=3),
        ],
    )
    def test_nonsense_with_a_right_fingerprint(self, change: Any, path: Path) -> None:
        from feedline.preprocess.storing import fingerprint_of

        whole = json.loads(path.read_text())
        change(whole)
        body = {name: part for name, part in whole.items() if name not in ("format", "version", "fingerprint")}
        path.write_text(json.dumps({**whole, "fingerprint": fingerprint_of(body)}))
        with pytest.raises(errors.FileFormatError):
            fl.Preprocess.load(path)

    def test_a_folder_that_cannot_be_written_to(self, path: Path) -> None:
        with pytest.raises(errors.WriteError):
            fitted().save(path / "preprocess.json")

    def test_a_failed_write_leaves_what_was_there(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = path.read_bytes()

        def full(*arguments: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(errors.WriteError, match="No space"):
            fitted().save(path)
        assert path.read_bytes() == before
        assert os.listdir(path.parent) == [path.name]
