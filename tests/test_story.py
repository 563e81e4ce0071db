"""A household's story: events and sentences of hand-made months, and the story of a scenario from end to end."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from empowersim.engine.account import Account
from empowersim.engine.inputs import CommunityProgramme, Condition, Policy, Programme
from empowersim.engine.trace import Application, Trace, Visiting
from empowersim.errors import SimulationError
from empowersim.experiments.story import FIND, parting_of, reached_of, story
from empowersim.experiments.story_events import GROUPS, KINDS, MINOR, Event, contrast, events_of, grouped, happened
from empowersim.experiments.story_result import SERIES, Life, Story
from empowersim.fronts.cli import main
from empowersim.fronts.labels import entries
from empowersim.fronts.story_words import besides, chronicle, closing, head, narrative, partings, sentence, when
from empowersim.parameters import parameters, record_of
from empowersim.rules.month import Dose, Draw
from empowersim.schema import HOUSEHOLD, ROW, ROWS, VILLAGE_ROW, VILLAGE_ROWS

MEDAN = Path(__file__).resolve().parents[1] / "scenarios" / "medan.yaml"
VALUES = record_of(parameters())
COURSE = Programme("course", 1, (Condition("consumption", high=1.2),), {"business": 0.2}, duration=3, take_up=0.5)
OFFER = Policy("offer", (COURSE,), community=(CommunityProgramme("meetings", 2, coverage=1.0),))


def blank(months: int, policy: Policy = OFFER) -> Trace:
    """A household to which nothing happens: well, in work, in school, above the line, nothing offered."""
    slots, communities = len(policy.programmes), len(policy.community)
    home = np.zeros((months, ROWS), np.float32)
    for name, value in {
        "consumption": 1.5,
        "job": 1.0,
        "in_school": 1.0,
        "children": 2.0,
        "size": 4.0,
        "trust": 0.5,
    }.items():
        home[:, ROW[name]] = value
    draw = np.full((months, len(Draw._fields)), 0.9, np.float32)
    return Trace(
        policy=policy,
        start=home[0].copy(),
        before=home.copy(),
        home=home.copy(),
        after=home.copy(),
        village=np.zeros((months, VILLAGE_ROWS), np.float32),
        dose=np.zeros((months, len(Dose._fields)), np.float32),
        draw=draw,
        account=np.zeros((months, len(Account._fields)), np.float32),
        applications=np.zeros((months, slots, len(Application._fields)), np.float32),
        visiting=np.zeros((months, len(Visiting._fields)), np.float32),
        held=np.zeros((months, slots), np.uint8),
        kept=np.zeros((months, slots), np.uint8),
        served=np.zeros((months, communities), np.uint8),
        stage=np.zeros(months, np.int8),
    )


def put(trace: Trace, month: int, what: str, **values: float) -> Trace:
    """Write fields of a part of a trace by name."""
    fields = {
        "draw": Draw._fields,
        "account": Account._fields,
        "dose": Dose._fields,
        "visiting": Visiting._fields,
        "village": tuple(VILLAGE_ROW),
    }.get(what, tuple(ROW))
    for name, value in values.items():
        getattr(trace, what)[month, fields.index(name)] = value
    return trace


def apply(trace: Trace, month: int, **values: float) -> Trace:
    given = {"open": 1.0, "eligible": 1.0, "chance": 0.5, "draw": 0.2, "key": 0.3, "applicants": 9.0, "places": 2.0}
    for name, value in (given | values).items():
        trace.applications[month, 0, Application._fields.index(name)] = value
    return trace


def kinds(trace: Trace) -> list[tuple[int, str]]:
    return [(event.month, event.kind) for event in events_of(trace, VALUES)]


def only(trace: Trace) -> Event:
    (event,) = events_of(trace, VALUES)
    return event


def told(first: Trace, second: Trace) -> Story:
    """A story of two hand-made traces."""
    lives = []
    for name, trace in (("a", first), ("b", second)):
        series = {column: trace.column(column).astype(np.float64) for column in SERIES}
        lives.append(Life(name, events_of(trace, VALUES), series | {"stage": trace.stage.astype(np.float64)}))
    contrasts = []
    for number, trace in ((0, second), (1, first)):
        for place, event in enumerate(lives[number].events):
            why = None if happened(lives[1 - number].events, event) else contrast(event, trace)
            if why is not None:
                contrasts.append((number, place, why))
    months = len(first.after)
    return Story(
        scenario="made",
        title="Made",
        household=7,
        found="",
        about={
            "size": 4.0,
            "children": 2.0,
            "schooling_years": 6.0,
            "consumption": 1.5,
            "village": 3,
            "region": "interior",
            "line": 500_000.0,
        },
        replicate=0,
        seed=1,
        households=100,
        labels={"a": {"en": "Nothing", "id": "Tanpa"}, "b": {"en": "Offer", "id": "Tawaran"}},
        programmes={"course": {"en": "Course", "id": "Kursus"}, "meetings": {"en": "Meetings", "id": "Musyawarah"}},
        lives=(lives[0], lives[1]),
        parting=parting_of(first, second),
        reached=reached_of(first, second),
        contrasts=tuple(contrasts),
        parts={name: np.zeros(months) for name in GROUPS},
        run_id="0",
        asked={},
    )


def test_nothing_happens_to_nobody() -> None:
    assert kinds(blank(5)) == []


ILL = {"illness": 0.004}


def falls_ill(trace: Trace, month: int, severity: float, chance: float) -> Trace:
    put(trace, month, "draw", illness=0.004)
    put(trace, month, "account", ill=3 * chance, severe=chance, lost=0.4, insured=0.25, wages=1.0, profit=0.5)
    return put(trace, month, "after", illness=severity)


def test_illness_is_told_with_its_draw_its_chance_and_its_cost() -> None:
    event = only(falls_ill(blank(3), 1, 2.0, 0.011))
    assert (event.month, event.kind, event.rule) == (1, "illness_starts", "rules.health.next_illness")
    assert event.facts["severe"] is True
    assert event.facts["draw"] == pytest.approx(0.004)
    assert event.facts["chance"] == pytest.approx(0.011)
    assert event.facts["money"] == pytest.approx(0.4 * 1.5)
    made = told(falls_ill(blank(18), 16, 2.0, 0.011), put(blank(18), 16, "account", severe=0.002))
    assert sentence(made, 0, 0) == (
        "an earner falls ill, severely (draw 0.00400 below the chance 0.0110): 40 % of earnings are lost "
        "(Rp 1.2 million); kin make good 25 % of it; under “Offer” the same draw does not meet the chance there, "
        "0.00200."
    )
    assert sentence(made, 0, 0, "id") == (
        "seorang pencari nafkah jatuh sakit, berat (undian 0,00400 di bawah peluang 0,0110): 40 % penghasilan hilang "
        "(Rp 1,2 juta); kerabat mengganti 25 % darinya; dalam “Tawaran” undian yang sama tidak memenuhi peluang di "
        "sana, 0,00200."
    )
    assert chronicle(made)[0] == (16, ["Under “Nothing”: " + sentence(made, 0, 0)])
    assert when(16) == "May of year 2"
    assert when(16, "id") == "Mei tahun ke-2"


def test_a_moderate_illness_stands_against_the_chance_of_any() -> None:
    assert only(falls_ill(blank(2), 1, 1.0, 0.001)).facts["chance"] == pytest.approx(0.003)
    ends = put(put(put(blank(2), 1, "before", illness=1.0), 1, "draw", illness=0.1), 1, "account", recovers=0.5)
    assert only(ends).kind == "illness_ends"


def test_work_lost_and_found_and_the_question_that_does_not_arise() -> None:
    lost = put(put(put(blank(2), 0, "after", job=0.0), 0, "draw", job=0.01), 0, "account", loses=0.02)
    assert kinds(lost) == [(0, "job_lost")]
    without = blank(2)
    for part in ("before", "home", "after"):
        put(without, 0, part, job=0.0)
    put(put(without, 0, "draw", job=0.01), 0, "account", loses=0.02)
    made = told(lost, without)
    assert sentence(made, 0, 0).endswith(
        "(draw 0.0100 below the chance 0.0200); under “Offer” the question does not arise: it has no regular work "
        "to lose."
    )
    found = put(put(put(blank(1), 0, "before", job=0.0), 0, "draw", job=0.03), 0, "account", finds=0.05)
    assert kinds(found) == [(0, "job_found")]


def test_what_happens_in_both_lives_is_said_once() -> None:
    one = put(put(put(blank(2), 0, "after", job=0.0), 0, "draw", job=0.01), 0, "account", loses=0.02)
    made = told(one, one)
    assert made.contrasts == ()
    assert chronicle(made) == [(0, ["Under both: loses its regular work (draw 0.0100 below the chance 0.0200)."])]
    assert partings(made) == [
        "The two lives are the same to the last bit: nothing of “Offer” reaches this household that “Nothing” does not."
    ]


def test_a_place_is_won_kept_and_finished() -> None:
    trace = apply(blank(6), 1, ahead=1.0)
    trace.held[1:4, 0] = (3, 2, 1)
    trace.kept[1:, 0] = (2, 1, 255, 255, 255)
    trace.held[4:, 0] = 255
    put(trace, 3, "draw", drop_out=0.9)
    assert kinds(trace) == [(1, "place_won"), (3, "place_finished")]
    assert sentence(told(blank(6), trace), 1, 0) == "wins a place in “Course”: number 2 of 9 by lottery, for 2 places."


def test_a_place_is_left_early_or_closed() -> None:
    dropping = Policy("offer", (Programme("course", 1, (), {}, duration=6, take_up=1.0, drop_out=0.05),))
    left = blank(3, dropping)
    left.held[0, 0], left.kept[0, 0] = 6, 5
    left.held[1, 0], left.kept[1, 0] = 5, 255
    left.held[2, 0], left.kept[2, 0] = 255, 255
    put(left, 1, "draw", drop_out=0.04)
    event = only(left)
    assert (event.month, event.kind, event.facts["left"]) == (1, "place_left", 4)
    assert (
        sentence(told(blank(3), left), 1, 0) == "leaves “Course” 4 months early (draw 0.0400 below the chance 0.0500)."
    )
    closed = blank(2, dropping)
    closed.held[0, 0], closed.kept[0, 0] = 6, 5
    closed.held[1, 0], closed.kept[1, 0] = 255, 255
    assert kinds(closed) == [(1, "place_closed")]


def test_no_place_unwilling_not_eligible_are_told_apart_and_told_once() -> None:
    trace = blank(8)
    apply(trace, 0, eligible=0.0, key=math.inf)
    apply(trace, 1, eligible=0.0, key=math.inf)
    apply(trace, 2, key=math.inf, draw=0.7)
    apply(trace, 3, key=math.inf, draw=0.7)
    apply(trace, 4, ahead=5.0)
    apply(trace, 5, ahead=6.0)
    apply(trace, 6, ahead=6.0, places=0.0)
    assert kinds(trace) == [(0, "not_eligible"), (2, "unwilling"), (4, "place_not_won"), (5, "place_not_won")]
    made = told(blank(8), trace)
    assert sentence(made, 1, 0) == (
        "may not apply for “Course”: consumption against the line is 1.50, above the limit 1.20."
    )
    assert "draw 0.700" in sentence(made, 1, 1)
    assert sentence(made, 1, 2) == "asks for “Course” and gets no place: number 6 of 9 by lottery, for 2 places."
    assert [month for month, _ in chronicle(made)] == [0, 2, 4]
    assert [month for month, _ in chronicle(made, everything=True)] == [0, 2, 4, 5]
    assert besides(made, 1) == "Under “Offer”: 1 more intake without a place."
    assert besides(made, 0) == ""


def test_visits_that_are_made_missed_and_impossible() -> None:
    trace = blank(4)
    put(trace, 0, "visiting", wanted=1.0, due=1.0, made=1.0, area_due=35.0, area_made=18.0, clients=40.0)
    put(trace, 1, "visiting", wanted=1.0, due=1.0, made=0.0, area_due=35.0, area_made=18.0, clients=40.0)
    put(trace, 2, "visiting", wanted=1.0, due=1.0, vacant=1.0)
    put(trace, 3, "visiting", wanted=0.5, due=0.0, area_due=35.0, area_made=18.0)
    put(trace, 3, "home", trust=0.2)
    assert kinds(trace) == [(0, "visited"), (1, "not_visited"), (2, "no_mentor"), (3, "mentor_changes")]
    made = told(blank(4), trace)
    assert sentence(made, 1, 1) == "is not visited: the mentor's hours ran out after 18 of the 35 visits due."
    assert sentence(made, 1, 3) == "its mentor leaves or moves: trust falls from 0.50 to 0.20."
    assert besides(made, 1) == (
        "Under “Offer”: 1 month with a visit, 1 month passed over by the mentor, 1 month without a mentor in post."
    )


def test_attendance_is_told_where_there_is_something_to_attend() -> None:
    trace = blank(3)
    put(put(put(trace, 0, "dose", business=0.2), 0, "draw", attendance=0.3), 0, "account", attends=0.6, attended=1.0)
    put(put(put(trace, 1, "dose", business=0.2), 1, "draw", attendance=0.8), 1, "account", attends=0.6)
    assert kinds(trace) == [(0, "attends"), (1, "misses")]
    made = told(blank(3), trace)
    assert sentence(made, 1, 0).startswith("attends (draw 0.300 below the chance 0.600)")
    assert sentence(made, 1, 1).startswith("stays away (draw 0.800, not below the chance 0.600)")


def test_grants_losses_shocks_school_and_villages() -> None:
    trace = blank(9)
    put(put(trace, 0, "dose", asset_grant=2.0), 0, "account", granted=1.8)
    put(trace, 1, "dose", cash_grant=1.0)
    put(put(trace, 2, "draw", asset_death=0.001), 2, "account", dies=0.01, asset_loss=0.5)
    put(put(trace, 3, "draw", theft=0.001), 3, "account", stolen=0.002, theft_loss=0.25)
    put(trace, 4, "village", shock_now=0.1)
    put(put(put(trace, 5, "after", in_school=0.0), 5, "draw", schooling=0.001), 5, "account", leaves_school=0.002)
    put(put(put(trace, 6, "before", in_school=0.0), 6, "draw", schooling=0.001), 6, "account", returns_school=0.03)
    put(put(put(trace, 7, "dose", stipend=0.3), 7, "draw", benefit=0.01), 7, "account", late=0.02)
    trace.served[7:8, 0] = 1
    assert kinds(trace) == [
        (0, "asset_grant"),
        (1, "cash_grant"),
        (2, "asset_death"),
        (3, "theft"),
        (4, "village_shock"),
        (5, "leaves_school"),
        (6, "returns_to_school"),
        (7, "village_served"),
        (7, "benefit_late"),
        (8, "village_left"),
    ]
    made = told(blank(9), trace)
    said = [sentence(made, 1, place) for place in range(10)]
    assert (
        said[0] == "gets a productive asset for Rp 4 million; by its quality (draw 0.900) it is worth Rp 3.6 million."
    )
    assert said[3].startswith("Rp 500,000 of its savings are stolen (draw 0.00100 below the chance 0.00200)")
    assert said[4] == "a shock strikes the whole village: 10 % of everybody's earnings are lost."
    assert said[7] == "“Meetings” reaches the village."


def test_no_school_without_children() -> None:
    trace = blank(1)
    put(
        put(put(trace, 0, "after", in_school=0.0, children=0.0), 0, "draw", schooling=0.0),
        0,
        "account",
        leaves_school=1.0,
    )
    assert kinds(trace) == []


def test_crossing_the_line_is_traced_to_its_parts() -> None:
    """Consumption made of wages alone: what the rules make of lower wages is all of the fall."""
    from empowersim.engine.account import traced_difference

    trace = blank(3)
    for month, wages in enumerate((1.5, 1.5, 0.4)):
        put(trace, month, "account", wages=wages, accustomed=1.2, savings=0.0)
    put(trace, 1, "after", consumption=1.3)
    put(trace, 2, "before", consumption=1.3)
    put(trace, 2, "after", consumption=0.7)
    event = only(trace)
    assert event.kind == "falls_poor"
    parts = event.facts["parts"]
    assert {name for name, value in parts.items() if value} == {"work"}
    raw = traced_difference(VALUES, trace.account[1], trace.account[2])
    assert parts["work"] == raw["wages"] < 0
    said = sentence(told(blank(3), trace), 1, 0)
    assert said.startswith("falls below the poverty line: from Rp 2.6 million to Rp 1.4 million a month (work −Rp ")
    assert grouped(raw) == parts


def test_stages_are_told_when_they_change() -> None:
    trace = blank(3)
    trace.stage[1:] = 2
    assert sentence(told(blank(3), trace), 1, 0) == "stands at stage “trained” (was “unaware”)."


def test_the_first_difference_is_found_and_named() -> None:
    a, b = blank(6), blank(6)
    assert parting_of(a, b) is None
    put(b, 3, "dose", business=0.2)
    put(b, 4, "after", consumption=1.6)
    found = parting_of(a, b)
    assert found is not None
    assert (found.month, found.cause, found.consumption_month) == (3, "dose", 4)
    assert found.what == {"business": (0.0, pytest.approx(0.2))}
    put(b, 2, "village", mean_income=0.4)
    earlier, reached = parting_of(a, b), reached_of(a, b)
    assert earlier is not None
    assert (earlier.month, earlier.cause) == (2, "village")
    assert reached is not None
    assert reached.month == 3
    assert partings(told(a, b)) == [
        "The lives part in March of year 1, through the neighbours: the village is not the same (mean income of the "
        "village 0 → 0.400).",
        "The household itself is first reached in April of year 1: business course 0 → 0.200.",
    ]
    put(b, 1, "home", trust=0.1)
    moved = parting_of(a, b)
    assert moved is not None
    assert (moved.month, moved.cause) == (1, "mentor")


def test_every_kind_has_a_sentence_and_every_part_a_name() -> None:
    known = entries()
    assert {key.removeprefix("story.event.") for key in known if key.startswith("story.event.")} == set(KINDS)
    assert set(KINDS) > MINOR
    assert {key.removeprefix("story.part.") for key in known if key.startswith("story.part.")} == set(GROUPS)
    assert {f"story.count_{kind}" for kind in (*MINOR, "place_not_won")} <= set(known)


def test_rules_named_exist() -> None:
    from importlib import import_module

    for kind, rule in KINDS.items():
        module, _, name = rule.rpartition(".")
        if rule == "engine.ends":
            import_module(f"empowersim.{rule}")
            continue
        assert hasattr(import_module(f"empowersim.{module}"), name), kind


# --- of a scenario --------------------------------------------------------------------------------------------------


@cache
def of_medan(find: str = "gains-most") -> Story:
    return story(MEDAN, find=find, policies=["no_programme", "mix_mentors"], households=1200, months=30)


def test_the_difference_is_the_sum_of_its_parts() -> None:
    made = of_medan()
    whole = sum(made.parts.values())
    assert np.allclose(whole, made.difference, atol=1e-12, rtol=0.0)
    assert made.difference[-12:].mean() > 0.0
    over = made.parts_over(slice(-12, None))
    assert sum(over.values()) == pytest.approx(made.difference[-12:].mean(), abs=1e-12)


def test_households_are_found_by_what_became_of_them() -> None:
    from empowersim.engine.simulate import simulate
    from empowersim.experiments.compare import plan

    made = plan(MEDAN, policies=["no_programme", "mix_mentors"], households=1200, months=30, replicates=1)
    compiled = made.compiled
    first, second = simulate(
        compiled.population(1200, made.seed, 0),
        [compiled.policies[name] for name in made.policies],
        travel=compiled.travel,
        parameters=compiled.parameters,
        months=30,
        burn_in=made.burn_in,
        seed=made.seed,
    )
    change = second.end_consumption.astype(float) - first.end_consumption
    gains, loses, typical = (of_medan(find) for find in ("gains-most", "loses-most", "typical"))
    assert gains.household == second.household_id[np.argmax(change)]
    assert loses.household == second.household_id[np.argmin(change)]
    row = list(second.household_id).index(typical.household)
    assert second.touched[row]
    middle = np.median(change[second.touched])
    assert abs(change[row] - middle) == np.abs(change[second.touched] - middle).min()
    at = list(second.household_id).index(gains.household)
    mean = gains.lives[1].months["consumption"][-12:].mean()
    assert mean == pytest.approx(float(second.end_consumption[at]), rel=1e-6)


def test_an_id_gives_the_same_story_as_finding_it() -> None:
    found = of_medan()
    same = story(MEDAN, found.household, policies=["no_programme", "mix_mentors"], households=1200, months=30)
    assert same.run_id == found.run_id
    assert {**same.to_dict(), "found": ""} == {**found.to_dict(), "found": ""}


def test_the_words_of_a_whole_story() -> None:
    made = of_medan()
    english, indonesian = narrative(made), narrative(made, "id")
    assert english[0] == head(made)
    assert english[-1] == closing(made)
    assert len(english) == len(indonesian)
    assert any("“Mix with mentors”" in line for line in english)
    assert any("“Campuran dengan pendamping”" in line for line in indonesian)
    assert len(narrative(made, everything=True)) > len(english)
    text = "\n".join([*english, *indonesian])
    assert "{" not in text
    assert "None" not in text
    assert "nan" not in text.split()


def test_a_story_is_plain_json() -> None:
    document = json.loads(of_medan().to_json())
    assert len(document["lives"]) == 2
    assert set(document["lives"][0]["months"]) == {*SERIES, "stage"}
    events = document["lives"][1]["events"]
    assert {event["kind"] for event in events} <= set(KINDS)
    assert any(event["not_in_the_other"] for life in document["lives"] for event in life["events"])


@pytest.mark.parametrize(("name", "world"), [("remote-islands", "no_trap"), ("mentors-or-courses-islands", "trap")])
def test_accounts_hold_in_both_worlds_and_with_villages_served(name: str, world: str) -> None:
    """Every month of every trace is compared with the engine's to the last bit; a difference would raise."""
    from empowersim.scenario.load import load
    from empowersim.scenario.worlds import in_world

    loaded = in_world(load(MEDAN.parent / f"{name}.yaml"), world)
    made = story(loaded, find="typical", households=900, months=15)
    assert np.allclose(sum(made.parts.values()), made.difference, atol=1e-12, rtol=0.0)


