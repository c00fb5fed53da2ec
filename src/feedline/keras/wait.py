"""How long the model waited for data, of the time of each epoch.

The time inside `next()` alone is not that. On JAX, and on any GPU, a training step runs on while Python already asks
for the next batch: such time costs nothing. So a wait is counted from the moment when every step sent off before it
had finished. `DataWait` knows that moment, since Keras tells a callback when the numbers of a step are there; without
it, the whole time inside `next()` counts, which is the most that the wait can have been.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import keras


@dataclass(frozen=True)
class EpochWait:
    """The waiting time of one epoch.

    Args:
        waited_seconds: how long the model had nothing to do but wait for a batch.
        total_seconds: from the start of the epoch to the end of its last step.
        steps: how many batches were drawn.
        exact: whether steps still running were taken off; otherwise the whole time inside `next()` counts as waiting.

    Example:
        >>> EpochWait(waited_seconds=1.0, total_seconds=4.0, steps=100).share
        0.25
    """

    waited_seconds: float
    total_seconds: float
    steps: int
    exact: bool = False

    @property
    def share(self) -> float:
        """The part of the epoch that was waiting, from 0 to 1."""
        return min(1.0, self.waited_seconds / self.total_seconds) if self.total_seconds > 0 else 0.0


@dataclass
class WaitRecord:
    """The waits of a dataset in training: one `EpochWait` for each epoch that has ended.

    Args:
        epochs: the epochs so far.
    """

    epochs: list[EpochWait] = field(default_factory=list)
    _running: bool = False
    _begin: float = 0.0
    _draws: list[tuple[float, float, int]] = field(default_factory=list)
    _steps_begun: int = 0
    _steps_done: dict[int, float] = field(default_factory=dict)

    def begin_epoch(self) -> None:
        """Starts an epoch; one that was broken off before is closed."""
        self.end_epoch()
        self._running = True
        self._begin = perf_counter()
        self._draws = []
        self._steps_begun = 0
        self._steps_done = {}

    def draw(self, asked: float, ready: float) -> None:
        """Notes one batch: when it was asked for and when it was there (`perf_counter` seconds)."""
        self._begin = min(self._begin, asked)  # the first batch may have been drawn before the epoch began
        self._draws.append((asked, ready, self._steps_begun))

    def step_begun(self) -> None:
        """Notes that the model is about to take a step."""
        self._steps_begun += 1

    def step_done(self, step: int) -> None:
        """Notes that the numbers of a step are there."""
        self._steps_done[step] = perf_counter()

    def forget_epoch(self) -> None:
        """Drops the epoch at hand: its batch was drawn for another purpose than training."""
        self._running = False
        self._draws = []

    def end_epoch(self) -> None:
        """Ends the epoch at hand, if there is one."""
        if not self._running:
            return
        self._running = False
        if self._draws:
            self.epochs.append(self._measure(perf_counter()))

    def measure_again(self) -> EpochWait | None:
        """Returns the last epoch, measured with what is known of its steps by now; None where there is none."""
        self.end_epoch()
        if not self.epochs or not self._draws:
            return None
        self.epochs[-1] = self._measure(self._begin + self.epochs[-1].total_seconds)
        return self.epochs[-1]

    def total(self) -> EpochWait:
        """Returns all epochs as one."""
        return EpochWait(
            sum(epoch.waited_seconds for epoch in self.epochs),
            sum(epoch.total_seconds for epoch in self.epochs),
            sum(epoch.steps for epoch in self.epochs),
            all(epoch.exact for epoch in self.epochs),
        )

    def _measure(self, end: float) -> EpochWait:
        # Keras numbers the step by its first or its last batch, depending on its version: only the order counts.
        done = [self._steps_done[step] for step in sorted(self._steps_done)]
        # Where the length is not known, Keras begins one step more, which finds no batch.
        exact = bool(done) and len(done) >= self._steps_begun - 1
        if exact:
            end = max(done[-1], self._draws[-1][1])
        # Some backends draw a batch inside the step that uses it, others before: the first draw tells.
        begun_at_first = self._draws[0][2]
        waited = 0.0
        for asked, ready, begun in self._draws:
            sent_off = begun - begun_at_first
            free = done[min(sent_off, len(done)) - 1] if exact and sent_off > 0 else asked
            waited += max(0.0, ready - max(asked, free))
        return EpochWait(waited, max(end - self._begin, waited), len(self._draws), exact)


class DataWait(keras.callbacks.Callback):
    """Writes the share of each epoch that the model waited for data into the epoch's logs, as `data_wait`.

    Works with a feedline dataset (`model.fit(ds)`) or a `ds.to_keras()`; with other data it writes nothing.

    Args:
        name: the name in the logs.

    Example:
        >>> from feedline.keras import DataWait
        >>> DataWait().epochs
        []
    """

    # Keras then calls `on_train_batch_end` from a thread of its own, so that the steps need not wait for it.
    async_safe = True

    def __init__(self, name: str = "data_wait") -> None:
        super().__init__()
        self.name = name
        self.record: WaitRecord | None = None

    @property
    def epochs(self) -> list[EpochWait]:
        """The waits of the epochs so far."""
        return self.record.epochs if self.record is not None else []

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Called by Keras."""
        if self.record is not None:
            self.record.step_begun()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Called by Keras once the logs of a step are there."""
        if self.record is not None:
            self.record.step_done(batch)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Called by Keras."""
        wait = self.record.measure_again() if self.record is not None else None
        if wait is not None and logs is not None:
            logs[self.name] = wait.share
