"""Streamed populations: made, lived, counted and forgotten part by part, with the results of kept households."""

from __future__ import annotations

import io
import itertools
import json
import tracemalloc
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from helpers_engine import SCENARIOS, TRAVEL, Mentors, below, hamlets, people, programme, run, unlike

from empowersim.engine import stream
from empowersim.engine.changes import CHANGE_UNIT, CLASSES, count, counting
from empowersim.engine.ends import Ends
from empowersim.engine.inputs import Households, Policy, Population, StreamedPopulation
from empowersim.engine.outputs import CHANGE_FIGURES, STAGES, Run
from empowersim.engine.stream import simulate_stream, streamed_of
from empowersim.engine.synthetic import synthetic, synthetic_streamed
from empowersim.errors import SimulationError
from empowersim.experiments import compare as comparing
from empowersim.experiments.compare import compare, execute, plan
from empowersim.experiments.economics import FIFTHS, change_codes
from empowersim.experiments.winners import STREAMED_NOTE, _fifths, told
from empowersim.fronts import terminal
from empowersim.fronts.cli import main
from empowersim.parameters import parameters
from empowersim.parameters.places import place
from empowersim.scenario.compile import compile_scenario
from empowersim.scenario.factors import without
from empowersim.scenario.load import load
from empowersim.schema import VILLAGE_ROW

VECTORS = (
    "household_id",
    "region",
    "subdistrict",
    "size",
    "start_consumption",
    "end_consumption",
    "touched",
    "stage",
    "changes",
)
INDONESIA = SCENARIOS / "indonesia.yaml"
PLENTY = {"places_per_year": 5e6, "intake_every": 3, "last_intake": 99, "duration": 6}
GROUPS = programme(
    "groups", 78, conditions=below(1.4), doses={"sessions": 2.0, "visits": 1.0, "business": 0.3}, **PLENTY
)
CASH = programme("cash", 79, conditions=below(1.0), doses={"stipend": 3e5}, priority="poorest_first", **PLENTY)
POLICIES = (
    Policy("nothing"),
    Policy("groups", (GROUPS, CASH), Mentors(posts=30_000.0)),
    Policy("by_poverty", (CASH,), sharing="by_poverty"),
    Policy("poorest_half", (GROUPS,), Mentors(posts=30_000.0), sharing="poorest_half"),
    Policy("stops", (CASH,), end=7),
)


def indonesia(households: int = 20_000) -> StreamedPopulation:
    """Synthetic households of the country, not made yet."""
    return synthetic_streamed(place("indonesia"), households=households, seed=1, replicate=0)


def flow(streamed: StreamedPopulation, *policies: Policy, **settings: Any) -> list[Run]:
    """Simulate a stream as `helpers_engine.run` simulates a population."""
    given = {"travel": TRAVEL, "months": 14, "burn_in": 3, "seed": 1, "threads": 1, "parameters": parameters({})}
    return simulate_stream(streamed, policies, **(given | settings))


def kept(population: Population, *policies: Policy, **settings: Any) -> list[Run]:
    return run(population, *policies, **({"months": 14, "burn_in": 3} | settings))


def same(streamed: list[Run], whole: list[Run]) -> None:
    assert len(streamed) == len(whole)
    for one, other in zip(streamed, whole, strict=True):
        assert unlike(one, other, apart_from=VECTORS) == [], one.policy
        assert one.household_id.size == 0
        assert one.changes is not None


# --- the same households, and the same results to the last bit ------------------------------------------------------


