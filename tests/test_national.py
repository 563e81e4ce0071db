"""One population over the workers of an executor: the bits of one thread, wherever its subdistricts are computed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers_engine import SCENARIOS

from empowersim.engine import stream
from empowersim.experiments import compare as comparing
from empowersim.experiments import executors
from empowersim.experiments.compare import Comparison, Plan, execute, plan
from empowersim.experiments.executors import KINDS, make_executor
from empowersim.experiments.processes import Processes

pytestmark = pytest.mark.filterwarnings("default::ResourceWarning", "default::DeprecationWarning")
INDONESIA = SCENARIOS / "indonesia.yaml"
HOUSEHOLDS = 12_000


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stream what is small, in many stretches; two workers on any machine."""
    monkeypatch.setattr(comparing, "POOLED_HOUSEHOLDS", HOUSEHOLDS - 1)
    monkeypatch.setattr(stream, "_STRETCH", 1)
    monkeypatch.setattr(executors, "available_threads", lambda: 2)


def asked(**more: Any) -> Plan:
    made = plan(INDONESIA, **({"households": HOUSEHOLDS, "months": 6, "replicates": 1} | more))
    assert made.streamed == (made.households == HOUSEHOLDS)
    return made


def unlike(one: Comparison, other: Comparison) -> list[str]:
    """Columns that have not the very same bits."""
    assert (one.run_id, one.notes, one.households) == (other.run_id, other.notes, other.households)
    return [
        f"{name}.{column}"
        for name, table in one.tables.items()
        for column, values in table.columns.items()
        if values.tobytes() != other.table(name)[column].tobytes()
    ]


@pytest.fixture
def by_thread() -> Comparison:
    return execute(asked(), threads=1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_streamed_population_has_the_same_bits_over_any_executor(kind: str, by_thread: Comparison) -> None:
    if kind == "dask":
        pytest.importorskip("distributed")
    heard: list[int] = []
    with make_executor(kind) as executor:
        found = execute(asked(), executor=executor, progress=lambda done, _total, _what: heard.append(done))
        futures = execute(asked(households=600, replicates=3), executor=executor)
    assert unlike(by_thread, found) == []
    assert heard == sorted(heard)
    assert heard[-1] == HOUSEHOLDS
    assert len(heard) > 5, "one step a stretch"
    assert unlike(execute(asked(households=600, replicates=3), threads=2), futures) == []


def test_a_policy_that_counts_the_poor_first_is_spread_as_well(tmp_path: Path) -> None:
    file = tmp_path / "poor_first.yaml"
    text = INDONESIA.read_text(encoding="utf-8")
    head, policies, rest = text.partition("policies:\n")
    file.write_text(
        head
        + policies
        + "  by_poverty:\n    sharing: by_poverty\n"
        + "    programmes: {skills_training: {budget: 5 trillion IDR/year}}\n"
        + rest,
        encoding="utf-8",
    )
    made = plan(file, policies=["by_poverty"], households=HOUSEHOLDS, months=6, replicates=1)
    assert made.compiled.policies["by_poverty"].sharing == "by_poverty"
    with make_executor("processes") as executor:
        assert unlike(execute(made, threads=1), execute(made, executor=executor)) == []


def test_a_worker_killed_in_the_middle_changes_nothing(by_thread: Comparison) -> None:
    killed: list[int] = []
    with make_executor("processes") as executor:
        assert isinstance(executor, Processes)

        def kill(done: int, _total: int, _what: str) -> None:
            if done > HOUSEHOLDS // 4 * (len(killed) + 1) and len(killed) < 2:
                killed.append(executor.pids[0])
                os.kill(killed[-1], signal.SIGKILL)

        found = execute(asked(), executor=executor, progress=kill)
    assert len(killed) == 2
    assert unlike(by_thread, found) == []


def test_an_error_in_a_stretch_is_the_error_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any, stretch: Any) -> Iterator[Any]:
        raise MemoryError(f"no more at {stretch.first}")

    monkeypatch.setattr(stream.Stretches, "live", broken)
    with make_executor("serial") as executor, pytest.raises(MemoryError, match="no more at 0"):
        execute(asked(), executor=executor)
