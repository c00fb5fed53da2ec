"""How much memory and how many cores there are, as control groups of both versions say it."""

from __future__ import annotations

import os

import pytest

from feedline.run import cgroups, memory
from feedline.run.concurrency import available_cores


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Returns what makes the control groups of a test: the membership, and files with their text."""
    root = tmp_path / "cgroup"

    def make(membership: str, files: dict[str, str]) -> None:
        (tmp_path / "self").write_text(membership)
        for name, text in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        monkeypatch.setattr(cgroups, "ROOT", root)
        monkeypatch.setattr(cgroups, "MEMBERSHIP", tmp_path / "self")

    return make


def test_without_limits_it_is_the_machines(groups) -> None:
    groups("0::/a\n", {"a/memory.max": "max\n", "a/cpu.max": "max 100000\n"})
    assert memory.allowed_memory() == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert available_cores() == len(os.sched_getaffinity(0))


def test_version_2(groups) -> None:
    groups("0::/a/b\n", {"a/b/memory.max": "500000\n", "a/memory.max": "300000\n", "a/b/cpu.max": "50000 100000\n"})
    assert memory.allowed_memory() == 300_000
    assert available_cores() == 1


def test_version_2_within_a_container(groups) -> None:
    groups("0::/\n", {"memory.max": "700000\n", "cpu.max": "100000 100000\n"})
    assert memory.allowed_memory() == 700_000
    assert available_cores() == 1


def test_version_1(groups) -> None:
    groups(
        "9:name=systemd:/\n4:memory:/x\n1:cpu,cpuacct:/x\n0::/\n",
        {
            "memory/x/memory.limit_in_bytes": "400000\n",
            "memory/memory.limit_in_bytes": "9223372036854771712\n",
            "cpu,cpuacct/x/cpu.cfs_quota_us": "100000\n",
            "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
        },
    )
    assert memory.allowed_memory() == 400_000
    assert available_cores() == 1


def test_where_there_are_no_control_groups(groups, tmp_path, monkeypatch) -> None:
    groups("", {})
    monkeypatch.setattr(cgroups, "MEMBERSHIP", tmp_path / "none")
    assert memory.allowed_memory() > 1 << 20
    assert available_cores() >= 1


def test_the_budget_is_a_quarter(groups) -> None:
    groups("0::/a\n", {"a/memory.max": "4000000\n"})
    memory.default_budget.cache_clear()
    try:
        assert memory.default_budget() == 1_000_000
    finally:
        memory.default_budget.cache_clear()
