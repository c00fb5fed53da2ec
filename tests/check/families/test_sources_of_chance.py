"""FL603 and FL604: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

IMAGES = np.random.default_rng(0).random((200, 10, 10, 3), np.float32)
LABELS = np.random.default_rng(1).integers(0, 4, 200)
AMOUNT = random.uniform(0.1, 0.2)
NOISE = np.random.normal(0, 0.1, (10, 10, 3)).astype(np.float32)  # noqa: NPY002
COLOURS = np.random.normal(0, 0.1, (4, 3)).astype(np.float32)  # noqa: NPY002
SEED = random.randint(0, 1000)
GENERATOR = np.random.default_rng(5)


def table() -> Any:
    return fl.Dataset.from_tensor_slices((IMAGES, LABELS)).shuffle(200)


def seeded(image: Any, label: Any) -> Any:
    np.random.seed(0)  # noqa: NPY002
    return image + np.random.normal(0, 0.1, image.shape).astype(np.float32), label  # noqa: NPY002


def seeded_in_python(image: Any, label: Any) -> Any:
    random.seed(4)
    return image * np.float32(random.uniform(0.5, 1)), label


def seeded_by_element(image: Any, label: Any) -> Any:
    np.random.seed(int(image.sum() * 1000) % 1000)  # noqa: NPY002
    return image + np.random.normal(0, 0.1, image.shape).astype(np.float32), label  # noqa: NPY002


def made_anew(image: Any, label: Any) -> Any:
    generator = np.random.default_rng(7)
    return image + generator.normal(0, 0.1, image.shape).astype(np.float32), label


def in_a_fixed_order(image: Any, label: Any) -> Any:
    return image.reshape(-1)[np.random.default_rng(7).permutation(image.size)].reshape(image.shape), label


def made_of_chance(image: Any, label: Any) -> Any:
    return image + np.random.default_rng().normal(0, 0.1, image.shape).astype(np.float32), label


def stateless(image: Any, label: Any) -> Any:
    return fl.image.stateless_random_flip_left_right(image, seed=(1, 2)), label


def brighter(image: Any, label: Any) -> Any:
    return fl.image.adjust_brightness(image, AMOUNT), label


def with_noise(image: Any, label: Any) -> Any:
    return image + NOISE, label


def with_colour(image: Any, label: Any) -> Any:
    return image + COLOURS[label], label


def with_a_seed(image: Any, label: Any) -> Any:
    return fl.image.random_flip_left_right(image, seed=SEED), label


def scaled_by(image: Any, label: Any, amount: float) -> Any:
    return image * np.float32(amount), label


def of_one_generator(image: Any, label: Any) -> Any:
    return image + GENERATOR.normal(0, 0.1, image.shape).astype(np.float32), label


def of_numpy(image: Any, label: Any) -> Any:
    return image + np.random.normal(0, 0.1, image.shape).astype(np.float32), label  # noqa: NPY002


def of_the_element(image: Any, label: Any) -> Any:
    return image + fl.random.generator().normal(0, 0.1, image.shape).astype(np.float32), label


class TestDrawnAtBuildTime:
    @pytest.mark.parametrize(("function", "call"), [(seeded, "np.random.seed"), (seeded_in_python, "random.seed")])
    def test_a_seed_within_the_function(self, function: Any, call: str, flagged: Look) -> None:
        finding = flagged(table().map(function).batch(20), "FL603")
        assert finding.severity == "error"
        assert finding.fix.startswith(f"Leave out {call}(...)")

    def test_the_numbers_are_in_fact_the_same(self) -> None:
        noise = [
            image - IMAGES[0] for image, _ in fl.Dataset.from_tensor_slices((IMAGES[:1], [0])).repeat(3).map(seeded)
        ]
        assert np.allclose(noise[0], noise[1])

    def test_a_seed_of_the_element(self, clean: Look) -> None:
        clean(table().map(seeded_by_element).batch(20), "FL603")

    def test_a_generator_within_the_function(self, flagged: Look) -> None:
        finding = flagged(table().map(made_anew).batch(20), "FL603")
        assert "np.random.default_rng(7)" in finding.message

    @pytest.mark.parametrize("function", [in_a_fixed_order, made_of_chance])
    def test_generators_that_are_as_they_should_be(self, function: Any, clean: Look) -> None:
        clean(table().map(function).batch(20), "FL603")

    def test_one_seed_for_a_stateless_function(self, flagged: Look) -> None:
        finding = flagged(table().map(stateless).batch(20), "FL603")
        assert "seed=(1, 2)" in finding.seen
        assert "random_flip_left_right()" in finding.fix

    def test_a_seed_for_each_element(self, clean: Look) -> None:
        def numbered(number: Any, element: Any) -> Any:
            return fl.image.stateless_random_flip_left_right(element[0], seed=(number, 2)), element[1]

        clean(table().enumerate().map(numbered).batch(20), "FL603")

    def test_a_global_number(self, flagged: Look) -> None:
        finding = flagged(table().map(brighter).batch(20), "FL603")
        assert "AMOUNT" in finding.message
        assert "random.uniform(0.1, 0.2)" in finding.seen
        assert any("test_sources_of_chance.py" in place for place in finding.where)

    def test_a_local_number(self, flagged: Look) -> None:
        turned = random.random() < 0.5
        finding = flagged(
            table().map(lambda image, label: (image[:, ::-1] if turned else image, label)).batch(20), "FL603"
        )
        assert "turned" in finding.message

    def test_a_number_of_feedlines(self, flagged: Look) -> None:
        delta = fl.random.uniform((), -0.2, 0.2)
        flagged(table().map(lambda image, label: (image + delta, label)).batch(20), "FL603")

    def test_a_default(self, flagged: Look) -> None:
        ds = table().map(lambda image, label, delta=np.random.rand(): (image + np.float32(delta), label))  # noqa
        assert "the default of delta" in flagged(ds.batch(20), "FL603").message

    def test_an_argument_of_partial(self, flagged: Look) -> None:
        ds = table().map(functools.partial(scaled_by, amount=random.uniform(0.5, 1)))
        assert "an argument" in flagged(ds.batch(20), "FL603").message

    def test_noise_that_is_one_array(self, flagged: Look) -> None:
        assert "NOISE" in flagged(table().map(with_noise).batch(20), "FL603").message

    @pytest.mark.parametrize("function", [with_colour, with_a_seed, of_the_element])
    def test_arrays_and_seeds_that_are_meant(self, function: Any, clean: Look) -> None:
        clean(table().map(function).batch(20), "FL603")

    def test_data_that_are_made_at_random(self, clean: Look) -> None:
        images = np.random.rand(200, 10)  # noqa: NPY002
        clean(fl.Dataset.range(200).map(lambda number: images[number]).batch(20), "FL603")

    def test_a_number_that_is_assigned_twice(self, clean: Look) -> None:
        amount = random.uniform(0.5, 1)
        amount = 0.5
        clean(table().map(lambda image, label: (image * np.float32(amount), label)).batch(20), "FL603")

    def test_validation_data(self, clean: Look) -> None:
        clean(table().map(made_anew).batch(20), "FL603", use="validation")


class Augmentation:
    """Draws its amounts when it is made, once for all elements."""

    def __init__(self) -> None:
        self.flip = np.random.rand() < 0.5  # noqa: NPY002
        self.delta = np.random.uniform(-0.1, 0.1)  # noqa: NPY002

    def __call__(self, image: Any, label: Any) -> Any:
        image = image[:, ::-1] if self.flip else image
        return np.clip(image + np.float32(self.delta), 0, 1), label

    def brighter(self, image: Any, label: Any) -> Any:
        return np.clip(image + np.float32(self.delta), 0, 1), label


class DrawnForEach:
    """Has attributes that are drawn anew, or that are seeds, generators and tables."""

    def __init__(self) -> None:
        self.delta = np.random.uniform(-0.1, 0.1)  # noqa: NPY002
        self.seed = random.randint(0, 1000)
        self.generator = np.random.default_rng(3)
        self.colours = np.random.normal(0, 0.1, (4, 3)).astype(np.float32)  # noqa: NPY002
        self.unused = random.random()
        self.strength = 0.1

    def __call__(self, image: Any, label: Any) -> Any:
        self.delta = self.generator.uniform(-self.strength, self.strength)
        image = fl.image.random_flip_left_right(image, seed=self.seed)
        return np.clip(image + self.colours[label] + np.float32(self.delta), 0, 1), label


AMOUNTS = {"delta": np.random.uniform(-0.2, 0.2), "gamma": 1.1, "seed": random.randint(0, 9)}  # noqa: NPY002
CHANGED = {"delta": np.random.uniform(-0.2, 0.2)}  # noqa: NPY002
CHANGED["delta"] = 0.1


class TestWhereDrawnNumbersAreKept:
    @pytest.mark.parametrize("method", [False, True])
    def test_in_the_attributes_of_an_object(self, method: bool, flagged: Look) -> None:
        augmentation = Augmentation()
        finding = flagged(table().map(augmentation.brighter if method else augmentation).batch(20), "FL603")
        assert ("self.delta" if method else "self.flip") in finding.message
        assert "np.random." in finding.seen
        assert "test_sources_of_chance.py" in finding.where[0]

    def test_in_attributes_that_are_drawn_anew(self, clean: Look) -> None:
        clean(table().map(DrawnForEach()).batch(20), "FL603")

    def test_under_the_key_of_a_dict(self, flagged: Look, clean: Look) -> None:
        def brighter(image: Any, label: Any) -> Any:
            return np.clip(image + np.float32(AMOUNTS["delta"]), 0, 1), label

        def of_a_constant(image: Any, label: Any) -> Any:
            return np.clip(image, 0, 1) ** np.float32(AMOUNTS["gamma"]), label

        def of_a_seed(image: Any, label: Any) -> Any:
            return fl.image.random_flip_left_right(image, seed=AMOUNTS["seed"]), label

        def changed(image: Any, label: Any) -> Any:
            return np.clip(image + np.float32(CHANGED["delta"]), 0, 1), label

        assert "AMOUNTS['delta']" in flagged(table().map(brighter).batch(20), "FL603").message
        for function in (of_a_constant, of_a_seed, changed):
            clean(table().map(function).batch(20), "FL603")

    def test_by_keras(self, flagged: Look, clean: Look) -> None:
        keras = pytest.importorskip("keras")
        amount = keras.random.uniform((), -0.2, 0.2, seed=1)
        middle = keras.ops.convert_to_tensor(0.1)
        finding = flagged(table().map(lambda image, label: (image + np.float32(amount), label)).batch(20), "FL603")
        assert "keras.random.uniform" in finding.seen
        clean(table().map(lambda image, label: (image + np.float32(middle), label)).batch(20), "FL603")


def in_processes() -> Any:
    options = fl.Options()
    options.executor = "processes"
    return options


class TestSameForEachWorker:
    def test_a_generator_and_threads(self, flagged: Look) -> None:
        finding = flagged(table().map(of_one_generator, num_parallel_calls=4).batch(20), "FL604")
        assert finding.severity == "warning"
        assert "num_parallel_calls=4" in finding.seen
        assert "several calls run at one time" in finding.message

    def test_a_generator_and_processes(self, flagged: Look) -> None:
        ds = table().map(of_one_generator, num_parallel_calls=4).batch(20).with_options(in_processes())
        assert "each worker process has a copy of it" in flagged(ds, "FL604").message

    def test_the_global_one(self, flagged: Look) -> None:
        finding = flagged(table().map(of_numpy, num_parallel_calls=fl.AUTOTUNE).batch(20), "FL604")
        assert finding.severity == "hint"
        assert "AUTOTUNE" in finding.seen

    def test_one_call_at_a_time(self, clean: Look) -> None:
        clean(table().map(of_numpy).batch(20).prefetch(2), "FL604")
        clean(table().map(of_one_generator, num_parallel_calls=1).batch(20), "FL604")

    def test_numbers_of_the_element(self, clean: Look) -> None:
        clean(table().map(of_the_element, num_parallel_calls=fl.AUTOTUNE).batch(20), "FL604")
        clean(table().map(of_the_element, num_parallel_calls=4).batch(20).with_options(in_processes()), "FL604")

    def test_a_branch_that_is_not_taken(self, clean: Look) -> None:
        training = False
        ds = table().map(lambda x, y: of_numpy(x, y) if training else (x, y), num_parallel_calls=4)
        clean(ds.batch(20), "FL604")
