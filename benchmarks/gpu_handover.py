"""Batches handed to a GPU: that they are right, that they come from page-locked memory and ahead of time, and how fast.

    python -m benchmarks.gpu_handover                 # PyTorch and JAX, a process each
    python -m benchmarks.gpu_handover --framework torch
    python -m benchmarks.gpu_handover --device cpu    # the same checks where there is no GPU

Every image of the data is filled with the number of its row, so that a batch tells by itself whether it is right, on
the device and at any time. Nothing of feedline that needs Numba is used. The exit status is 1 where a check fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import feedline as fl

ROWS, SIDE, BATCH = 4096, 128, 128  # a batch of float32 is 25 MB
EPOCHS = 3
LOOKAHEADS = (0, 2)


def row_numbers(count: int = ROWS) -> np.ndarray:
    """Returns the numbers of rows, which stand for images in the source: an image of each is made while it runs."""
    return np.arange(count, dtype=np.int32)


def image_of(number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns an image filled with a number, and the number."""
    return np.full((SIDE, SIDE, 3), number, np.float32), number


def dataset(count: int = ROWS) -> fl.Dataset:
    """Returns batches of images made in threads, in memory that is used again and again."""
    numbers = fl.Dataset.from_tensor_slices(row_numbers(count))
    return numbers.map(image_of, num_parallel_calls=4).batch(BATCH, drop_remainder=True).prefetch(4)


def arrays(count: int = ROWS) -> fl.Dataset:
    """Returns batches that cost nothing but a copy: what is measured is the hand-over."""
    images = np.empty((count, SIDE, SIDE, 3), np.float32)
    images[...] = row_numbers(count)[:, None, None, None]
    return fl.Dataset.from_tensor_slices((images, row_numbers(count))).batch(BATCH, drop_remainder=True).prefetch(4)


class Checks:
    """Prints what was checked, and counts what failed."""

    def __init__(self) -> None:
        self.failed = 0

    def __call__(self, what: str, holds: bool, seen: str = "") -> None:
        self.failed += not holds
        print(f"  {'ok    ' if holds else 'FAILED'}  {what}{f' ({seen})' if seen else ''}", flush=True)


def drawn_ahead(batches: Any, source: list) -> list[int]:
    """Returns how many elements more than were asked for had been drawn from a source after each of four."""
    iterator = iter(batches)
    ahead = []
    for asked in range(1, 5):
        next(iterator)
        ahead.append(len(source) - asked)
    iterator.close()
    return ahead


def counted(count: int) -> tuple[fl.Dataset, list[int]]:
    """Returns a dataset, and the list to which it adds each element that is drawn."""
    source: list[int] = []

    def numbers() -> Iterable[np.ndarray]:
        for number in range(count):
            source.append(number)
            yield np.full((BATCH, 8), number, np.float32)

    return fl.Dataset.from_generator(numbers, output_signature=fl.TensorSpec((BATCH, 8))), source


def rate(epoch: Callable[[], int], seconds: float = 3.0) -> float:
    """Returns the batches a second of repeated epochs, after one that is not counted."""
    epoch()
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        done += epoch()
    return done / (time.perf_counter() - start)


