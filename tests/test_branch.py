"""Branching from a burn-in: the bits of running through, in memory and from a file; anything else is refused."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers_engine import SCENARIOS

import empowersim.experiments.branch as branching
from empowersim.engine.midway import go_on_with, run_until
from empowersim.engine.simulate import burn_in_of, run_from
from empowersim.errors import SimulationError, StoreError
from empowersim.experiments.audit_changes import unlike_runs
from empowersim.experiments.branch import burn_in, read_burn_in
from empowersim.experiments.compare import Comparison, compare, plan
from empowersim.fronts import audit_cli, cli
from empowersim.scenario.changes import Changeable
from empowersim.scenario.load import load

MEDAN = SCENARIOS / "medan.yaml"
SIZE = {"households": 700, "replicates": 2}


def unlike(one: Comparison, other: Comparison) -> list[str]:
    """Columns that have not the very same bits."""
    assert (one.run_id, one.notes, one.households, dict(one.inputs)) == (
        other.run_id,
        other.notes,
        other.households,
        dict(other.inputs),
    )
    return [
        f"{name}.{column}"
        for name, table in one.tables.items()
        for column, values in table.columns.items()
        if values.tobytes() != other.table(name)[column].tobytes()
    ]


@pytest.fixture(scope="module")
def through() -> Comparison:
    return compare(MEDAN, months=14, threads=1, **SIZE)


@pytest.fixture(scope="module")
def burnt() -> Any:
    return burn_in(MEDAN, threads=2, **SIZE)


def test_branching_equals_running_through(burnt: Any, through: Comparison) -> None:
    assert unlike(burnt.run(months=14, threads=2), through) == []
    assert unlike(burnt.run(months=14, threads=1), through) == [], "a burn-in is left as it was"


def test_any_policies_in_any_number_go_on_from_it(burnt: Any, through: Comparison) -> None:
    for asked in ({"policies": ["mix_coached"]}, {"policies": ["entrepreneurship", "mix_mentors"], "months": 3}):
        given = {"months": 14} | asked
        assert unlike(burnt.run(**given), compare(MEDAN, threads=1, **SIZE, **given)) == []
    assert through.policies[0] == "no_programme"


def test_a_policy_thought_of_later_goes_on_from_it(burnt: Any) -> None:
    later = Changeable(MEDAN).scenario(
        {"policies.balanced_mix.programmes.adult_literacy.budget": "30 billion IDR/year"}
    )
    assert later.digest != load(MEDAN).digest
    assert unlike(burnt.run(later, months=6), compare(later, months=6, threads=1, **SIZE)) == []


def test_from_a_file_as_from_memory(burnt: Any, through: Comparison, tmp_path: Path) -> None:
    path = burnt.save(tmp_path / "burnt.npz")
    stored = read_burn_in(path)
    assert (stored.id, stored.replicates) == (burnt.id, 2)
    assert unlike(stored.run(MEDAN, months=14, threads=2), through) == []
    again = stored.save(tmp_path / "again.npz")
    assert again.read_bytes() == path.read_bytes()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["again.npz", "burnt.npz"]
    with pytest.raises(SimulationError, match="name a scenario"):
        stored.run(months=14)
    with np.load(path, allow_pickle=False) as plain:
        assert "0/state" in plain.files


def test_one_future_alone(burnt: Any) -> None:
    alone = burn_in(MEDAN, replicate=1, households=700)
    one, other = alone.future(1).begun[0].block, burnt.future(1).begun[0].block
    for name in one._fields:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    with pytest.raises(SimulationError, match="future 0: expected one that is burnt in"):
        alone.future(0)


@pytest.mark.parametrize(
    ("changes", "asked", "told"),
    [
        ({"base.parameters.kin_sharing": "0.11"}, {}, r"parameters: kin_sharing is .* there, 0.1\d* here"),
        ({"base.world.trap": "yes"}, {}, "parameters: trap is 0.0 there, 1.0 here"),
        ({"base.world.poverty_rate": "12 %"}, {}, "place: .*regions.* differ"),
        ({"base.simulation.burn_in": "23 months"}, {}, "burn_in: 24 there, 23 here"),
        ({}, {"replicates": 3}, "replicates: 2 burnt in, 3 asked for"),
        ({}, {"seed": 2}, "seed: 1 there, 2 here"),
        ({}, {"households": 701}, "households: 700 there, 701 here"),
    ],
)
def test_another_world_is_refused_and_what_differs_is_named(
    burnt: Any, changes: dict[str, str], asked: dict[str, int], told: str
) -> None:
    other = Changeable(MEDAN).scenario(changes)
    made = plan(other, **({"months": 3, "households": 700, "replicates": 2} | asked))
    with pytest.raises(SimulationError, match=told):
        burnt.execute(made)


def test_another_program_is_refused(burnt: Any) -> None:
    other = replace(burnt, inputs={**burnt.inputs, "program": "0" * 16})
    with pytest.raises(SimulationError, match=r"program: 0+ there"):
        other.run(months=1)


def test_every_parameter_is_among_what_it_depends_on(burnt: Any) -> None:
    values = burnt.inputs["parameters"]
    assert {"kin_sharing", "trap"} <= set(values)
    assert len(values) > 100


def test_more_than_fits_in_memory_is_refused() -> None:
    with pytest.raises(SimulationError, match="which are streamed"):
        burn_in(SCENARIOS / "indonesia.yaml", households=300_000)


@pytest.mark.parametrize("how", ["cut", "flipped", "other", "missing"])
def test_a_damaged_file_is_named(burnt: Any, tmp_path: Path, how: str) -> None:
    path = burnt.save(tmp_path / "burnt.npz")
    content = bytearray(path.read_bytes())
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "flipped":
        content[len(content) // 3] ^= 0xFF
        path.write_bytes(content)
    elif how == "other":
        path.write_bytes(b"something else")
    else:
        path = tmp_path / "nowhere.npz"
    with pytest.raises(StoreError, match=path.name):
        read_burn_in(path).run(MEDAN, months=1)


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    burnt: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = burnt.save(tmp_path / "burnt.npz")
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(branching.os, "fsync", full)
    with pytest.raises(StoreError, match="the disk is full"):
        burnt.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["burnt.npz"]
    with pytest.raises(StoreError, match=r"ends with \.npz"):
        burnt.save(tmp_path / "burnt.zip")


# --- branching in the middle ------------------------------------------------------------------------------------------


def burnt_and_common(file: str = "medan.yaml", households: int = 3000) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """A burn-in of a scenario, what its runs have in common, and its policies."""
    made = plan(SCENARIOS / file, households=households, months=16, replicates=1)
    common = {
        "travel": made.compiled.travel,
        "parameters": made.compiled.parameters,
        "burn_in": 5,
        "seed": 1,
        "replicate": 0,
    }
    burnt = burn_in_of(made.compiled.population(households, 1, 0), threads=1, **common)
    return burnt, {**common, "months": 16}, dict(made.compiled.policies)


@pytest.mark.parametrize("name", ["mix_coached", "skills_training"])
@pytest.mark.parametrize("month", [1, 7, 15])
def test_a_policy_that_goes_on_with_itself_is_the_run_in_one(name: str, month: int) -> None:
    burnt, common, policies = burnt_and_common()
    midway = run_until(burnt, policies[name], month, **common)
    (through,) = run_from(burnt, [policies[name]], threads=2, **common)
    assert through.places_filled.sum() > 0
    for (again,) in (go_on_with(midway, [policies[name]]), go_on_with(midway, [policies[name]])):
        assert unlike_runs(again, through) == []


def test_village_programmes_go_on_with_themselves() -> None:
    burnt, common, policies = burnt_and_common("remote-islands.yaml", 4000)
    villages = [policy for policy in policies.values() if policy.community]
    assert villages
    for policy in villages:
        (through,) = run_from(burnt, [policy], threads=1, **common)
        assert through.community_cost.sum() > 0
        assert unlike_runs(go_on_with(run_until(burnt, policy, 6, **common), [policy])[0], through) == []


def test_going_on_without_a_programme_is_a_policy_that_ends_there() -> None:
    burnt, common, policies = burnt_and_common()
    first = policies["mix_mentors"]
    (ended,) = run_from(burnt, [replace(first, end=7)], threads=1, **common)
    (stopped,) = go_on_with(run_until(burnt, first, 7, **common), [policies["no_programme"]])
    assert stopped.policy == "no_programme"
    assert unlike_runs(stopped, ended, apart_from={"policy"}) == []
    assert stopped.touched.sum() > 50


def test_going_on_without_new_places_is_a_policy_that_takes_no_more() -> None:
    burnt, common, policies = burnt_and_common()
    first = policies["balanced_mix"]
    later = replace(first, programmes=tuple(replace(one, last_intake=8) for one in first.programmes))
    (through,) = run_from(burnt, [later], threads=1, **common)
    (branched,) = go_on_with(run_until(burnt, first, 9, **common), [later])
    assert unlike_runs(branched, through, apart_from={"policy"}) == []


def test_many_continuations_share_their_past_and_only_that() -> None:
    burnt, common, policies = burnt_and_common()
    midway = run_until(burnt, policies["skills_training"], 8, **common)
    found = go_on_with(midway, list(policies.values()))
    for one, name in zip(found, policies, strict=True):
        assert np.array_equal(one.monthly[:, :8], found[0].monthly[:, :8], equal_nan=True), name
        assert "skills_training" in one.programme_names
        row = one.programme_names.index("skills_training")
        assert one.places_filled[row, :8].sum() > 0
        assert np.array_equal(one.cost[:8], found[0].cost[:8])
    changed = {one.policy for one in found if not np.array_equal(one.end_consumption, found[0].end_consumption)}
    assert changed == set(policies) - {"no_programme"}
    with pytest.raises(SimulationError, match="1 to 15, found 16"):
        run_until(burnt, policies["skills_training"], 16, **common)


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_keeps_a_burn_in(tmp_path: Path, capsys: pytest.CaptureFixture[str], through: Comparison) -> None:
    parser = cli._Parser(prog="empowersim")
    audit_cli.add_audit(parser.add_subparsers(dest="command", required=True))
    path = tmp_path / "burnt.npz"
    asked = parser.parse_args(
        ["burn-in", str(MEDAN), "--out", str(path), "--households", "700", "--replicates", "2", "--threads", "2"]
    )
    assert asked.handler(asked) == 0
    assert f"compare {MEDAN} --from {path}" in capsys.readouterr().out
    assert unlike(read_burn_in(path).run(MEDAN, months=14), through) == []


@pytest.mark.parametrize(
    "about",
    [
        "no json",
        "[]",
        "{}",
        '{"format": 1, "inputs": {}, "futures": []}',
        '{"format": 1, "inputs": {}, "futures": [1]}',
    ],
)
def test_a_file_that_describes_no_burn_in_is_said(tmp_path: Path, about: str) -> None:
    path = tmp_path / "odd.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(branching._ABOUT, about)
    with pytest.raises(StoreError, match="expected a burn-in"):
        read_burn_in(path)


@pytest.mark.parametrize("threads", [0, -1])
def test_threads_are_one_or_more(threads: int) -> None:
    with pytest.raises(SimulationError, match="threads: expected a whole number of 1 or more"):
        burn_in(MEDAN, replicates=1, households=300, threads=threads)
