"""The audit of pairing: it passes where nothing leaks, counts spillover exactly, and names a leak where one is made."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers_engine import NO_CONTACT, SCENARIOS, TRAVEL, people

from empowersim.engine import lives, simulate
from empowersim.engine.inputs import Mentors
from empowersim.engine.lives import Lives, Under
from empowersim.engine.observe import drawn
from empowersim.engine.plans import EVERYTHING
from empowersim.engine.replay import draws_of, month_again
from empowersim.engine.simulate import burn_in_of
from empowersim.engine.strips import NORMALS
from empowersim.errors import SimulationError
from empowersim.experiments import audit as auditing
from empowersim.experiments import audit_changes
from empowersim.experiments.audit import CONTACT, audit
from empowersim.experiments.audit_result import Audit, Check, write_audit
from empowersim.experiments.audit_walk import WHERE, ids_of, rows_of
from empowersim.experiments.compare import plan
from empowersim.fronts import audit_cli, cli
from empowersim.parameters import parameters, record_of
from empowersim.rng import Kind
from empowersim.rules.month import Draw
from empowersim.schema import ROW, VILLAGE_ROW

MEDAN = SCENARIOS / "medan.yaml"
SMALL = {"households": 6000, "months": 4, "executors": ()}
"""Households in three subdistricts."""


@cache
def clean() -> Audit:
    return audit(MEDAN, "skills_training", **SMALL)


def failed(found: Audit, name: str) -> list[Check]:
    return [check for check in found.checks if check.name == name and check.passed is False]


# --- nothing leaks ----------------------------------------------------------------------------------------------------


def test_the_model_passes() -> None:
    found = clean()
    assert [(check.question, check.first, check.note) for check in found.checks if not check.passed] == []
    assert found.passed
    assert found.subdistricts == 3
    assert {check.name for check in found.checks} == {
        "nothing",
        "one_place",
        "contact",
        "untreated",
        "order",
        "spread",
        "one_more",
    }
    assert all(check.moved == 0 and check.first is None for check in found.checks)


def test_contact_is_what_the_tests_of_the_engine_call_so() -> None:
    assert set(CONTACT) == set(NO_CONTACT)


def test_every_subdistrict_type_and_mentors_pass() -> None:
    """Several region types; places shared by poverty, mentors, programmes for villages where the file has them."""
    found = audit(SCENARIOS / "remote-islands.yaml", households=5000, months=4, executors=())
    assert [(check.question, check.first, check.note) for check in found.checks if check.passed is False] == []


def test_a_village_that_was_served_stays_so_when_its_programme_ends() -> None:
    made = plan(SCENARIOS / "remote-islands.yaml", policies=["mix_links"], replicates=1, households=600, months=5)
    auditor = auditing._Auditor(made, "mix_links", 0)
    short = tuple(replace(one, start=0, duration=2, coverage=0.5) for one in auditor.policy.community)
    auditor.policy = replace(auditor.policy, programmes=(), mentors=Mentors(), community=short)
    (check,), (spill,) = auditor._untreated()
    assert (check.passed, check.first) == (True, None)
    assert spill.treated[-1] == spill.treated[0] > 0


def test_the_size_that_help_tells_is_the_size() -> None:
    assert audit_cli._size() == f"{auditing.HOUSEHOLDS:,} households and {auditing.MONTHS} months"


def test_spillover_of_one_place_is_its_village_and_no_other() -> None:
    (one, everybody) = clean().spillovers
    assert one.what == "one place of skills_training"
    assert one.treated.tolist() == [1, 1, 1, 1]
    by = dict(zip(WHERE, one.moved.T, strict=True))
    assert by["treated"].tolist() == [1, 1, 1, 1]
    assert by["same_village"][0] == 0, "neighbours go by last month's means"
    assert by["same_village"][1] > 20
    assert by["same_subdistrict"].sum() == by["elsewhere"].sum() == 0
    moved = one.moved.sum(axis=1)
    village = people(6000).households.village
    assert moved[1] in np.bincount(village), "the whole village, and only it"
    assert everybody.treated[-1] > 1
    assert everybody.moved[1].sum() > everybody.treated[1]
    assert everybody.moved.sum(axis=1).max() <= 6000


def test_an_audit_is_written_and_told(tmp_path: Path) -> None:
    path = write_audit(clean(), tmp_path)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["passed"] is True
    assert document["run_id"] == clean().run_id
    assert document["spillovers"][0]["months"][1]["same_village"] == int(clean().spillovers[0].moved[1, 1])
    assert [entry.name for entry in tmp_path.iterdir()] == ["audit.json"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"policy": "skils_training"}, "did you mean skills_training"),
        ({"households": 300_000}, "an audit looks at every household"),
        ({"replicate": -1}, "replicate: expected"),
    ],
)
def test_what_cannot_be_audited_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        audit(MEDAN, **({"households": 100, "months": 2} | asked))


def test_a_small_population_says_what_it_cannot_tell() -> None:
    found = audit(MEDAN, "skills_training", households=300, months=3, executors=())
    assert found.passed
    assert [check.note for check in found.checks if check.passed is None][-1].startswith("there is one subdistrict")


# --- one month lived again --------------------------------------------------------------------------------------------


def test_a_month_lived_again_from_its_address_is_the_month_of_the_run() -> None:
    values = parameters()
    whole = people(700)
    common = {"travel": TRAVEL, "burn_in": 3, "seed": 1, "replicate": 0}
    burnt = burn_in_of(whole, parameters=values, threads=1, **common)
    run = Lives(
        [auditing._REFERENCE], parameters=values, months=3, judged=1, calendar=0, mean_line=burnt.mean_line, **common
    )
    under = run.open(burnt.begun[0], 0, EVERYTHING)
    for month in range(3):
        before, village = rows_of(under.block), under.block.village.copy()
        run.go_on(under, month, month + 1)
        for name in ("shock_now", "busy"):
            village[:, VILLAGE_ROW[name]] = under.block.village[:, VILLAGE_ROW[name]]
        after, ids = rows_of(under.block), ids_of(under.block)
        for home in (0, 350, 699):
            draws = draws_of(int(ids[home]), month, 1, 0).reshape(1, -1)
            here = village[whole.households.village[home]]
            again = month_again(before[home], here, draws, record_of(values), month)[0]
            again[ROW["welfare"]] = after[home, ROW["welfare"]]  # summed up by the run, not by the month
            assert again.tobytes() == after[home].tobytes()


# --- leaks are found and named ----------------------------------------------------------------------------------------


def leak(monkeypatch: pytest.MonkeyPatch, month: int, household: int, spoil: Any, when: Any = None) -> None:
    """After a month, change a household of a block under the second policy of a run."""
    honest = Lives.go_on

    def leaky(self: Lives, under: Under, first: int, after: int) -> None:
        before, village = rows_of(under.block), under.block.village.copy()
        honest(self, under, first, after)
        hit = ids_of(under.block) == household
        if under.number == 1 and first <= month < after and hit.any() and (when is None or when(self, under)):
            home = int(np.flatnonzero(hit)[0])
            tile_lane = np.argwhere(under.block.live > 0)[home]
            row = spoil(self, before[home], village, after - 1, rows_of(under.block)[home].copy(), under, home)
            under.block.state[tile_lane[0], :, tile_lane[1]] = row

    monkeypatch.setattr(Lives, "go_on", leaky)


HOUSEHOLD = 4321


def other_draw(stream: str, number: float) -> Any:
    """The household lives the month with another number of one stream."""

    def spoil(run: Lives, before: Any, village: Any, month: int, after: Any, under: Under, home: int) -> Any:
        draws = draws_of(HOUSEHOLD, month, 1, 0)
        draws[Draw._fields.index(stream)] = number
        at = int(np.repeat(under.block.tile_village, 32).reshape(under.block.live.shape)[under.block.live > 0][home])
        here = village[at].copy()
        for name in ("shock_now", "busy"):
            here[VILLAGE_ROW[name]] = under.block.village[at, VILLAGE_ROW[name]]
        return month_again(before, here, draws.reshape(1, -1), run._values, month)[0]

    return spoil


@pytest.mark.parametrize(
    ("stream", "number", "column"),
    [("illness", 1e-4, "illness"), ("transitory", -2.2, "savings"), ("theft", 1e-5, "savings")],
)
def test_another_draw_is_named_with_month_household_and_stream(
    monkeypatch: pytest.MonkeyPatch, stream: str, number: float, column: str
) -> None:
    leak(monkeypatch, 2, HOUSEHOLD, other_draw(stream, number))
    found = audit(MEDAN, "skills_training", **SMALL)
    assert not found.passed
    for check in failed(found, "nothing"):
        assert check.first is not None
        assert (check.first.month, check.first.household) == (2, HOUSEHOLD)
        assert check.first.stream == stream.upper(), check.first.why
        assert check.moved >= 1
        assert column in check.first.columns
    assert len(failed(found, "nothing")) == 2
    assert failed(found, "untreated")


def test_another_place_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class TwoPlaces(audit_changes.OnePlace):
        def __call__(self, under: Under, identity: int) -> Under:
            one = super().__call__(under, identity)
            one.offer.places[one.offer.places == 1] = 2
            return one

    monkeypatch.setattr(auditing, "OnePlace", TwoPlaces)
    found = audit(MEDAN, "skills_training", **SMALL)
    (wrong,) = failed(found, "one_place")
    assert "2 households were treated in place of one" in wrong.note


def test_a_lost_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second policy of a run draws from another seed: everybody moves in the first month."""
    honest = Lives._go

    def leaky(self: Lives, block: Any, running: Any, plan: Any, offer: Any, tally: Any, when: Any) -> None:
        key = self._key
        if when[0] >= 0 and any(policy.name == "skills_training" for policy in self._policies) and plan.number.size:
            self._key = (np.uint32(99), key[1])
        honest(self, block, running, plan, offer, tally, when)
        self._key = key

    monkeypatch.setattr(Lives, "_go", leaky)
    found = audit(MEDAN, "skills_training", **SMALL)
    wrong = failed(found, "nothing")
    assert len(wrong) == 2
    assert wrong[0].moved == 6000
    first = wrong[0].first
    assert first is not None
    assert (first.month, first.household) == (0, 0)
    assert first.stream == "VILLAGE_SHOCK" or "draws of its address" in first.why


