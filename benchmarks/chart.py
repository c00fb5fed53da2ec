"""Draws docs/benchmarks.png: how many times as fast as tf.data each is, workload by workload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import workloads
from benchmarks.harness import REFERENCE, Outcome
from benchmarks.session import Session

# Of each library its best contender is drawn. Colours that colour-blind people can tell apart (Okabe and Ito).
LIBRARIES = {
    "PyTorch DataLoader": (("torch-0", "torch-2", "torch-bulk"), "#E69F00", "s"),
    "Grain": (("grain-threads", "grain-processes"), "#009E73", "^"),
    "SPDL": (("spdl",), "#CC79A7", "D"),
    "Keras PyDataset": (("pydataset-threads", "pydataset-processes"), "#56B4E9", "v"),
}
MINE, LIMIT = "#D55E00", "#888888"
WIDTH, ROW_HEIGHT, MARGIN, DOTS_PER_INCH = 8.8, 0.36, 1.35, 200  # inches; a README is about 8.8 inches wide


def draw(session: Session, file: Path) -> bool:
    """Draws what was measured; workloads that were measured by numbers of workers are not in it.

    Args:
        session: what was measured.
        file: where the PNG goes.

    Returns:
        Whether there was anything to draw.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    rows = {
        name: outcomes
        for name, outcomes in session.workloads.items()
        if "/" not in name and _ratios(outcomes, ("feedline",))
    }
    if not rows:
        return False
    figure, axes = pyplot.subplots(figsize=(WIDTH, MARGIN + ROW_HEIGHT * len(rows)), layout="constrained")
    for place, outcomes in enumerate(rows.values()):
        _draw_row(axes, place, outcomes)
    for label, (contenders, colour, marker) in LIBRARIES.items():
        if any(_ratios(outcomes, contenders) for outcomes in rows.values()):
            axes.scatter([], [], s=32, color=colour, marker=marker, label=label)
    axes.scatter([], [], s=110, color=LIMIT, marker="|", linewidths=2, label="limit: the least work")
    axes.scatter([], [], s=75, color=MINE, marker="o", label="feedline")
    axes.axvline(1, color="black", linewidth=1)
    axes.annotate("tf.data", (1, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=9.5)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(range(len(rows)), [f"{workloads.load(name).SHORT}  {name}" for name in rows], fontsize=9.5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(right=axes.get_xlim()[1] * 1.3)  # room for the last label
    axes.set_title(
        f"Samples a second as a multiple of tf.data's ({session.machine['cores']} cores; log scale)",
        fontsize=11,
        loc="left",
        pad=20,  # above the word at the line
    )
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, fontsize=9.5, frameon=False)
    figure.savefig(file, dpi=DOTS_PER_INCH, metadata={"Software": None})
    pyplot.close(figure)
    return True


def _draw_row(axes: Any, place: int, outcomes: dict[str, Outcome]) -> None:
    from matplotlib.patheffects import withStroke

    mine = _ratios(outcomes, ("feedline",))[0]
    limit = _ratios(outcomes, ("limit",))
    peers = {name: _ratios(outcomes, contenders) for name, (contenders, _, _) in LIBRARIES.items()}
    drawn = [1.0, mine, *limit, *(max(ratios) for ratios in peers.values() if ratios)]
    axes.plot([min(drawn), max(drawn)], [place, place], color="#cccccc", linewidth=1, zorder=1)
    axes.scatter(limit, [place] * len(limit), s=110, color=LIMIT, marker="|", linewidths=2, zorder=2)
    for name, (_, colour, marker) in LIBRARIES.items():
        if peers[name]:
            axes.scatter(max(peers[name]), place, s=32, color=colour, marker=marker, zorder=3)
    axes.scatter(mine, place, s=75, color=MINE, marker="o", zorder=4)
    axes.annotate(
        f"{mine:.0f}x" if mine >= 100 else f"{mine:.1f}x" if mine >= 10 else f"{mine:.2f}x",
        (mine, place),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        fontsize=8.5,
        color=MINE,
        weight="bold",
        path_effects=[withStroke(linewidth=2.5, foreground="white")],  # readable across a line
        zorder=5,
    )


def _ratios(outcomes: dict[str, Outcome], contenders: tuple[str, ...]) -> list[float]:
    """Returns the ratios to tf.data of those contenders that were measured."""
    reference = outcomes.get(REFERENCE)
    ratios = (outcomes[name].ratio(reference) for name in contenders if name in outcomes)
    return [ratio for ratio in ratios if ratio is not None]
