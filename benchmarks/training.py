"""`model.fit` of a small CNN on JAX, measured: samples a second, and the share of the time that the model waited.

A wait is counted from the moment when every step sent off before had finished: on JAX a step runs on while Python
already asks for the next batch, and such time costs nothing. So each step's end is noted by a thread that waits for it.
The same is done for every contender, below Keras' own adapters, and without a callback: those would make Keras wait for
each step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Thread
from time import perf_counter
from typing import Any

from benchmarks.resources import cpu_seconds

LEAST_WARM_STEPS = 3
ENDLESS = 10**9
CLASSES = 10


@dataclass
class Watch:
    """Times the steps of a training, and ends it.

    Args:
        warm: seconds of training before anything counts; compiling the step is in them.
        seconds: measured after that.
    """

    warm: float
    seconds: float
    _begun: float = field(default_factory=perf_counter)
    _steps: int = 0
    _samples: int = 0
    _started: float | None = None
    _ended: float = 0.0
    _cpu: float = 0.0
    _draws: list[tuple[float, float]] = field(default_factory=list)
    _finished: list[float] = field(default_factory=list)
    _sent_off: SimpleQueue[Any] = field(default_factory=SimpleQueue)

    def __post_init__(self) -> None:
        self._thread = Thread(target=self._note_ends, daemon=True)
        self._thread.start()

    def step(self, train: Any, state: Any, batches: Iterator[Any]) -> tuple[Any, Any, bool]:
        """Takes one step; returns its logs, the state after it, and whether it was the last one."""
        import jax

        asked = perf_counter()
        batch = next(batches)
        ready = perf_counter()
        logs, state = train(state, iter((batch,)))
        self._steps += 1
        if self._started is None:
            if self._steps >= LEAST_WARM_STEPS and perf_counter() - self._begun >= self.warm:
                jax.block_until_ready((logs, state))
                self._started, self._cpu = perf_counter(), cpu_seconds()
            return logs, state, False
        self._draws.append((asked, ready))
        self._samples += int(batch[0].shape[0])
        self._sent_off.put(logs)
        if perf_counter() - self._started < self.seconds:
            return logs, state, False
        jax.block_until_ready((logs, state))
        self._ended, self._cpu = perf_counter(), cpu_seconds() - self._cpu
        return logs, state, True

    def answer(self) -> dict[str, Any]:
        """Returns what was measured.

        Raises:
            RuntimeError: the training ended before the measured time did.
        """
        self._sent_off.put(None)
        self._thread.join()
        if self._started is None or not self._ended:
            raise RuntimeError(f"the training ended after {self._steps} steps; a contender's batches must not end")
        seconds = self._ended - self._started
        return {
            "samples": self._samples,
            "seconds": seconds,
            "cpu_seconds": self._cpu,
            "wait_share": waited(self._draws, [self._started, *self._finished]) / seconds,
        }

    def _note_ends(self) -> None:
        while (logs := self._sent_off.get()) is not None:
            for log in logs.values():
                log.block_until_ready()
            self._finished.append(perf_counter())


def waited(draws: Sequence[tuple[float, float]], free: Sequence[float]) -> float:
    """Returns how long a model had nothing to do but wait for a batch.

    Args:
        draws: when each batch was asked for, and when it was there.
        free: when each of the steps before had finished, the first one before the first batch.
    """
    return sum(max(0.0, ready - max(asked, before)) for (asked, ready), before in zip(draws, free, strict=False))


def small_cnn(side: int, watch: Watch) -> Any:
    """Returns a compiled CNN for images of side x side x 3 in CLASSES classes, whose training a watch times.

    Its `make_train_function` is overridden, as Keras' guides do for training steps of one's own.
    """
    import keras

    class Watched(keras.Sequential):
        def make_train_function(self, force: bool = False) -> None:
            super().make_train_function(force)
            train = self.train_function

            def step(state: Any, batches: Iterator[Any]) -> Any:
                logs, state, last = watch.step(train, state, batches)
                self.stop_training = last
                return logs, state

            self.train_function = step

    layers = keras.layers
    model = Watched(
        [
            keras.Input((side, side, 3)),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    return model


def fit(batches: Any, side: int, warm: float, seconds: float) -> dict[str, Any]:
    """Trains on batches until the time is up; returns what was measured.

    Args:
        batches: what `model.fit` takes. Where it has a length it is gone through again and again, in epochs.
        side: height and width of the images.
        warm: seconds of training before anything counts.
        seconds: measured after that.
    """
    import keras

    keras.utils.set_random_seed(1)
    # What is endless is one epoch: Keras would go on with a generator's first batch where it ends all the same.
    epochs, steps = (ENDLESS, None) if _has_length(batches) else (1, ENDLESS)
    watch = Watch(warm, seconds)
    small_cnn(side, watch).fit(batches, epochs=epochs, steps_per_epoch=steps, verbose=0)
    return watch.answer()


def _has_length(batches: Any) -> bool:
    try:
        return len(batches) > 0
    except TypeError:
        return False