@pytest.mark.parametrize("name", ["indonesia", "medan_urban"])
@pytest.mark.parametrize("households", [1, 5000, 20_000])
def test_a_stream_makes_the_households_of_the_population(name: str, households: int) -> None:
    whole = synthetic(place(name), households=households, seed=3, replicate=2)
    parts = synthetic_streamed(place(name), households=households, seed=3, replicate=2)
    assert (parts.count, parts.represents, parts.notes) == (whole.count, whole.represents, whole.notes)
    assert parts.mean_line == stream.mean_line_of(whole)
    made = [parts.make(at, at + 1) for at in range(parts.households.size)]
    assert [one.count for one in made] == parts.households.tolist()
    for field in fields(Households):
        if field.name != "village":
            together = np.concatenate([getattr(one.households, field.name) for one in made])
            assert together.tobytes() == getattr(whole.households, field.name).tobytes(), field.name
    assert [int(one.villages.region[0]) for one in made] == parts.region.tolist()
    assert [int(one.subdistrict_id[0]) for one in made] == parts.subdistrict_id.tolist()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_streamed_results_are_those_of_kept_households(threads: int) -> None:
    whole = kept(people(20_000, "indonesia"), *POLICIES)
    assert all(result.places_filled.sum() > 0 for result in whole[1:])
    assert whole[1].hours.sum() > 0
    same(flow(indonesia(), *POLICIES, threads=threads), whole)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_population_in_memory_can_be_streamed(threads: int) -> None:
    assert hamlets().subdistrict_id.size > 8
    same(flow(streamed_of(hamlets()), *POLICIES, threads=threads), kept(hamlets(), *POLICIES))


@pytest.mark.parametrize(("households", "subdistricts"), [(1, 8), (10**9, 10**9), (7000, 2)])
def test_how_a_stream_is_cut_does_not_matter(
    monkeypatch: pytest.MonkeyPatch, households: int, subdistricts: int
) -> None:
    usual = flow(indonesia(), *POLICIES)
    monkeypatch.setattr(stream, "_STRETCH", households)
    monkeypatch.setattr(stream, "_MOST_SUBDISTRICTS", subdistricts)
    again = flow(indonesia(), *POLICIES, threads=2)
    for one, other in zip(usual, again, strict=True):
        assert unlike(one, other, apart_from=("changes",)) == []
        for field in fields(type(one.changes)):
            assert np.array_equal(getattr(one.changes, field.name), getattr(other.changes, field.name)), field.name


def test_neither_order_nor_number_of_policies_matters() -> None:
    together = {result.policy: result for result in flow(indonesia(), *POLICIES)}
    for policy in POLICIES:
        (alone,) = flow(indonesia(), policy)
        assert unlike(alone, together[policy.name], apart_from=("changes",)) == [], policy.name
    for result in flow(indonesia(), *POLICIES[::-1], reference=len(POLICIES) - 1):
        other = together[result.policy]
        assert unlike(result, other, apart_from=("changes",)) == []
        assert np.array_equal(result.changes.by_class, other.changes.by_class)


def test_a_larger_stream_only_adds() -> None:
    small, large = indonesia(20_000), indonesia(60_000)
    whole = small.households.size - 1  # the last subdistrict is cut
    assert np.array_equal(small.households[:whole], large.households[:whole])
    for at in range(whole):
        one, other = small.make(at, at + 1), large.make(at, at + 1)
        for field in fields(Households):
            assert np.array_equal(getattr(one.households, field.name), getattr(other.households, field.name))
        assert np.array_equal(one.villages.context, other.villages.context)


def test_what_a_scenario_changes_in_villages_is_changed_in_a_stream() -> None:
    compiled = without(compile_scenario(load(INDONESIA)), ["no_signal"])
    assert compiled.village
    whole, parts = compiled.population(9000), compiled.streamed(9000)
    made = parts.make(0, parts.households.size)
    assert np.array_equal(made.villages.context, whole.villages.context)
    for column, value in compiled.village.items():
        assert (made.villages.context[VILLAGE_ROW[column]] == np.float32(value)).all()


# --- what becomes of households, counted ----------------------------------------------------------------------------