def test_a_result_that_hangs_on_threads_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = simulate._run

    def leaky(pool: Any, workers: int, work: Any, jobs: Any) -> Any:
        done = list(honest(pool, workers, work, jobs))
        if workers > 1 and isinstance(done[0], lives.Lived):
            done[0].tally.sums[2] += 1.0
        return done

    monkeypatch.setattr(simulate, "_run", leaky)
    wrong = failed(audit(MEDAN, "skills_training", **SMALL), "spread")
    assert len(wrong) == 2
    assert "from month 2 on" in wrong[0].note
    assert "not found when the blocks are walked one by one" in wrong[0].note


def test_a_burn_in_that_hangs_on_the_order_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Lives.begin

    def leaky(self: Lives, block: Any, region: int, identity: int, *, until: int = 0) -> Any:
        key, first = self._key, not hasattr(self, "seen")
        self.seen = True  # type: ignore[attr-defined]
        if first and identity != 0:  # whoever comes first, unless it is the usual one
            self._key = (np.uint32(99), key[1])
        begun = honest(self, block, region, identity, until=until)
        self._key = key
        return begun

    monkeypatch.setattr(Lives, "begin", leaky)
    wrong = failed(audit(MEDAN, "skills_training", **SMALL), "order")
    assert len(wrong) == 1
    population = people(6000)
    assert wrong[0].moved == (population.villages.subdistrict[population.households.village] == 2).sum()
    assert wrong[0].first is not None
    assert wrong[0].first.month == -25, "before the first month of the burn-in"
    assert "it starts with other columns" in wrong[0].first.why