def test_series_are_columns_of_a_household() -> None:
    assert set(SERIES) <= {column.name for column in HOUSEHOLD}


def test_stories_that_cannot_be_told() -> None:
    with pytest.raises(SimulationError, match="give one of them"):
        story(MEDAN)
    with pytest.raises(SimulationError, match=r"from 0 to 199 \(200 households\), found 5000"):
        story(MEDAN, 5000, households=200, months=2)
    with pytest.raises(SimulationError, match="did you mean mix_mentors"):
        story(MEDAN, 1, policies=["no_programme", "mix_mentor"])
    with pytest.raises(SimulationError, match="expected two"):
        story(MEDAN, 1, policies=["no_programme"])
    with pytest.raises(SimulationError, match="way to find"):
        story(MEDAN, find="richest")
    with pytest.raises(SimulationError, match="at most 200,000"):
        story(MEDAN, 1, households=300_000)
    with pytest.raises(SimulationError, match="found none"):
        story(MEDAN, find="leaves-poverty", policies=["no_programme", "adult_literacy"], households=100, months=2)


def test_the_command_tells_writes_and_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyarrow.parquet as pq

    words = ["story", str(MEDAN), "--policies", "no_programme,mix_mentors", "--households", "600", "--months", "14"]
    assert main([*words, "--find", "gains-most", "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert "Household " in shown
    assert max(map(len, shown.splitlines()[:-1])) <= 100
    folder = tmp_path / "out"
    assert (folder / "story.png").stat().st_size > 10_000
    assert "Household " in (folder / "story.txt").read_text(encoding="utf-8")
    assert pq.read_table(folder / "months.parquet").num_rows == 28
    parts = pq.read_table(folder / "parts.parquet").to_pydict()
    assert set(parts["part"]) == set(GROUPS)
    assert main([*words, "--household", "5", "--out", str(folder)]) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*words, "--household", "5", "--json", "--lang", "id"]) == 0
    assert json.loads(capsys.readouterr().out)["household"] == 5
    assert main([*words, "--household", "999999"]) == 2
    assert "found 999999" in capsys.readouterr().err
    assert main([*words]) == 2
    assert "--household" in capsys.readouterr().err