def ends(households: int, seed: int) -> tuple[Ends, Ends]:
    """Hand-made households under a policy and under the reference."""
    dice = np.random.default_rng(seed)
    start = dice.lognormal(0.5, 0.7, households).astype(np.float32)
    size = dice.integers(1, 9, households).astype(np.float32)
    there = start * dice.lognormal(0.0, 0.3, households).astype(np.float32)
    here = there * dice.choice(np.array([1.0, 1.01, 1.03, 0.97, 0.99], np.float32), households)
    stage = dice.integers(0, len(STAGES), households).astype(np.int8)
    touched, touched_there = dice.random((2, households)) < 0.3
    return Ends(start, here, size, touched, stage), Ends(start, there, size, touched_there, stage)


def test_counts_are_those_of_the_households() -> None:
    here, there = ends(5000, 1)
    counts = counting()
    for region in range(2):
        rows = slice(region * 2500, (region + 1) * 2500)
        count(counts, Ends(*(one[rows] for one in here)), Ends(*(one[rows] for one in there)), region, 0.02)
    codes = change_codes(here.end, there.end, 0.02)
    change = here.end.astype(np.float64) - there.end
    assert set(codes) == {0, 1, 2}
    for region in range(2):
        rows = slice(region * 2500, (region + 1) * 2500)
        found = dict(zip(CHANGE_FIGURES, counts.by_region[region], strict=True))
        assert found["households"] == 2500
        assert found["persons"] == here.size[rows].sum()
        assert [found[name] for name in ("better", "worse", "unchanged")] == np.bincount(
            codes[rows], minlength=3
        ).tolist()
        assert found["changed"] == (change[rows] != 0).sum()
        assert found["change"] * CHANGE_UNIT == pytest.approx(change[rows].sum(), abs=2500 * CHANGE_UNIT)
    contact = here.touched | there.touched
    assert counts.by_contact[:, 0].tolist() == [contact.sum(), (~contact).sum()]
    assert np.array_equal(counts.by_class.sum(axis=0), counts.by_region.sum(axis=0))
    assert np.array_equal(counts.by_contact.sum(axis=0), counts.by_region.sum(axis=0))
    assert counts.stages.tolist() == np.bincount(here.stage, minlength=len(STAGES)).tolist()
    served = [here.touched.sum(), (there.touched & ~here.touched).sum(), (~contact & (codes == 1)).sum()]
    assert counts.served.tolist() == served


def test_classes_are_in_the_order_of_consumption_and_narrow() -> None:
    start = np.geomspace(2.0**-7.9, 2.0**11.9, 4000).astype(np.float32)
    cells = []
    for value in start:
        one = np.array([value], np.float32)
        home = Ends(one, one, np.ones(1, np.float32), np.zeros(1, np.bool_), np.zeros(1, np.int8))
        counts = counting()
        count(counts, home, home, 0, 0.01)
        cells.append(int(np.flatnonzero(counts.by_class[:, 0])[0]))
    assert (np.diff(cells) >= 0).all()
    for cell in set(cells):
        inside = start[np.array(cells) == cell]
        assert inside.max() / inside.min() < 1.004
    assert 0 < min(cells) < max(cells) < CLASSES - 1


@pytest.mark.parametrize(("value", "cell"), [(0.0, 0), (1e-6, 0), (1e6, CLASSES - 1)])
def test_consumption_beyond_the_classes_is_in_the_last_one(value: float, cell: int) -> None:
    one = np.array([value], np.float32)
    home = Ends(one, one, np.ones(1, np.float32), np.zeros(1, np.bool_), np.zeros(1, np.int8))
    counts = counting()
    count(counts, home, home, 0, 0.01)
    assert counts.by_class[cell, 0] == counts.by_class[:, 0].sum() == 1


@pytest.mark.parametrize("persons", [[5, 0, 5], [1], [0, 7, 1, 1, 1, 0, 90], list(range(40))])
def test_fifths_hold_equal_numbers_of_persons_and_everybody_once(persons: list[int]) -> None:
    counted = np.array(persons)
    shares = _fifths(counted)
    assert shares.shape == (FIFTHS, counted.size)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares @ counted, counted.sum() / FIFTHS, rtol=1e-12)
    np.testing.assert_allclose(shares.sum(axis=0), (counted > 0).astype(float), atol=1e-12)