def test_neighbours_that_meet_without_contact_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a way in which households meet were missing from `CONTACT`, the audit would say so."""
    monkeypatch.setattr(auditing, "CONTACT", tuple(name for name in CONTACT if name != "kin_sharing"))
    found = audit(MEDAN, "entrepreneurship", **SMALL)
    (wrong,) = failed(found, "untreated")
    assert wrong.first is not None
    assert "contact: mean_income" in wrong.first.why
    assert failed(found, "one_place")


# --- the command ------------------------------------------------------------------------------------------------------


def command(*words: str) -> int:
    parser = cli._Parser(prog="empowersim")
    audit_cli.add_audit(parser.add_subparsers(dest="command", required=True))
    asked = parser.parse_args(words)
    code: int = asked.handler(asked)
    return code


def test_the_command_says_what_it_found(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = ["audit", str(MEDAN), "--policy", "skills_training", "--households", "3000", "--months", "3"]
    assert command(*given, "--executors", "none", "--out", str(tmp_path)) == 0
    told = capsys.readouterr().out
    assert "nobody moved" in told
    assert "the same life to the last bit" in told
    assert "Spillover of one place of skills_training" in told
    assert (tmp_path / "audit.json").exists()
    assert command(*given, "--executors", "none", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["households"] == 3000


def test_the_command_ends_with_1_when_somebody_moved(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    leak(monkeypatch, 1, 7, lambda run, before, village, month, after, under, home: before)
    given = ["audit", str(MEDAN), "--policy", "skills_training", "--households", "3000", "--months", "3"]
    assert command(*given, "--executors", "none") == 1
    told = capsys.readouterr().out
    assert "MOVED" in told
    assert "month 1, household 7 in subdistrict 0" in " ".join(told.split())


def test_executors_are_tried(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["audit", str(MEDAN), "--policy", "skills_training", "--households", "600", "--months", "2"]
    assert command(*given, "--executors", "serial,processes", "--json") == 0
    questions = [check["question"] for check in json.loads(capsys.readouterr().out)["checks"]]
    assert any(one.startswith("executor processes") for one in questions)
    with pytest.raises(SystemExit):
        command(*given, "--executors", "processors")


def test_kinds_of_actors_are_apart() -> None:
    """The replay draws as a household, never as the village of the same number."""
    assert Kind.HOUSEHOLD != Kind.VILLAGE
    village = drawn(np.array([7], np.int64), Kind.VILLAGE, 0, 0, len(Draw._fields), 1, 0, normal=False)[:, 0]
    household = drawn(np.array([7], np.int64), Kind.HOUSEHOLD, 0, 0, len(Draw._fields), 1, 0, normal=False)[:, 0]
    replayed = draws_of(7, 0, 1, 0)[NORMALS:]
    assert np.array_equal(replayed, household[NORMALS:])
    assert not np.array_equal(replayed, village[NORMALS:])
