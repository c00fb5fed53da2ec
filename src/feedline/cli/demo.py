"""`feedline demo`: real images, from files through TFRecords to a Keras model that has learnt."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedline.errors import FeedlineError

if TYPE_CHECKING:
    from rich.console import Console

    from feedline import Dataset
    from feedline.keras import EpochWait


def demo(
    folder: Annotated[
        Path | None, typer.Option(help="Where to put the files, to look at them later.", show_default="temporary")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="How often to go through the training data.")] = 15,
    seed: Annotated[int, typer.Option(help="Seed of the order, the augmentation and the model.")] = 7,
) -> None:
    """Train a small CNN on real handwritten digits: PNG files, TFRecords, a pipeline, Keras."""
    from rich.console import Console

    console = Console(highlight=False)
    temporary: Path | None = None
    try:
        place = folder
        if place is None:
            place = temporary = Path(tempfile.mkdtemp(prefix="feedline-demo-"))
        run_demo(place, epochs, seed, console, kept=folder is not None)
    except (FeedlineError, OSError) as error:  # a full disk, also where the output is written to one
        complaints = Console(stderr=True, highlight=False)
        complaints.print(f"[bold red]{type(error).__name__}[/]")
        complaints.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def run_demo(folder: Path, epochs: int, seed: int, console: Console, *, kept: bool = True) -> float:
    """Runs the demo in a folder and returns the accuracy on the held-out digits."""
    import feedline as fl
    from feedline.cli.digits_model import build_model, choose_backend, test_dataset, training_dataset

    began = time.perf_counter()
    backend = choose_backend()
    fl.random.set_seed(seed)
    console.rule("[bold]feedline demo[/]: from image files to a trained model")

    _title(console, 1, "Write digits as PNG files, pack them into TFRecords")
    train_files, test_files, images = _make_files(folder, console, kept=kept)
    train, test = training_dataset(train_files), test_dataset(test_files)

    _title(console, 2, f"Train a small CNN from them, with Keras on {backend}")
    for line in train.explain().splitlines():
        console.print(f"   {_shortened(line, console.width - 3)}", style="dim", markup=False)
    console.print("   [dim]loading Keras ...[/]")
    model = build_model(seed)
    waits = _train(model, train, epochs, console)

    _title(console, 3, "What the pipeline did meanwhile")
    _print_stages(console, train)
    _print_speed(console, waits, images)

    _title(console, 4, "Test on the fifth of the digits that was held out")
    _, accuracy = model.evaluate(test, verbose=0)
    count = test.report().stages[0].elements
    console.print(f"   accuracy [bold green]{100 * accuracy:.2f} %[/] on {count:,} digits new to the model")
    console.print(f"   The whole demo took {time.perf_counter() - began:.0f} s.")
    return float(accuracy)


def _shortened(line: str, width: int) -> str:
    """Returns a line of a plan without its reasons, and without its remarks, where it would be broken."""
    for mark in (": ", "; "):
        if len(line) > width:
            line = line.partition(mark)[0]
    return line


def _title(console: Console, number: int, text: str) -> None:
    console.print(f"\n[bold cyan]{number}.[/] [bold]{text}[/]")


def _progress(console: Console, *columns: Any) -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("   {task.description}"),
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        *columns,
        console=console,
    )


def _make_files(folder: Path, console: Console, *, kept: bool) -> tuple[list[Path], list[Path], int]:
    """Writes images and TFRecords; returns the TFRecords for training and testing, and how many are for training."""
    from feedline.cli.digits import SHARDS, count_digits, digit_files, pack

    files = []
    with _progress(console) as progress:
        task = progress.add_task("PNG files", total=count_digits())
        for file in digit_files(folder / "images"):
            files.append(file)
            progress.advance(task)
        train = [file for file in files if not file.held_out]
        test = [file for file in files if file.held_out]
        task = progress.add_task("TFRecords", total=SHARDS + 1)
        train_shards = pack(train, folder / "records", "train", SHARDS)
        progress.advance(task, SHARDS)
        test_shards = pack(test, folder / "records", "test", 1)
        progress.advance(task)
    size = sum(path.stat().st_size for path in train_shards + test_shards)
    console.print(
        f"   {len(train):,} to train on in {len(train_shards)} TFRecords, {len(test):,} held out in {len(test_shards)}"
    )
    console.print(f"   {size / 1e6:.2f} MB in {folder}", soft_wrap=True)
    if not kept:
        console.print("   [dim]removed at the end; --folder keeps the files[/]")
    return train_shards, test_shards, len(train)


def _train(model: Any, train: Dataset, epochs: int, console: Console) -> list[EpochWait]:
    """Trains; returns how long each epoch took, and how long the model waited for data in it."""
    import keras

    import feedline.keras

    waits = feedline.keras.DataWait()
    with _progress(console, _epoch_column(console)) as progress:
        task = progress.add_task("epochs   ", total=epochs, loss="", accuracy="", wait="")

        class Show(keras.callbacks.Callback):
            """Shows each epoch's numbers on the progress bar."""

            def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
                logs = logs or {}
                progress.update(
                    task,
                    advance=1,
                    loss=f"loss {logs['loss']:.3f}",
                    accuracy=f"accuracy {100 * logs['accuracy']:.1f} %",
                    wait=f"data wait {100 * logs.get('data_wait', 0):.1f} %",
                )

        model.fit(train, epochs=epochs, verbose=0, callbacks=[waits, Show()])
    return waits.epochs


def _epoch_column(console: Console) -> Any:
    from rich.progress import TextColumn

    numbers = "{task.fields[loss]}  {task.fields[accuracy]}"
    return TextColumn(numbers if _is_narrow(console) else numbers + "  {task.fields[wait]}")


def _is_narrow(console: Console) -> bool:
    return console.width < 80


def _print_stages(console: Console, train: Dataset) -> None:
    from rich.table import Table

    from feedline.report.profile import HEADER

    table = Table(box=None, padding=(0, 2, 0, 1), header_style="bold")
    table.add_column(f"  {HEADER[0]}", no_wrap=True)
    shown = 3 if _is_narrow(console) else len(HEADER) - 1
    for header in HEADER[1 : shown + 1]:
        table.add_column(header, justify="right", no_wrap=True)
    for name, *cells in train.report().rows():
        table.add_row(f"  {name}", *cells[:shown])
    console.print(table)


def _print_speed(console: Console, waits: list[EpochWait], images: int) -> None:
    """Prints how fast the epochs of so many images went, and how much of that was waiting for data."""
    first, *others = waits
    console.print(f"   The first epoch took {first.total_seconds:.1f} s, getting ready included.")
    measured = others or waits
    seconds = sum(epoch.total_seconds for epoch in measured)
    waited = sum(epoch.waited_seconds for epoch in measured)
    speed = images * len(measured) / seconds
    which = f"The {len(others)} after it" if len(others) > 1 else "The one after it" if others else "It"
    console.print(f"   {which} trained on [bold]{speed:,.0f} images a second[/],")
    console.print(f"   and waited for data for [bold]{100 * waited / seconds:.1f} %[/] of the time.")