def test_winners_are_those_of_the_kept_households() -> None:
    """All counts are the same; fifths are cut from classes, so theirs may move by the households of a class."""
    whole = kept(people(20_000, "indonesia"), *POLICIES)
    exact, streamed = told(whole, 0, 0.01), told(flow(indonesia(), *POLICIES), 0, 0.01)
    assert exact.groups == streamed.groups
    assert np.array_equal(exact.shares, streamed.shares)
    assert np.array_equal(exact.stages, streamed.stages)
    fifth = np.array([dimension == "quintile" for dimension, _ in exact.groups])
    counted, change = exact.winners[..., :5], exact.winners[..., 5]
    assert np.array_equal(counted[:, ~fifth], streamed.winners[:, ~fifth, :5], equal_nan=True)
    np.testing.assert_allclose(change[:, ~fifth], streamed.winners[:, ~fifth, 5], atol=1e-7)
    assert counted[1, fifth, 1].max() > 0.01
    np.testing.assert_allclose(counted[:, fifth], streamed.winners[:, fifth, :5], atol=0.004)
    np.testing.assert_allclose(change[:, fifth], streamed.winners[:, fifth, 5], atol=0.002)


# --- memory, progress, errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
def test_memory_does_not_grow_with_the_number_of_subdistricts(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr(stream, "_STRETCH", 1)

    def peak(subdistricts: int) -> int:
        whole = indonesia(300_000)
        part = replace(
            whole,
            households=whole.households[:subdistricts],
            region=whole.region[:subdistricts],
            subdistrict_id=whole.subdistrict_id[:subdistricts],
        )
        tracemalloc.start()
        try:
            flow(part, *POLICIES[:2], months=2, burn_in=0, threads=threads)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(3)  # compiled code and working memory of the process
    few, many = peak(6), peak(60)
    assert many < 1.5 * few
    assert many < 60_000_000


def test_a_country_is_laid_out_in_little_memory_and_every_part_of_it_can_be_made() -> None:
    synthetic_streamed(place("indonesia"), households=1000, seed=9, replicate=0)
    tracemalloc.start()
    try:
        whole = synthetic_streamed(place("indonesia"), households=74_000_000, seed=9, replicate=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000
    assert whole.count == 74_000_000
    stretches = stream._stretches(whole.households)
    assert stretches[0][0] == 0
    assert stretches[-1][1] == whole.households.size
    assert all(one[1] == other[0] for one, other in itertools.pairwise(stretches))
    assert max(int(whole.households[first:after].sum()) for first, after in stretches) < 60_000
    last = whole.make(*stretches[-1])
    assert last.households.household_id[-1] == 73_999_999
    assert last.villages.village_id[-1] < 2**32
    assert last.count == whole.households[slice(*stretches[-1])].sum()


def test_a_run_says_how_far_it_is() -> None:
    heard: list[float] = []
    flow(indonesia(60_000), *POLICIES[:2], months=1, burn_in=1, told=heard.append, threads=2)
    assert heard[0] == 0.0
    assert heard[-1] == 1.0
    assert heard == sorted(heard)
    assert len(heard) > 3
    heard.clear()
    flow(indonesia(), *POLICIES[2:3], months=1, burn_in=1, told=heard.append)
    assert heard[-1] == 1.0
    assert 1 / 3 in heard, "the poor are counted in a month of their own"


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_a_stretch_ends_the_run(threads: int) -> None:
    good = indonesia(60_000)
    made = []

    def make(first: int, after: int) -> Population:
        if first > 0:
            raise MemoryError("no more")
        made.append(first)
        return good.make(first, after)

    with pytest.raises(MemoryError, match="no more"):
        flow(replace(good, make=make), POLICIES[0], months=1, threads=threads)
    assert made == [0]


def test_what_cannot_be_run_is_refused() -> None:
    with pytest.raises(SimulationError, match="months must be at least 1"):
        flow(indonesia(1000), POLICIES[0], months=0)
    with pytest.raises(SimulationError, match="a place lasts"):
        flow(indonesia(1000), Policy("x", (programme(duration=0),)))


# --- comparisons of streamed futures --------------------------------------------------------------------------------


def test_a_comparison_of_streamed_futures_is_that_of_kept_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"households": 6000, "replicates": 2, "months": 14}
    whole = compare(INDONESIA, **asked)
    monkeypatch.setattr(comparing, "POOLED_HOUSEHOLDS", 5999)
    streamed = compare(INDONESIA, **asked, threads=2)
    assert whole.run_id == streamed.run_id
    assert streamed.notes == (*whole.notes, STREAMED_NOTE)
    assert (streamed.households, streamed.represents) == (6000, 74_000_000)
    assert np.isnan(streamed.table("reach")["mean"]).all()  # nobody is remembered who could be counted
    assert not any(len(streamed.table(name)) for name in ("places", "groups", "villages"))
    for name, table in whole.tables.items():
        if name in ("reach", "places", "groups", "villages"):
            continue
        other = streamed.table(name)
        assert len(table) == len(other), name
        for column, values in table.columns.items():
            if name == "winners" and column in ("mean", "low", "high"):
                fifth = (table["dimension"] == "quintile") | (table["figure"] == "change")
                assert np.array_equal(values[~fifth], other[column][~fifth], equal_nan=True)
                if column == "mean":
                    np.testing.assert_allclose(values[fifth], other[column][fifth], atol=0.01)
            else:
                same_bits = values.tobytes() == other[column].tobytes()
                assert same_bits, (name, column)


def test_progress_counts_households_of_streamed_futures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "POOLED_HOUSEHOLDS", 5999)
    made = plan(INDONESIA, policies=["no_programme"], households=6000, replicates=2, months=1)
    assert made.streamed
    assert made.steps == 12_000
    heard: list[tuple[int, int]] = []
    execute(made, threads=1, progress=lambda done, total, _: heard.append((done, total)))
    assert {total for _, total in heard} == {12_000}
    done = [one for one, _ in heard]
    assert (done[0], done[-1]) == (0, 12_000)
    assert done == sorted(done)
    assert 6000 in done


