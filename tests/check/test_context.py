"""What rules can look at: the plan, the sample at every step, labels, models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.context import Context

IMAGES = np.random.default_rng(0).integers(0, 256, (300, 12, 10, 3), np.uint8)
LABELS = np.arange(300) % 3


def table() -> Any:
    return fl.Dataset.from_tensor_slices((IMAGES, LABELS))


def scaled(image: Any, label: Any) -> Any:
    return fl.cast(image, fl.float32) / 255, label


class TestPlan:
    def test_the_step_in_front_of_the_batches(self) -> None:
        plan = Context(table().map(scaled).shuffle(10).batch(8).prefetch(1).node).plan
        assert plan.batch is not None
        assert (plan.elements.name, plan.batch.name, plan.last.name) == ("shuffle", "batch", "prefetch")
        assert [node.name for node in plan.chain] == ["from_tensor_slices", "map", "shuffle", "batch", "prefetch"]
        assert plan.is_before(plan.maps[0], plan.last)
        assert not plan.is_before(plan.last, plan.maps[0])
        assert [node.name for node in plan.after(plan.batch)] == ["prefetch"]

    def test_no_batches(self) -> None:
        for ds in (table().map(scaled), table().batch(8).unbatch()):
            plan = Context(ds.node).plan
            assert plan.batch is None
            assert plan.elements is plan.last

    def test_pieces_are_no_batches(self) -> None:
        text = fl.Dataset.range(400).batch(21, drop_remainder=True).map(lambda piece: (piece[:-1], piece[1:]))
        plan = Context(text.shuffle(10).batch(4).node).plan
        assert plan.batch is plan.last
        assert plan.elements.name == "shuffle"
        assert not plan.gives_batches(plan.elements)
        for ds in (text, table().batch(32).batch(4), table().batch(32, drop_remainder=True).rebatch(8)):
            plan = Context(ds.node).plan
            assert plan.batch is plan.chain[1]

    def test_batches_within_a_zip(self) -> None:
        ds = fl.Dataset.zip((fl.Dataset.range(10).batch(2), fl.Dataset.range(10).batch(2))).map(lambda x, y: (x, y))
        plan = Context(ds.node).plan
        assert plan.batch is not None
        assert plan.gives_batches(plan.last)

    def test_lengths(self) -> None:
        def length(ds: Any) -> Any:
            return Context(ds.node).plan.length()

        assert length(table()) == 300
        assert length(table().batch(32)) == 10
        assert length(table().shuffle(300).repeat().batch(32)) == 10
        assert length(table().filter(lambda image, label: True)) is None
        assert length(fl.Dataset.from_generator(lambda: iter([1])).take(3)) is None
        assert length(fl.Dataset.zip((fl.Dataset.range(10), fl.Dataset.counter()))) == 10


class TestSample:
    def test_what_every_step_gave(self) -> None:
        context = Context(table().map(scaled).batch(8).node)
        sample, plan = context.sample, context.plan
        assert sample.saw_all
        assert sample.count == sample.elements.count == 300
        before, after = sample.into(plan.maps[0]), sample.at(plan.maps[0])
        assert (before.components[0].dtype, after.components[0].dtype) == (np.uint8, np.float32)
        assert before.components[0].statistics.in_255
        assert after.components[0].statistics.in_unit
        assert sample.output.batched
        assert not sample.elements.batched
        assert sample.output.rows <= 300

    def test_pairs_belong_together(self) -> None:
        context = Context(table().shuffle(300).map(scaled).batch(8).node, size=64)
        pairs = context.sample.pairs(context.plan.maps[0])
        assert len(pairs) >= 64
        for (image, label), (small, same) in pairs:
            assert np.allclose(image / 255, small)
            assert label == same

    def test_pairs_of_a_stream(self) -> None:
        def rows() -> Iterator[Any]:
            yield from zip(IMAGES, LABELS, strict=True)

        context = Context(
            fl.Dataset.from_generator(rows).filter(lambda x, y: y != 1).map(scaled).batch(8).node, size=50
        )
        pairs = context.sample.pairs(context.plan.maps[0])
        assert len(pairs) >= 50
        assert all(np.allclose(before[0] / 255, after[0]) for before, after in pairs)
        assert context.seen() == f"the first {context.sample.count} elements"

    def test_a_stream_is_read_as_far_as_is_wanted(self) -> None:
        given = []

        def rows() -> Iterator[Any]:
            while True:
                given.append(len(given))
                yield IMAGES[len(given) % 300], len(given) % 3

        for ds in (fl.Dataset.from_generator(rows), fl.Dataset.from_generator(rows).prefetch(2)):
            given.clear()
            sample = Context(ds.node, size=64).sample
            assert 64 <= sample.count < 100
            assert len(given) < 100

    def test_rows_of_batches_are_read_as_far_as_is_wanted(self) -> None:
        given = []

        def batches() -> Iterator[Any]:
            while True:
                given.append(len(given))
                yield np.zeros((50, 4), np.float32), np.arange(50) % 3

        context = Context(fl.Dataset.from_generator(batches).node, size=64)
        assert context.labels is not None
        given.clear()
        assert context.label_order is not None
        assert len(context.label_order.values) >= 20_000
        assert len(given) < 500

    def test_another_epoch(self) -> None:
        ds = table().map(lambda image, label: (fl.image.random_flip_left_right(image), label)).batch(8)
        context = Context(ds.node, size=64)
        node = context.plan.maps[0]
        first = context.sample.read(node, np.arange(50))
        other = context.sample.read(node, np.arange(50), epoch=1)
        assert first.count == other.count == 50
        assert first.components[0].hashes != other.components[0].hashes
        assert first.components[1].hashes == other.components[1].hashes

    def test_where_they_come_from(self, tmp_path: Any) -> None:
        path = str(tmp_path / "a.tfrecord")
        with fl.io.TFRecordWriter(path) as writer:
            for number in range(20):
                writer.write(bytes([number]))
        context = Context(fl.TFRecordDataset(path).map(lambda record: record[0]).batch(4).node)
        assert context.sample.elements.where(7) == f"element 7, which is record 7 of {path}"
        assert context.sample.output.where(1, 2) == f"batch 1, row 2, which is record 6 of {path}"
        assert context.sample.output.where_row(6) == f"batch 1, row 2, which is record 6 of {path}"

    def test_each_element_once_in_order(self) -> None:
        positions = Context(table().batch(64).node, size=100).sample.elements.positions
        assert (np.diff(positions) > 0).all()


class TestElements:
    def elements(self, ds: Any) -> Any:
        return Context(ds.node).sample.elements

    def test_roles_of_tuples(self) -> None:
        parts = ({"image": IMAGES, "size": LABELS}, LABELS, np.ones(300, np.float32))
        elements = self.elements(fl.Dataset.from_tensor_slices(parts).batch(4))
        names = [component.name for component in elements.components]
        assert names == ["x['image']", "x['size']", "y", "sample_weight"]
        assert [component.role for component in elements.components] == ["x", "x", "y", "sample_weight"]
        assert [component.name for component in elements.inputs] == ["x['image']", "x['size']"]
        assert elements.components[0].is_image
        assert not elements.components[1].is_image

    def test_roles_of_dicts(self) -> None:
        elements = self.elements(fl.Dataset.from_tensor_slices({"image": IMAGES, "Label": LABELS, "weight": LABELS}))
        assert {component.key: component.role for component in elements.components} == {
            "image": "x", "Label": "y", "weight": "sample_weight",
        }  # fmt: skip

    def test_one_array(self) -> None:
        elements = self.elements(fl.Dataset.from_tensor_slices(IMAGES))
        assert [(component.name, component.role) for component in elements.components] == [("the element", None)]
        assert elements.inputs == elements.components

    def test_hashes_tell_equal_rows(self) -> None:
        doubled = np.concatenate([IMAGES[:10], IMAGES[:10]])
        single = self.elements(fl.Dataset.from_tensor_slices(doubled).batch(4)).components[0]
        batched = Context(fl.Dataset.from_tensor_slices(doubled).batch(4).node).sample.output.components[0]
        assert single.hashes[:10] == single.hashes[10:]
        assert len(set(single.hashes)) == 10
        assert set(batched.hashes) == set(single.hashes)

    def test_a_generator_of_batches(self) -> None:
        def batches() -> Iterator[Any]:
            for start in range(0, 300, 50):
                yield IMAGES[start : start + 50], LABELS[start : start + 50]

        elements = self.elements(fl.Dataset.from_generator(batches))
        assert elements.batched
        assert (elements.count, elements.rows) == (6, 300)

    def test_pairs_of_one_length_that_are_batched_are_no_batches(self) -> None:
        masks = np.zeros((300, 12, 10), np.uint8)
        assert not self.elements(fl.Dataset.from_tensor_slices((IMAGES, masks)).batch(4)).batched


class TestLabels:
    def labels(self, labels: Any) -> Any:
        return Context(fl.Dataset.from_tensor_slices((np.zeros((len(labels), 2)), labels)).batch(8).node).labels

    def test_classes(self) -> None:
        found = self.labels(np.repeat([5, 7, 9], 100))
        assert (found.names, found.classes, found.runs, found.come_in_runs) == ((5, 7, 9), 3, 3, True)
        assert found.counts == {5: 100, 7: 100, 9: 100}
        assert found.run_length == 100
        assert found.longest_run == 100
        assert found.whole

    @pytest.mark.parametrize("seed", range(20))
    def test_a_random_order_has_no_runs(self, seed: int) -> None:
        generator = np.random.default_rng(seed)
        found = self.labels(generator.choice(4, 400, p=[0.7, 0.2, 0.05, 0.05]))
        mean, deviation = found.expected_runs
        assert abs(found.runs - mean) < 5 * deviation
        assert not found.come_in_runs

    def test_the_number_of_runs_of_a_random_order(self) -> None:
        values = np.repeat([0, 1, 2], [30, 20, 10])
        generator = np.random.default_rng(0)
        runs = [1 + (np.diff(generator.permutation(values)) != 0).sum() for _ in range(4000)]
        mean, deviation = self.labels(values).expected_runs
        assert mean == pytest.approx(np.mean(runs), abs=0.2)
        assert deviation == pytest.approx(np.std(runs), rel=0.05)

    def test_one_hot(self) -> None:
        found = self.labels(np.eye(4, dtype=np.float32)[np.arange(100) % 4])
        assert found.one_hot
        assert found.names == (0, 1, 2, 3)

    @pytest.mark.parametrize(
        "values",
        [
            np.random.default_rng(0).random(100).astype(np.float32),
            np.arange(100),
            np.ones((100, 4), np.float32),
            np.zeros((100, 3, 3), np.int64),
        ],
        ids=["floats", "numbers", "multi-hot", "masks"],
    )
    def test_no_classes(self, values: Any) -> None:
        assert self.labels(values) is None


@pytest.fixture(scope="module")
def keras() -> Any:
    return pytest.importorskip("keras")


class TestModel:
    def facts(self, model: Any) -> Any:
        facts = Context(table().batch(8).node, model=model).model
        assert facts is not None
        return facts

    def model(self, keras: Any, loss: Any, activation: Any = "softmax") -> Any:
        model = keras.Sequential(
            [keras.Input((12, 10, 3)), keras.layers.Flatten(), keras.layers.Dense(3, activation=activation, name="out")]
        )
        model.compile(loss=loss, metrics=["accuracy"])
        return model

    def test_ports(self, keras: Any) -> None:
        facts = self.facts(self.model(keras, "mse"))
        (given,), (got,) = facts.inputs, facts.outputs
        assert (given.shape, given.dtype) == ((None, 12, 10, 3), "float32")
        assert (got.name, got.activation, got.classes) == ("out", "softmax", 3)
        assert facts.compiled
        assert "accuracy" in facts.metrics
        assert [type(layer).__name__ for layer in facts.layers][-2:] == ["Flatten", "Dense"]
        assert not facts.channels_first

    def test_losses(self, keras: Any) -> None:
        losses = keras.losses
        given = [
            ("sparse_categorical_crossentropy", "sparse_categorical_crossentropy", False),
            ("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy", False),
            (losses.SparseCategoricalCrossentropy(from_logits=True), "sparse_categorical_crossentropy", True),
            (losses.BinaryCrossentropy(), "binary_crossentropy", False),
            (losses.categorical_crossentropy, "categorical_crossentropy", False),
            ("mse", "mean_squared_error", None),
            (losses.MeanSquaredError(), "mean_squared_error", None),
        ]
        for loss, name, from_logits in given:
            (found,) = self.facts(self.model(keras, loss)).losses
            assert (found.name, found.from_logits) == (name, from_logits), loss
            assert found.is_crossentropy == ("crossentropy" in name)

    def test_several_outputs(self, keras: Any) -> None:
        given = keras.Input((4,), name="given")
        first = keras.layers.Dense(3, name="first")(given)
        second = keras.layers.Dense(1, name="second", activation="sigmoid")(given)
        model = keras.Model({"given": given}, {"first": first, "second": second})
        model.compile(loss={"second": "binary_crossentropy"})
        facts = self.facts(model)
        assert [port.name for port in facts.inputs] == ["given"]
        assert {port.name for port in facts.outputs} == {"first", "second"}
        by_name = dict(zip([port.name for port in facts.outputs], facts.losses, strict=True))
        assert by_name["first"] is None
        assert by_name["second"].name == "binary_crossentropy"

    def test_models_that_do_not_tell(self, keras: Any) -> None:
        class Own(keras.Model):  # type: ignore[misc]
            def call(self, x: Any) -> Any:
                return x

        facts = self.facts(Own())
        assert facts.inputs is facts.outputs is None
        assert facts.losses == ()
        assert not facts.compiled
        assert self.facts(keras.Sequential([keras.layers.Dense(2)])).inputs is None
