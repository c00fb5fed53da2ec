"""Report: what a check has found, for a terminal, a file, a notebook."""

from __future__ import annotations

import html
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from feedline.check.finding import SEVERITIES, Finding

_COLOURS = {"error": "bold red", "warning": "bold yellow", "hint": "bold cyan"}
_HTML_COLOURS = {"error": "#c62828", "warning": "#b26a00", "hint": "#00695c"}


@dataclass
class Report:
    """What a check has found.

    Args:
        findings: the findings, the worst first.
        title: the pipeline in one line.
        seen: how much was looked at ("512 of 60,000 elements").
        not_seen: why no element was looked at; "" where some were.
        seconds: how long the check took.
        rules: the codes of the rules that were run.
        silenced: the codes of the rules that were silenced.
        failures: rules that failed themselves: pairs of a code and what was raised. They say nothing of the dataset.

    Example:
        >>> import numpy as np
        >>> import feedline as fl
        >>> ds = fl.Dataset.from_tensor_slices((np.zeros((64, 4), np.float32), np.repeat([0, 1], 32))).batch(8)
        >>> report = ds.check(show=False)
        >>> report.ok, "FL301" in report.codes
        (True, True)
    """

    findings: list[Finding]
    title: str = ""
    seen: str = ""
    not_seen: str = ""
    seconds: float = 0.0
    rules: tuple[str, ...] = ()
    silenced: tuple[str, ...] = ()
    failures: list[tuple[str, Exception]] = field(default_factory=list)
    shown_in: Any = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether there are no errors; warnings and hints may be there."""
        return not self.errors

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the findings, each once."""
        return tuple(dict.fromkeys(finding.code for finding in self.findings))

    @property
    def errors(self) -> list[Finding]:
        """The findings that are errors."""
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        """The findings that are warnings."""
        return [finding for finding in self.findings if finding.severity == "warning"]

    @property
    def hints(self) -> list[Finding]:
        """The findings that are hints."""
        return [finding for finding in self.findings if finding.severity == "hint"]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __bool__(self) -> bool:
        return True

    def summary(self) -> str:
        """Returns one line: how many findings of each kind, how much was looked at, and how long it took."""
        counts = [(severity, sum(each.severity == severity for each in self.findings)) for severity in SEVERITIES]
        told = [f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in counts if count]
        looked = f"no element looked at: {self.not_seen}" if self.not_seen else f"looked at {self.seen}"
        return f"{', '.join(told) or 'nothing found'}; {looked}; {len(self.rules)} rules, {self.seconds:.1f} s"

    def notes(self) -> list[str]:
        """Returns what else is to be said: rules that were silenced, or failed themselves."""
        told = [f"silenced: {', '.join(self.silenced)}"] if self.silenced else []
        return told + [
            f"the rule {code} itself failed, which says nothing of the dataset: {type(error).__name__}: {error}"
            for code, error in self.failures
        ]

    def __str__(self) -> str:
        parts = [f"feedline check: {self.title}\n{self.summary()}", *map(str, self.findings), *self.notes()]
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        return f"<Report: {self.summary()}>"

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        lines: list[Any] = [
            Text.assemble(("feedline check: ", "bold"), self.title),
            Text(self.summary(), style="green" if not self.findings else ""),
        ]
        for finding in self.findings:
            lines += ["", Text.assemble(
                (f"{finding.code} {finding.severity}", _COLOURS[finding.severity]), (f" {finding.name}", "dim"),
            )]  # fmt: skip
            table = Table.grid(padding=(0, 2))
            table.add_column(width=5, style="dim", justify="right")
            table.add_column(overflow="fold")
            table.add_row("", Text(finding.message, style="bold"))
            before = ""
            for heading, text in finding.parts():
                style = "green" if heading == "fix" else "dim" if heading == "why" else ""
                table.add_row(heading if heading != before else "", Text(text, style=style))
                before = heading
            lines.append(table)
        lines += [Text(note, style="dim") for note in self.notes()]
        return Group(*lines)

    def _repr_html_(self) -> str:
        if self.shown_in is not None and self.shown_in == notebook_cell():  # `check` has shown it in this very cell
            return f"<small>{html.escape(self.summary())}</small>"
        return self.html()

    def html(self) -> str:
        """Returns the report as a piece of an HTML page."""
        parts = [
            '<div style="font-family:sans-serif;font-size:14px;line-height:1.4">',
            f"<div><b>feedline check:</b> <code>{html.escape(self.title)}</code></div>",
            f"<div>{html.escape(self.summary())}</div>",
        ]
        for finding in self.findings:
            colour = _HTML_COLOURS[finding.severity]
            rows = "".join(
                f'<tr><td style="opacity:.6;text-align:right;vertical-align:top;padding:0 8px 0 0">{heading}</td>'
                f'<td style="text-align:left;padding:0">{html.escape(text)}</td></tr>'
                for heading, text in finding.parts()
            )
            parts.append(
                f'<div style="border-left:4px solid {colour};padding:2px 0 2px 10px;margin:10px 0">'
                f'<b style="color:{colour}">{finding.code} {finding.severity}</b> '
                f'<span style="opacity:.6">{html.escape(finding.name)}</span>'
                f"<div><b>{html.escape(finding.message)}</b></div>"
                f'<table style="border:none;margin:2px 0">{rows}</table></div>'
            )
        parts += [f"<div><small>{html.escape(note)}</small></div>" for note in self.notes()]
        return "".join(parts) + "</div>"

    def show(self, file: Any = None) -> None:
        """Prints the report: in colours on a terminal, as HTML in a notebook, as plain text elsewhere.

        Args:
            file: where; None for standard output.
        """
        cell = notebook_cell() if file is None else None
        if cell is not None:
            display: Any = importlib.import_module("IPython.display").display

            display(self)
            self.shown_in = cell
            return
        out = sys.stdout if file is None else file
        if getattr(out, "isatty", lambda: False)():
            from rich.console import Console

            Console(file=out, highlight=False).print(self)
        else:
            print(self, file=out)


def notebook_cell() -> int | None:
    """Returns the number of the notebook's cell that is being run; None outside of notebooks."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or type(shell).__name__ != "ZMQInteractiveShell":
        return None
    return int(shell.execution_count)