def test_small_populations_are_kept_and_large_ones_streamed() -> None:
    assert not plan(INDONESIA).streamed
    assert not plan(INDONESIA, households=200_000).streamed
    assert plan(INDONESIA, households=200_001).streamed


@pytest.mark.parametrize(
    ("asked", "futures"),
    [
        ({}, 20),
        ({"households": 1_000_000}, 20),
        ({"households": 1_000_001}, 1),
        ({"households": 74_000_000, "replicates": 3}, 3),
    ],
)
def test_more_than_a_million_households_are_simulated_once_unless_asked(asked: dict[str, int], futures: int) -> None:
    assert plan(INDONESIA, **asked).replicates == futures


def test_a_nation_runs_on_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(comparing, "POOLED_HOUSEHOLDS", 5999)
    given = ["run", str(INDONESIA), "--policy", "mix_mentors", "--households", "6000", "--months", "12"]
    assert main([*given, "--replicates", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["households"] == 6000
    assert STREAMED_NOTE in document["notes"]


def test_progress_of_millions_is_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    out = io.StringIO()
    with terminal.progress_on(out, "1 policy", first_run=False, unit="households") as heard:
        heard(0, 74_000_000, "")
        now[0] = 20.0
        heard(18_500_000, 74_000_000, "")
    assert out.getvalue() == ("simulating 1 policy: 18,500,000 of 74,000,000 households, 925,000/s, about 60 s left\n")


def test_the_country_has_five_programmes_and_mentors() -> None:
    compiled = compile_scenario(load(INDONESIA))
    policy = compiled.policies["mix_mentors"]
    assert len(policy.programmes) == 5
    assert policy.mentors.posts > 10_000
    assert compiled.represents == 74_000_000
    assert compiled.place.name == "indonesia"
