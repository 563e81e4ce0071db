"""Verdicts by hand, scores, the page that tells them and the forest plot."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from empowersim.evidence.base import THEMES, Mapped, mappings, targets
from empowersim.evidence.judge import judge, judge_all, scale_of, score, standard_error_of, written
from empowersim.evidence.report import (
    KnownParameter,
    LeftOut,
    LeftOutRow,
    LeftOutStudy,
    evidence_page,
    known_of,
    left_out_of,
)
from empowersim.fronts.forest import PANELS, forest, panel_of

TARGETS, MAPPINGS = targets(), mappings()


def by_hand(row: str, **changes):
    """A published row with a mapping made for the test."""
    base = Mapped(row, "other", trial="t", estimate="x_percent", group="g", use="fitted", why="w")
    return TARGETS[row], replace(base, **changes)


# --- verdicts -----------------------------------------------------------------------------------------------------


def test_z_of_a_number():
    """5.8 against 8.2 with tau 3 and simulation error 4: 2.4 / 5."""
    verdict = judge(*by_hand("C060", tau=3.0), 8.2, 4.0)
    assert verdict.z == pytest.approx(0.48)
    assert verdict.scale == 3.0
    assert verdict.passed
    assert (verdict.kind, verdict.simulated, verdict.target) == ("number", "8.2", "5.8")


def test_the_published_error_counts():
    """0.122 with se 0.023: 0.076 stands at -2, a little less misses."""
    target, mapping = by_hand("C050a", estimate="x_24_sd")
    assert judge(target, mapping, 0.07601).passed
    assert judge(target, mapping, 0.07601).z == pytest.approx(-2.0, abs=0.01)
    assert judge(target, mapping, 0.0755).passed is False


def test_the_sample_gives_an_error_only_to_effects_in_sd():
    """C091: 1,008 persons, no published error: 2.2 / sqrt(1008) = 0.0693."""
    assert standard_error_of(*by_hand("C091", estimate="x_9_sd")) == pytest.approx(0.0692935, rel=1e-5)
    assert standard_error_of(*by_hand("C092", estimate="x_9_percent")) == 0.0
    assert scale_of(*by_hand("C091", estimate="x_9_sd", tau=0.091)) == pytest.approx(0.114379, rel=1e-4)
    assert standard_error_of(*by_hand("C050a", estimate="x_24_sd")) == 0.023


@pytest.mark.parametrize(("value", "z"), [(5.0, 0.0), (7.3, 0.0), (10.0, 0.0), (4.0, -0.5), (13.0, 1.5)])
def test_z_of_a_range(value, z):
    verdict = judge(*by_hand("C100", tau=2.0), value)
    assert verdict.z == pytest.approx(z)
    assert verdict.kind == "range"


@pytest.mark.parametrize(("row", "value", "z"), [("C030", 12.0, 0.0), ("C030", 45.0, 1.5), ("C015", 0.9, 0.0)])
def test_an_open_range_has_one_end(row, value, z):
    assert judge(*by_hand(row, tau=10.0), value).z == pytest.approx(z)


def test_odds_ratios_are_compared_in_logs():
    """0.8 (0.67-0.96) against 0.9 with simulation error 0.045 = 0.05 in logs: ln(0.9/0.8) / hypot(0.0917489, 0.05)."""
    verdict = judge(*by_hand("C140", tau=0.0), 0.9, 0.045)
    assert verdict.z == pytest.approx(0.117783 / 0.104488, rel=1e-4)
    turned = judge(*by_hand("C140", tau=0.0), 0.64 / 0.9, 0.045 * 0.64 / 0.81)
    assert turned.z == pytest.approx(-verdict.z)


@pytest.mark.parametrize(("row", "value"), [("C060", math.nan), ("C060", math.inf), ("C140", 0.0), ("C140", -1.0)])
def test_what_is_no_number_is_a_miss(row, value):
    verdict = judge(*by_hand(row, tau=1.0), value)
    assert math.isnan(verdict.z)
    assert verdict.passed is False


def test_a_text_is_read_as_the_mapping_says():
    verdict = judge(*by_hand("C111", target=0.0, tau=8.0), 12.0)
    assert (verdict.z, verdict.target) == (1.5, "fades to about 0")


@pytest.mark.parametrize(("holds", "said"), [(True, "holds"), (False, "does not hold")])
def test_a_predicate_holds_or_not(holds, said):
    mapping = Mapped("C103", "jobs", predicate="p", group="g", use="fitted")
    verdict = judge(TARGETS["C103"], mapping, holds)
    assert (verdict.passed, verdict.simulated, verdict.kind, verdict.z) == (holds, said, "sign", None)


def test_what_was_not_simulated_has_no_verdict():
    assert judge(TARGETS["C060"], MAPPINGS["C060"], None).passed is None
    listed = judge(TARGETS["C036"], MAPPINGS["C036"], None)
    assert (listed.passed, listed.kind) == (None, "not mapped")
    assert listed.reason == MAPPINGS["C036"].reason
    assert judge(TARGETS["C061"], MAPPINGS["C061"], None).kind == "input"


def value_at(row: str, z: float) -> float:
    """A simulated value with that z."""
    verdict = judge(TARGETS[row], MAPPINGS[row], None)
    end = verdict.high if verdict.low is None or (z > 0 and verdict.high is not None) else verdict.low
    return end * math.exp(z * verdict.scale) if verdict.on_log else end + z * verdict.scale


def simulated(z: float, holds: bool = True):
    """Every row simulated at one distance from its target; one-sided ranges are met from the side that is open."""
    return {
        row: holds if one.predicate else SimpleNamespace(value=value_at(row, z), se=0.0)
        for row, one in MAPPINGS.items()
        if one.simulated
    }


def test_value_at_is_the_inverse_of_judge():
    """So that the pages below are made of what they claim; open ranges have no far side."""
    sided = {"C015", "C030"}
    for one in judge_all(simulated(1.5)):
        if one.is_numeric and one.id not in sided:
            assert one.z == pytest.approx(1.5), one.id


def test_all_rows_are_judged_or_listed_in_order():
    verdicts = judge_all(simulated(1.0))
    assert [one.id for one in verdicts] == list(TARGETS)
    assert [one.id for one in verdicts if one.passed is None] == [
        row for row, one in MAPPINGS.items() if not one.simulated
    ]
    assert [one.id for one in judge_all({}, ["C060", "C160"])] == ["C060", "C160"]


@pytest.mark.parametrize(
    ("row", "z"),
    [("C160", -5.0), ("C166", 0.0), ("C140", 2.432133), ("C100", -2.5)],  # C140: -ln(0.8) / 0.0917489
)
def test_what_a_model_without_effects_would_get(row, z):
    tau = {"C160": 1.0, "C166": 6.0, "C140": 0.0, "C100": 2.0}[row]
    assert judge(*by_hand(row, tau=tau), None).z_without_effect == pytest.approx(z, rel=1e-5)


def test_only_effects_can_be_without_effect():
    """Statistics of the population and signs are no effects."""
    for row in ("C003", "C011", "C103", "C061"):
        assert judge(TARGETS[row], MAPPINGS[row], None).z_without_effect is None


# --- scores -------------------------------------------------------------------------------------------------------


def test_scores_count_by_use_and_confidence():
    def verdict(use, confidence, passed, z):
        return replace(
            judge(TARGETS["C060"], MAPPINGS["C060"], None), use=use, confidence=confidence, passed=passed, z=z
        )

    scores = score(
        [
            verdict("fitted", "A", True, 0.1),
            verdict("fitted", "B", False, 3.0),
            verdict("fitted", "C", True, 0.1),
            verdict("fitted", "A", True, None),
            verdict("predicted", "A", True, 0.1),
            verdict("predicted", "C", False, None),
            verdict("shown", "A", False, 9.0),
            verdict("fitted", "A", None, None),
        ]
    )
    fitted, predicted, total = scores["fitted"], scores["predicted"], scores["all"]
    assert (fitted.within, fitted.numeric, fitted.share) == (1, 2, 0.5)
    assert (fitted.within_c, fitted.numeric_c, fitted.held, fitted.signs) == (1, 1, 1, 1)
    assert (predicted.within, predicted.numeric, predicted.held, predicted.signs) == (1, 1, 0, 1)
    assert (total.within, total.numeric, total.held, total.signs) == (2, 3, 1, 2)
    assert (scores["shown"].within, scores["shown"].numeric) == (0, 1)
    assert math.isnan(score([])["all"].share)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.07601, "0.076"),
        (-12.345, "−12.3"),
        (217.4, "217"),
        (4157.0, "4157"),
        (0.00003, "0"),
        (math.nan, "–"),
        (None, "–"),
        (100.0, "100"),
    ],
)
def test_numbers_are_written_for_people(value, text):
    assert written(value) == text


# --- the page -----------------------------------------------------------------------------------------------------

STUDY = LeftOutStudy("nairobi", 3, 0.5, 1.7, 1.0, 1 / 3)
LEFT_OUT = LeftOut((STUDY,), replace(STUDY, group=""), (LeftOutRow("C110", 3.3, -2.4),), steps=1)
KNOWN = (
    KnownParameter("profit_per_practice", 0.83, 0.1, 1.0, 0.91, 0.4, "practice_ramp", -0.8, "not identified"),
    KnownParameter("earning_level", 0.53, 0.0, 1.0, 0.2, 0.1, "", 0.0, "identified"),
)


def page(verdicts, **changes):
    return evidence_page(verdicts, version="shipped", seed=7, **changes)


def rows_of(text: str) -> list[str]:
    """First cells of all lines of tables."""
    return [line.split(" | ")[0].lstrip("| ") for line in text.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize(
    "results", [{}, simulated(1.0), simulated(3.0, holds=False)], ids=["nothing", "passes", "misses"]
)
def test_no_row_is_hidden(results):
    found = rows_of(page(judge_all(results)))
    assert [row for row in TARGETS if row not in found] == []


def test_the_page_says_what_was_run():
    text = page(judge_all(simulated(1.0)), size=0.5)
    assert "Parameter set `shipped`; seed 7; studies at 0.5 times their size." in text
    assert "## Misses\n\nNone." in text
    total = score(judge_all(simulated(1.0)))["all"]
    assert f"**{total.numeric} of {total.numeric} numeric rows" in text


def test_the_page_says_how_little_a_pass_may_mean():
    """C166 (target 0) is passed by doing nothing, C160 (5 within 1.1) is not."""
    results = {row: SimpleNamespace(value=value_at(row, 1.0), se=0.4 * MAPPINGS[row].tau) for row in ("C160", "C166")}
    text = page(judge_all(results))
    assert f"mean |z| of these rows is {1 / math.hypot(1, 0.4):.2f}," in text
    assert "would pass 1 of the 2 rows among them that are effects" in text
    assert "simulate larger studies" not in text
    results["C160"].se = 0.6 * MAPPINGS["C160"].tau
    assert "exceeds half of the scale in C160, which" in page(judge_all(results))
    assert "mean |z|" not in page(judge_all({}))


def test_misses_come_first_with_what_they_point_to():
    results = simulated(1.0) | {
        "C054a": SimpleNamespace(value=value_at("C054a", 2.5), se=0.0),
        "C164": SimpleNamespace(value=value_at("C164", -4.0), se=0.0),
        "C086": False,
    }
    text = page(judge_all(results))
    section = text.split("## Misses")[1].split("\n## ")[0]
    assert rows_of(section)[1:] == ["C164", "C054a", "C086"]
    for row in ("C164", "C054a", "C086"):
        assert MAPPINGS[row].miss in section
    theme = text.split("## Graduation package, six sites pooled")[1].split("\n## ")[0]
    assert rows_of(theme)[1] == "C054a"
    assert "| −4.00 | **miss** |" in text


def test_reasons_and_inputs_stand_at_the_end():
    text = page(judge_all(simulated(1.0)))
    inputs = text.split("## Inputs")[1].split("\n## ")[0]
    reasons = text.split("## Rows that are not simulated")[1].split("\n## ")[0]
    for row, one in MAPPINGS.items():
        if one.input:
            assert one.input in inputs
            assert row in rows_of(inputs)
        if one.reason:
            assert one.reason in reasons


def test_tables_have_as_many_cells_as_heads():
    for block in page(judge_all(simulated(3.0)), left_out=LEFT_OUT, identified=KNOWN).split("\n\n"):
        lines = block.splitlines()
        if lines and lines[0].startswith("| "):
            cells = {line.replace("\\|", "").count("|") for line in lines}
            assert len(cells) == 1, lines[0]


def test_the_calibration_is_told_where_there_is_one():
    bare = page(judge_all(simulated(1.0)))
    assert "Leaving one study out" not in bare
    text = page(judge_all(simulated(1.0)), left_out=LEFT_OUT, identified=KNOWN)
    assert "the honest score), 33 % of 3 fitted numbers lie within 2, mean |z| 1.70" in text
    assert "| `nairobi` | 3 | 0.50 | 1.70 | 100 % | 33 % |" in text
    assert "| C110 | Brooks, Donovan & Johnson 2018: profits while the match lasts | 20 percent | " in text
    assert "Of 2 fitted parameters 1 are identified, 0 weakly and 1 not" in text
    places = [text.index(f"| `{one.name}` | ") for one in KNOWN]
    assert places == sorted(places), "not identified first"


def test_tables_of_a_parameter_file_are_read():
    plain = {
        "steps": 3,
        "total": {"rows": 3, "fitted": 0.5, "left_out": 1.7, "fitted_within_2": 1.0, "left_out_within_2": 1 / 3},
        "groups": {
            "nairobi": {"rows": 3, "fitted": 0.5, "left_out": 1.7, "fitted_within_2": 1.0, "left_out_within_2": 1 / 3}
        },
        "rows": {"C110": {"value": 3.3, "se": 0.1, "z": -2.4}},
    }
    assert left_out_of(plain) == replace(LEFT_OUT, steps=3)
    assert left_out_of(None) is None
    entry = {key: getattr(KNOWN[0], key) for key in KNOWN[0].__dataclass_fields__ if key != "name"}
    parameters = {KNOWN[0].name: entry | {"prior_sd": 0.2}, "other": {"value": 1.0}}
    assert known_of(parameters) == KNOWN[:1]


# --- the plot -----------------------------------------------------------------------------------------------------


PLACES = {theme: at for at, theme in enumerate(THEMES)}


def label_ids(axes) -> list[str]:
    return [label.get_text().split()[-1] for label in axes.get_yticklabels()]


def test_the_forest_has_every_judged_row_once():
    verdicts = judge_all(simulated(1.0) | simulated(3.0, holds=False))
    figure = forest(verdicts)
    judged = {one.id for one in verdicts if one.passed is not None}
    drawn = [row for axes in figure.axes for row in label_ids(axes)]
    assert sorted(drawn) == sorted(judged)
    for name, axes in zip(PANELS, figure.axes, strict=True):
        assert label_ids(axes) == [
            one.id
            for one in sorted(verdicts, key=lambda one: PLACES[one.theme])
            if one.id in judged and panel_of(one) == name
        ]
    assert figure.get_figheight() > 0.15 * max(len(label_ids(axes)) for axes in figure.axes)


def test_panels_by_unit():
    panels = {row: panel_of(judge(TARGETS[row], MAPPINGS[row], None)) for row in TARGETS}
    assert (panels["C060"], panels["C087"], panels["C104_1"]) == ("percent",) * 3
    assert (panels["C050a"], panels["C220"], panels["C151"]) == ("sd",) * 3
    assert (panels["C140"], panels["C040"], panels["C103"], panels["R1"]) == ("other",) * 4


def test_axes_may_be_given():
    from matplotlib.figure import Figure

    own = Figure()
    axes = own.subplots(1, 3)
    assert forest(judge_all(simulated(1.0), ["C060", "C160"]), ax=axes) is own
    assert label_ids(axes[0]) == ["C060", "C160"]
    with pytest.raises(ValueError, match="expected 3 axes, found 2"):
        forest([], ax=axes[:2])


def test_pass_and_miss_are_told_by_more_than_colour():
    figure = forest(
        judge_all({"C060": SimpleNamespace(value=5.9, se=0.1), "C160": SimpleNamespace(value=50.0, se=0.1)})
    )
    dots = [line for line in figure.axes[0].get_lines() if line.get_marker() == "o"]
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, True]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [5.9, 50.0]


def test_no_number_is_still_a_row():
    figure = forest(judge_all({"C060": SimpleNamespace(value=math.nan, se=math.nan)}))
    assert label_ids(figure.axes[0]) == ["C060"]
    assert any("no number" in text.get_text() for text in figure.axes[0].texts)


def test_a_forest_can_be_saved(tmp_path):
    path = tmp_path / "forest.png"
    forest(judge_all(simulated(1.0))).savefig(path, dpi=40)
    assert path.stat().st_size > 10_000
