"""Reports for other programs: JSON, SARIF 2.1.0, and the annotations of GitHub's workflows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import feedline
from feedline.check.finding import Finding
from feedline.check.pages import page_of
from feedline.check.report import Report
from feedline.check.rule import all_rules

_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SARIF_LEVELS = {"error": "error", "warning": "warning", "hint": "note"}
_GITHUB_COMMANDS = {"error": "error", "warning": "warning", "hint": "notice"}


def as_json(report: Report) -> str:
    """Returns a report as JSON."""
    findings = [
        {
            "code": finding.code,
            "name": finding.name,
            "severity": finding.severity,
            "message": finding.message,
            "seen": finding.seen,
            "why": finding.why,
            "where": list(finding.where),
            "fix": finding.fix,
            "file": _path(finding),
            "line": finding.origin.line if finding.origin is not None else None,
        }
        for finding in report.findings
    ]
    told = {
        "ok": report.ok,
        "dataset": report.title,
        "looked_at": report.seen,
        "not_looked_at": report.not_seen,
        "seconds": round(report.seconds, 3),
        "rules": list(report.rules),
        "silenced": list(report.silenced),
        "findings": findings,
        "failed_rules": [
            {"code": code, "error": f"{type(error).__name__}: {error}"} for code, error in report.failures
        ],
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def as_sarif(report: Report) -> str:
    """Returns a report as SARIF 2.1.0, which code hosts and editors show beside the code."""
    codes = list(report.codes)
    results = []
    for finding in report.findings:
        places = "".join(f"\nwhere: {place}" for place in finding.where)
        result: dict[str, Any] = {
            "ruleId": finding.code,
            "ruleIndex": codes.index(finding.code),
            "level": _SARIF_LEVELS[finding.severity],
            "message": {
                "text": "\n".join(filter(None, (finding.message, finding.seen, f"fix: {finding.fix}"))) + places
            },
        }
        if finding.origin is not None:
            result["locations"] = [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": _uri(finding)},
                        "region": {"startLine": finding.origin.line},
                    }
                }
            ]
        results.append(result)
    driver = {
        "name": "feedline",
        "version": feedline.__version__,
        "semanticVersion": feedline.__version__,
        "rules": [_sarif_rule(code) for code in codes],
    }
    notes = [
        {
            "level": "error",
            "message": {"text": f"{type(error).__name__}: {error}"},
            "descriptor": {"id": code},
        }
        for code, error in report.failures
    ]
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def as_github(report: Report) -> str:
    """Returns a report as commands of GitHub's workflows, which make annotations of them; one line a finding."""
    lines = []
    for finding in report.findings:
        properties = {"title": f"{finding.code} {finding.name}"}
        if finding.origin is not None:
            properties = {"file": _path(finding) or "", "line": str(finding.origin.line), **properties}
        told = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
        text = "\n".join([finding.message, *(f"{heading}: {part}" for heading, part in finding.parts())])
        lines.append(f"::{_GITHUB_COMMANDS[finding.severity]} {told}::{_escaped(text)}")
    return "\n".join([*lines, f"feedline check: {report.summary()}"])


def _sarif_rule(code: str) -> dict[str, Any]:
    rule = all_rules()[code]
    page = page_of(code)
    told: dict[str, Any] = {
        "id": code,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": " ".join((rule.__doc__ or rule.name).split("\n\n")[0].split())},
        "fullDescription": {"text": rule.why},
        "defaultConfiguration": {"level": _SARIF_LEVELS[rule.severity]},
    }
    if page is not None:
        told["helpUri"] = page.as_uri()
        told["help"] = {"text": rule.why, "markdown": page.read_text(encoding="utf-8")}
    return told


def _path(finding: Finding) -> str | None:
    """Returns the file of a finding, relative where it is below the current folder."""
    if finding.origin is None:
        return None
    path = Path(finding.origin.filename)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_posix()


def _uri(finding: Finding) -> str:
    from urllib.parse import quote

    path = _path(finding) or ""
    return Path(path).as_uri() if os.path.isabs(path) else quote(path)


def _escaped(text: str, more: str = "") -> str:
    for sign in ("%", "\r", "\n", *more):
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
