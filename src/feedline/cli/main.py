"""The `feedline` command."""

from __future__ import annotations

from typing import Annotated

import typer

from feedline.cli.check import check
from feedline.cli.demo import demo
from feedline.cli.warmup import warmup

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="tf.data without TensorFlow: input pipelines for Keras 3 on JAX, PyTorch or TensorFlow.",
)
app.command()(demo)
app.command()(check)
app.command()(warmup)


def _print_version(wanted: bool) -> None:
    if wanted:
        import feedline

        typer.echo(f"feedline {feedline.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the command itself."""


if __name__ == "__main__":
    app()
