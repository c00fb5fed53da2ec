"""check: runs the rules on a dataset and gathers what they find."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from feedline.check.context import USES, Context
from feedline.check.families.running import Raises, raised
from feedline.check.finding import SEVERITIES, Finding
from feedline.check.looking import own_warnings_off
from feedline.check.report import Report
from feedline.check.rule import Rule, all_rules
from feedline.check.silence import silenced
from feedline.errors import ArgumentError, FeedlineError
from feedline.nodes.base import Node

SECONDS = 3.0
"""For how long elements are looked at."""


def check(
    node: Node,
    *,
    model: Any = None,
    against: Node | None = None,
    sample: int = 512,
    ignore: Iterable[str] | str = (),
    use: str = "training",
    seconds: float = SECONDS,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    in_fit: bool = False,
    shows_progress: bool = True,
) -> Report:
    """Returns what is found about a dataset.

    Args:
        node: its last node.
        model: a Keras model that is to be trained on it.
        against: the last node of the dataset that it is compared with, such as the validation data.
        sample: how many elements are looked at, of each of the two.
        ignore: codes and beginnings of codes of rules that are not run.
        use: "training" or "validation".
        seconds: for how long elements are looked at.
        steps_per_epoch: what `fit` was given.
        validation_steps: what `fit` was given, for `against`.
        in_fit: whether `fit` asks.
        shows_progress: whether a bar on a terminal says how far it is.

    Raises:
        ArgumentError: `ignore` names no rule, or `use` is something else.
    """
    if use not in USES:
        raise ArgumentError(f"use is {use!r}.", fix='Give "training" or "validation".')
    silent = silenced(ignore)
    start = time.perf_counter()
    with own_warnings_off(), _progress(sample if shows_progress else 0) as progress:
        other = None
        if against is not None:
            other_use = "validation" if use == "training" else "training"
            other = Context(
                against, size=sample, seconds=seconds / 2, use=other_use, steps_per_epoch=validation_steps,
                in_fit=in_fit, progress=progress,
            )  # fmt: skip
        context = Context(
            node, size=sample, seconds=seconds if other is None else seconds / 2, model=model, against=other, use=use,
            steps_per_epoch=steps_per_epoch, in_fit=in_fit, progress=progress,
        )  # fmt: skip
        able = [rule for rule in all_rules().values() if _can_run(rule, context)]
        rules = [rule for rule in able if rule.code not in silent]
        findings, failures = run_rules(rules, context, [rule for rule in able if rule.code in silent])
    from feedline.dataset.base import describe_chain

    report = Report(
        findings,
        title=describe_chain(node),
        seen=context.seen(),
        not_seen=context.sample.not_looked_at,
        seconds=time.perf_counter() - start,
        rules=tuple(rule.code for rule in rules),
        silenced=tuple(sorted(silent)),
        failures=failures,
    )
    for looked_at in (context, other):
        if looked_at is not None:
            looked_at.forget()
    return report


def run_rules(
    rules: Sequence[type[Rule]], context: Context, silent: Sequence[type[Rule]] = ()
) -> tuple[list[Finding], list[tuple[str, Exception]]]:
    """Returns what rules find, the worst first, and which of them failed themselves.

    Args:
        rules: the rules that are run.
        context: what they look at.
        silent: rules that were silenced: what they find is not told, and neither are the errors that it explains.
    """
    findings: list[Finding] = []
    failures: list[tuple[str, Exception]] = []
    for rule in rules:
        try:
            findings += rule().check(context)
        except FeedlineError as error:  # the pipeline cannot even tell its length, as of a file that is cut short
            tells = Raises in rules or context.sample.not_looked_at
            if tells and not any(error.what == finding.message for finding in findings):
                findings.append(raised(error, context))
        except Exception as error:  # a mistake in a rule must not keep anyone from training
            traceback.clear_frames(error.__traceback__)  # what was looked at is not to be kept by the report
            failures.append((rule.code, error))
    findings = _without_explained(findings, silent, context)
    findings.sort(key=lambda finding: (SEVERITIES.index(finding.severity), finding.code))
    return findings, failures


def _without_explained(findings: list[Finding], silent: Sequence[type[Rule]], context: Context) -> list[Finding]:
    """Returns findings without the errors of the pipeline that another rule explains, be it silenced."""
    if not any(finding.code == Raises.code for finding in findings):
        return findings
    explained = {message for finding in findings for message in finding.explains}
    for rule in silent:
        if rule.explains_errors:
            with suppress(Exception):  # a rule that nobody wants to hear of
                explained.update(message for finding in rule().check(context) for message in finding.explains)
    return [finding for finding in findings if finding.code != Raises.code or finding.message not in explained]


def _can_run(rule: type[Rule], context: Context) -> bool:
    missing = {
        "model": context.model is None,
        "against": context.against is None,
        "sample": bool(context.sample.not_looked_at),
    }
    return not any(missing.get(need, False) for need in rule.needs)


@contextmanager
def _progress(size: int) -> Iterator[Callable[[int], None] | None]:
    """Shows a bar on standard error while elements are looked at, where that is a terminal."""
    if not sys.stderr.isatty() or size == 0:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("feedline check"), BarColumn(), MofNCompleteColumn(), TextColumn("elements looked at"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=size)
        yield lambda count: bar.update(task, completed=min(count, size))