def test_ways_to_find_are_those_of_the_command() -> None:
    from empowersim.fronts.story_cli import FINDS

    assert FINDS == FIND


ARISES = {
    "illness_starts": {"home": {"illness": 0.0}},
    "illness_ends": {"home": {"illness": 1.0}},
    "job_found": {"home": {"job": 0.0}},
    "job_lost": {"home": {"job": 1.0}},
    "leaves_school": {"home": {"in_school": 1.0}},
    "returns_to_school": {"home": {"in_school": 0.0}},
    "theft": {"home": {"savings": 0.5}},
    "asset_death": {"account": {"dies": 0.3}},
    "attends": {"dose": {"business": 0.2}},
    "misses": {"dose": {"business": 0.2}},
    "benefit_late": {"dose": {"stipend": 0.1}},
}
DOES_NOT = {
    "illness_starts": {"home": {"illness": 1.0}},
    "illness_ends": {"home": {"illness": 0.0}},
    "job_found": {"home": {"job": 1.0}},
    "job_lost": {"home": {"job": 0.0}},
    "leaves_school": {"home": {"in_school": 0.0}},
    "returns_to_school": {"home": {"in_school": 1.0}},
    "theft": {"home": {"savings": 0.0}},
    "asset_death": {"account": {"dies": 0.0}},
    "attends": {},
    "misses": {},
    "benefit_late": {},
}


