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
    place = folder or Path(tempfile.mkdtemp(prefix="feedline-demo-"))
    try:
        run_demo(place, epochs, seed, console)
    except FeedlineError as error:
        console.print(f"[bold red]{type(error).__name__}[/]")
        console.print(str(error), markup=False)
        raise typer.Exit(1) from None
    finally:
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


def run_demo(folder: Path, epochs: int, seed: int, console: Console) -> float:
    """Runs the demo in a folder and returns the accuracy on the held-out digits."""
    import feedline as fl
    from feedline.cli.digits_model import build_model, choose_backend, test_dataset, training_dataset

    began = time.perf_counter()
    backend = choose_backend()
    fl.random.set_seed(seed)
    console.rule("[bold]feedline demo[/]: handwritten digits, from files to a trained model")

    _title(console, 1, "Write the digits as PNG files and pack them into TFRecords")
    train_files, test_files, images = _make_files(folder, console)
    train, test = training_dataset(train_files), test_dataset(test_files)

    _title(console, 2, f"Train a small CNN from the TFRecords, with Keras on {backend}")
    for line in train.explain().splitlines():
        console.print(f"   {line}", style="dim", markup=False)
    console.print("   [dim]loading Keras ...[/]")
    model = build_model(seed)
    wait, seconds = _train(model, train, epochs, console)

    _title(console, 3, "What the pipeline did meanwhile")
    _print_stages(console, train)
    images *= epochs
    console.print(
        f"   {images:,} images in {seconds:.1f} s: [bold]{images / seconds:,.0f} images a second[/] trained on."
    )
    console.print(
        f"   The model waited for data in [bold]{100 * wait.share:.1f} %[/] of its training time "
        f"({wait.waited_seconds:.2f} s of {wait.total_seconds:.1f} s, {wait.steps:,} steps)."
    )

    _title(console, 4, "Test on the fifth of the digits that was held out")
    _, accuracy = model.evaluate(test, verbose=0)
    count = test.report().stages[0].elements
    console.print(f"   accuracy [bold green]{100 * accuracy:.2f} %[/] on {count:,} digits that the model has not seen.")
    console.print(f"   The whole demo took {time.perf_counter() - began:.0f} s.")
    return float(accuracy)


def _title(console: Console, number: int, text: str) -> None:
    console.print(f"\n[bold cyan]{number}.[/] [bold]{text}[/]")


def _progress(console: Console, *columns: Any) -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("   {task.description}"),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        *columns,
        console=console,
    )


def _make_files(folder: Path, console: Console) -> tuple[list[Path], list[Path], int]:
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
        f"   {len(files):,} images in {folder / 'images'}; {len(train):,} for training in {len(train_shards)} "
        f"TFRecords, {len(test):,} held out in 1, {size / 1e6:.2f} MB in all",
        soft_wrap=True,
    )
    return train_shards, test_shards, len(train)


def _train(model: Any, train: Dataset, epochs: int, console: Console) -> tuple[Any, float]:
    """Trains; returns how long the model waited for data, and the seconds of training."""
    import keras

    import feedline.keras

    waits = feedline.keras.DataWait()
    with _progress(console, _epoch_column()) as progress:
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

        start = time.perf_counter()
        model.fit(train, epochs=epochs, verbose=0, callbacks=[waits, Show()])
        seconds = time.perf_counter() - start
    assert waits.record is not None
    return waits.record.total(), seconds


def _epoch_column() -> Any:
    from rich.progress import TextColumn

    return TextColumn("{task.fields[loss]}  {task.fields[accuracy]}  {task.fields[wait]}")


def _print_stages(console: Console, train: Dataset) -> None:
    from rich.table import Table

    from feedline.report.profile import HEADER

    table = Table(box=None, padding=(0, 2, 0, 1), header_style="bold")
    table.add_column(f"  {HEADER[0]}")
    for header in HEADER[1:]:
        table.add_column(header, justify="right")
    for name, *cells in train.report().rows():
        table.add_row(f"  {name}", *cells)
    console.print(table)