def check_torch(device_name: str, check: Checks) -> None:
    """Checks and times what `to_torch` gives."""
    import torch

    device = torch.device("cuda" if device_name == "gpu" else "cpu")
    on_gpu = device.type == "cuda"
    if on_gpu and not torch.cuda.is_available():
        print("  PyTorch sees no GPU here: nothing was checked")
        return
    name = torch.cuda.get_device_name(device) if on_gpu else "CPU"
    print(f"PyTorch {torch.__version__}, NumPy {np.__version__}, Python {sys.version.split()[0]}, {name}")

    def right(images: Any, labels: Any) -> Any:
        return (images == labels.to(images.dtype)[:, None, None, None]).all()

    def finish() -> None:
        if on_gpu:
            torch.cuda.synchronize()

    size = 4096 if on_gpu else 256
    noise = torch.randn(size, size, device=device)

    def keep_busy() -> None:
        for _ in range(20):
            torch.mm(noise, noise)

    # Each batch is looked at only by work that is queued behind a long computation, and is dropped at once.
    pinned: list[bool] = []
    plain = torch.Tensor.pin_memory

    def noting(tensor: Any, *arguments: Any) -> Any:
        result = plain(tensor, *arguments)
        pinned.append(result.is_pinned())
        return result

    torch.Tensor.pin_memory = noting  # type: ignore[method-assign]
    verdicts, kept, seen = [], [], 0
    for _ in range(EPOCHS):
        for number, (images, labels) in enumerate(dataset().to_torch(device)):
            keep_busy()
            verdicts.append(right(images, labels))
            seen += 1
            if number % 5 == 0:
                kept.append((images, labels, images[1:3]))
            del images, labels
    torch.Tensor.pin_memory = plain  # type: ignore[method-assign]
    check("every batch is right while its memory is used again", bool(torch.stack(verdicts).all()), f"{seen} batches")
    same = [bool(right(images, labels)) and bool(right(rows, labels[1:3])) for images, labels, rows in kept]
    check("kept batches have not changed", all(same), f"{len(kept)} kept")
    if on_gpu:
        check("copies come from page-locked memory", len(pinned) == 2 * seen and all(pinned), f"{len(pinned)} tensors")
        other = torch.cuda.Stream(device)
        verdicts = []
        with torch.cuda.stream(other):
            for images, labels in dataset(1024).to_torch(device):
                keep_busy()
                verdicts.append(right(images, labels))
        other.synchronize()  # what follows reads them on the usual stream, which does not wait for this one
        check("a program that works on a stream of its own gets right batches", bool(torch.stack(verdicts).all()))

    batches, source = counted(20)
    ahead = drawn_ahead(batches.to_torch(device, lookahead=2), source)
    check("so many are drawn ahead as lookahead says", ahead == [2 if on_gpu else 0] * 4, str(ahead))

    iterator = iter(dataset(1024).to_torch(device))
    for _ in range(3):
        next(iterator)
    state = iterator.state_dict()
    rest = [labels.tolist() for _, labels in iterator]
    again = iter(dataset(1024).to_torch(device))
    again.load_state_dict(state)
    check("an iterator goes on from a state", [labels.tolist() for _, labels in again] == rest, f"{len(rest)} batches")

    def fails(number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if number == 700:
            raise ValueError("no")
        return image_of(number)

    given, told = 0, ""
    failing = fl.Dataset.from_tensor_slices(row_numbers(1024)).map(fails).batch(BATCH).to_torch(device)
    try:
        for _ in failing:
            given += 1
    except fl.errors.UserFunctionError as error:
        told = str(error)
    check("an error comes in its place", given == 700 // BATCH and "element 700" in told, f"after {given} batches")

    source_arrays = arrays()
    steps = 10 if on_gpu else 1

    def train_step(images: Any) -> Any:
        total = images.sum()
        for _ in range(steps):
            torch.mm(noise, noise)
        return total

    def run(batches: Iterable, wait: bool) -> Callable[[], int]:
        def epoch() -> int:
            done = 0
            for images, _ in batches:
                total = train_step(images)
                if wait:
                    total.item()
                done += 1
            finish()
            return done

        return epoch

    class Naive:
        """The copy that a loop of one's own would make."""

        def __iter__(self) -> Any:
            for images, labels in source_arrays:
                yield torch.from_numpy(images).to(device), torch.from_numpy(labels).to(device)

    on_device = torch.full((BATCH, SIDE, SIDE, 3), 1.0, device=device)
    print_rates(
        {
            "steps alone": lambda wait: run([(on_device, None)] * (ROWS // BATCH), wait),
            ".to(device) in the loop": lambda wait: run(Naive(), wait),
            **{
                f"to_torch, lookahead={depth}": lambda wait, depth=depth: run(
                    source_arrays.to_torch(device, lookahead=depth), wait
                )
                for depth in LOOKAHEADS
            },
        }
    )


def check_jax(device_name: str, check: Checks) -> None:
    """Checks and times what `to_jax` gives."""
    import jax
    import jax.numpy as jnp

    try:
        device = jax.devices(device_name)[0]
    except RuntimeError:
        print("  JAX sees no GPU here: nothing was checked")
        return
    on_gpu = device.platform != "cpu"
    print(f"JAX {jax.__version__}, NumPy {np.__version__}, Python {sys.version.split()[0]}, {device.device_kind}")
    size = 4096 if on_gpu else 256
    noise = jax.device_put(np.random.default_rng(0).standard_normal((size, size), np.float32) / size, device)

    @jax.jit
    def right(images: Any, labels: Any, noise: Any) -> Any:
        # The comparison waits for a long computation that it depends on, so that the batch is long dropped by then.
        late = jax.lax.fori_loop(0, 20, lambda _, product: jnp.tanh(product @ noise), noise)
        return jnp.all(images + 0 * late[0, 0] == labels.astype(images.dtype)[:, None, None, None])

    verdicts, kept, seen = [], [], 0
    for _ in range(EPOCHS):
        for number, (images, labels) in enumerate(dataset().to_jax(device=device)):
            verdicts.append(right(images, labels, noise))
            seen += 1
            if number % 5 == 0:
                kept.append((images, labels))
            del images, labels
    check("every batch is right while its memory is used again", all(map(bool, verdicts)), f"{seen} batches")
    same = [bool(right(images, labels, noise)) for images, labels in kept]
    check("kept batches have not changed", all(same), f"{len(kept)} kept")
    check("batches are on the device", kept[0][0].devices() == {device}, str(kept[0][0].devices()))

    overwrite = jax.jit(lambda images: images * 0 - 1, donate_argnums=0)
    verdicts = []
    for images, labels in dataset(1024).to_jax(device=device):
        verdicts.append(right(images, labels, noise))
        overwrite(images)
    check("batches that are given away (donate_argnums) do not hurt later ones", all(map(bool, verdicts)))

    mesh = jax.sharding.Mesh(np.array([device]), ("batch",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch"))
    laid_out = [images.sharding == sharding for images, _ in dataset(1024).to_jax(sharding)]
    check("batches are laid out as a sharding says", all(laid_out), f"{len(laid_out)} batches")

    batches, source = counted(20)
    ahead = drawn_ahead(batches.to_jax(device=device, lookahead=2), source)
    check("so many are drawn ahead as lookahead says", ahead == [2] * 4, str(ahead))

    iterator = iter(dataset(1024).to_jax(device=device))
    for _ in range(3):
        next(iterator)
    state = iterator.state_dict()
    rest = [labels.tolist() for _, labels in iterator]
    again = iter(dataset(1024).to_jax(device=device))
    again.load_state_dict(state)
    check("an iterator goes on from a state", [labels.tolist() for _, labels in again] == rest, f"{len(rest)} batches")

    source_arrays = arrays()
    steps = 10 if on_gpu else 1

    @jax.jit
    def train_step(images: Any, noise: Any) -> Any:
        product = jax.lax.fori_loop(0, steps, lambda _, product: product @ noise, noise)
        return images.sum() + 0 * product[0, 0]

    def run(batches: Iterable, wait: bool) -> Callable[[], int]:
        def epoch() -> int:
            done, total = 0, None
            for images, _ in batches:
                total = train_step(images, noise)
                if wait:
                    total.block_until_ready()
                done += 1
            jax.block_until_ready(total)
            return done

        return epoch

    class Naive:
        """The copy that a loop of one's own would make."""

        def __iter__(self) -> Any:
            for images, labels in source_arrays:
                yield jax.device_put(images, device), jax.device_put(labels, device)

    on_device = jax.device_put(np.full((BATCH, SIDE, SIDE, 3), 1.0, np.float32), device)
    print_rates(
        {
            "steps alone": lambda wait: run([(on_device, None)] * (ROWS // BATCH), wait),
            "device_put in the loop": lambda wait: run(Naive(), wait),
            **{
                f"to_jax, lookahead={depth}": lambda wait, depth=depth: run(
                    source_arrays.to_jax(device=device, lookahead=depth), wait
                )
                for depth in LOOKAHEADS
            },
        }
    )


def print_rates(contenders: dict[str, Callable[[bool], Callable[[], int]]]) -> None:
    """Prints batches a second of each: of a loop that waits for no step, and of one that waits for every step."""
    megabytes = BATCH * SIDE * SIDE * 3 * 4 / 1e6
    print(f"  batches of {megabytes:.0f} MB a second, each with a step of the model's:")
    print(f"    {'':32}{'no waiting':>12}{'waiting for each':>18}")
    for name, contender in contenders.items():
        free, waiting = (rate(contender(wait)) for wait in (False, True))
        print(f"    {name:32}{free:12.1f}{waiting:18.1f}", flush=True)


CHECKED = {"torch": check_torch, "jax": check_jax}


def main() -> int:
    """Runs the checks and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--framework", choices=sorted(CHECKED), help="one of them, in this process")
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    chosen = parser.parse_args()
    if chosen.framework is not None:
        check = Checks()
        try:
            CHECKED[chosen.framework](chosen.device, check)
        except ImportError as error:
            print(f"{chosen.framework}: {error}")
        return int(check.failed > 0)
    # A process each: JAX would take most of the GPU's memory, and both would load their own CUDA libraries.
    environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    commands = [
        [sys.executable, "-m", "benchmarks.gpu_handover", "--framework", framework, "--device", chosen.device]
        for framework in CHECKED
    ]
    return max(subprocess.run(command, env=environment, check=False).returncode for command in commands)


if __name__ == "__main__":
    sys.exit(main())