@pytest.mark.parametrize("kind", sorted(ARISES))
@pytest.mark.parametrize(("states", "reason"), [(ARISES, "chance"), (DOES_NOT, "state")], ids=["arises", "does not"])
def test_why_not_is_read_off_the_other_life_and_not_off_the_draw(kind, states, reason):
    """The draw (0.9) misses every chance there (0.3 at most): only the other life's state tells the two apart."""
    other = blank(1)
    put(other, 0, "account", ill=0.3, severe=0.1, recovers=0.3, finds=0.3, loses=0.3, attends=0.3, stolen=0.3, late=0.3)
    put(other, 0, "account", leaves_school=0.3, returns_school=0.3, dies=0.3)
    for what, values in states[kind].items():
        put(other, 0, what, **values)
        if what == "home":
            put(other, 0, "before", **values)
            put(other, 0, "after", **values)
    assert contrast(Event(0, kind, {"severe": False}), other)["reason"] == reason


def test_who_falls_ill_otherwise_in_the_other_life_is_not_told_to_stay_well():
    other = put(blank(1), 0, "after", illness=2.0)
    assert contrast(Event(0, "illness_starts", {"severe": False}), other) is None


def test_two_lives_that_never_part_have_no_closing_sentence():
    text = "\n".join(narrative(told(blank(14), blank(14))))
    assert "Rp 0" not in text
