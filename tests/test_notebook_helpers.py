"""What the notebooks lean on: frames of trials, power and sensitivity, inputs by name, and the figures of a trial."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import empowersim as es
from empowersim.errors import EmpowersimError, ParameterError
from empowersim.experiments.responses import lever, parameter_inputs
from empowersim.experiments.sensitivity import inputs_of
from empowersim.fronts.evidence_api import calibrated_spread
from empowersim.fronts.trial_plots import power_curve, trial_estimates
from empowersim.parameters import passports

ROOT = Path(__file__).parent.parent
MEDAN = ROOT / "scenarios" / "medan.yaml"
BUDGET = "policies.mix_mentors.mentors.budget=6..18 billion IDR/year"

STUDY = """
trial: 1
title: "A small study"
population: {villages: 12, households_per_village: 10}
arms:
  control: {}
  treated:
    take_up: 60 %
    gives: {grant: {asset_grant: 6 lines, month: 1}}
surveys: {6: {attrition: 10 %}, 12: {attrition: 10 %}}
estimates:
  early: {outcome: consumption, survey: 6, as: level}
  late: {outcome: consumption, survey: 12, as: level}
  takers: {outcome: consumption, survey: 12, as: level, on: treated}
  spread: {outcome: consumption, survey: 12, as: sd}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "small.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(study: Path):
    return es.trial(study)


# ---------------------------------------------------------------- trials


def test_the_frame_of_a_trial_says_what_its_effects_say(found):
    frame = found.to_frame().set_index("estimate")
    assert list(frame.index) == ["early", "late", "takers", "spread"]
    for one in found.effects:
        row = frame.loc[one.name]
        assert (row.value, row.se, row.low, row.high, row.p) == (one.value, one.se, one.low, one.high, one.p)
        assert (row.true_value, row.spillover) == (one.true_value, one.spillover)
        assert row.expected == found.expected[one.name].value
        assert (row.households, row.clusters, bool(row.covered)) == (one.observations, one.clusters, one.covered)


@pytest.mark.parametrize(("survey", "name"), [(6, "early"), (12, "late"), (None, "late")])
def test_the_households_of_a_trial_give_its_estimate_and_its_truth(found, survey, name):
    homes = found.households(survey)
    effect = next(one for one in found.effects if one.name == name)
    seen = homes[homes.found]
    means = seen.groupby("arm").consumption.mean()
    assert means["treated"] - means["control"] == pytest.approx(effect.value, rel=1e-9)
    assert len(seen) == effect.observations < len(homes)
    treated = homes[homes.arm == "treated"]
    gain = (treated.consumption_true - treated.consumption_untreated).mean()
    assert gain == pytest.approx(effect.true_value, rel=1e-9)


def test_the_effect_on_takers_is_the_offer_over_the_share_that_took_it(found):
    homes = found.households()
    seen = homes[homes.found]
    means, share = seen.groupby("arm").consumption.mean(), seen[seen.arm == "treated"].accepted.mean()
    assert 0.3 < share < 0.9
    takers = next(one for one in found.effects if one.name == "takers")
    assert (means["treated"] - means["control"]) / share == pytest.approx(takers.value, rel=1e-9)


def test_a_survey_that_was_not_made_is_named_with_those_that_were(found):
    with pytest.raises(EmpowersimError, match=r"small \(6, 12\), found 9"):
        found.households(9)


def test_a_power_table_is_a_frame_of_its_rows(study):
    table = es.power(study, estimate="late", villages=[8, 16], take_up=[0.5, 1.0], draws=3)
    frame = table.to_frame()
    assert frame[["villages", "take_up"]].to_numpy().tolist() == [[8, 0.5], [8, 1.0], [16, 0.5], [16, 1.0]]
    for at, row in enumerate(table.rows):
        assert frame.power[at] == row.power
        assert frame.households[at] == row.design.households == 10
        assert frame.observations[at] == row.observations
    assert frame.draws.tolist() == [3] * 4


def test_figures_of_a_trial_show_every_estimate_and_every_design(study, found):
    axes = trial_estimates(found)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["early", "late", "takers"]
    dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    truths = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "D"]
    levels = [one for one in found.effects if one.scale == "level"]
    assert dots == [one.value for one in levels]
    assert truths == [one.true_value for one in levels]
    assert [text.get_text() for text in trial_estimates(found, scale="sd").get_yticklabels()] == ["spread"]
    with pytest.raises(EmpowersimError, match=r"level, sd"):
        trial_estimates(found, scale="percent")

    table = es.power(study, estimate="late", villages=[16, 8], draws=3)
    axes = power_curve(table)
    (bars,) = axes.containers
    shown = dict(zip(*(bars[0].get_data()), strict=True))
    assert shown == {row.design.villages: pytest.approx(100 * row.power) for row in table.rows}
    axes.figure.canvas.draw()


def test_a_trial_and_a_power_table_show_themselves_in_a_notebook(study, found):
    page = found._repr_html_()
    assert "A small study" in page
    assert page.count("<tr") == 1 + len(found.effects)
    assert f"<td>{found.effects[0].value:.4g}</td>" in page
    assert "array(" not in repr(found)
    table = es.power(study, estimate="late", villages=[8, 16], draws=2)
    assert table._repr_html_().count("<tr") == 3
    assert "power to see late" in table._repr_html_()


# ---------------------------------------------------------------- sensitivity


def test_inputs_by_name_are_the_inputs_made_by_hand():
    named = inputs_of(es.load(MEDAN), ["agency", "job_finding", BUDGET])
    assert named == (*parameter_inputs(MEDAN, ["agency", "job_finding"]), lever(BUDGET))
    assert inputs_of(es.load(MEDAN)) == parameter_inputs(MEDAN)
    assert inputs_of(es.load(MEDAN), ["agency_sd", "agency"]) == inputs_of(
        es.load(MEDAN), ["agency_sd", *(one.name for one in parameter_inputs(MEDAN, ["agency"]))]
    )


def test_inputs_that_are_no_inputs_are_told():
    with pytest.raises(ParameterError, match=r"write \['agency'\]"):
        inputs_of(es.load(MEDAN), "agency")
    with pytest.raises(ParameterError, match="did you mean job_finding"):
        inputs_of(es.load(MEDAN), ["job_findin"])


def test_sensitivity_takes_names_and_gives_a_frame():
    sizes = {"households": 60, "months": 4, "futures": 2, "samples": 2, "threads": 1}
    asked = {"policy": "mix_mentors", "outcomes": ["mean_consumption", "empowerment_index"], **sizes}
    by_name = es.sensitivity(MEDAN, ["job_finding", "work_time", BUDGET], **asked)
    inputs = [*parameter_inputs(MEDAN, ["job_finding", "work_time"]), lever(BUDGET)]
    by_hand = es.sensitivity(MEDAN, inputs, **asked)
    assert by_name.run_id == by_hand.run_id
    np.testing.assert_array_equal(by_name.answers, by_hand.answers)
    frame = by_name.to_frame("mean_consumption")
    assert frame.input.tolist() == [one.name for one in by_name.ranked("mean_consumption")]
    assert frame.mu_star.tolist() == [one.mu_star for one in by_name.ranked("mean_consumption")]
    assert len(by_name.to_frame()) == 2 * len(frame)
    assert by_name._repr_html_().count("<tr") == 1 + 2 * len(frame)
    with pytest.raises(KeyError, match="mean_consumption, empowerment_index"):
        by_name.to_frame("poverty_gap")


def test_the_calibrated_spread_narrows_what_was_fitted_and_nothing_else():
    spread, known = calibrated_spread(), passports()
    assert spread
    narrowed = {one.name: one for one in inputs_of(es.load(MEDAN), None, spread)}
    for one in parameter_inputs(MEDAN):
        made = narrowed[one.name]
        assert known[one.name].lower <= made.low < made.high <= known[one.name].upper
        if one.name not in spread:
            assert made == one
    fitted = [one for one in parameter_inputs(MEDAN) if one.name in spread]
    assert any(narrowed[one.name].high - narrowed[one.name].low < one.high - one.low for one in fitted)


# ---------------------------------------------------------------- the page on surveys


def test_the_mapping_of_the_page_on_surveys_is_valid_and_reads_a_file(tmp_path: Path):
    page = (ROOT / "docs" / "howto" / "own-survey.md").read_text(encoding="utf-8")
    (mapping,) = re.findall(r"```yaml\n(base:.*?)```", page, re.S)
    text = f"empowersim: 1\nname: page\n{mapping}policies:\n  nothing: {{}}\n"
    path = tmp_path / "page.yaml"
    path.write_text(text, encoding="utf-8")
    assert es.check(path) == ()
    rows = [f"{psu},{hh},4,{2000 + 100 * hh},SMP,1,0,200,{1 + psu % 2}" for psu in range(4) for hh in range(6)]
    data = "\n".join(["psu,hh,hhsize,exp_k,educ,sex_head,days_ill,wgt,area", *rows])
    (tmp_path / "district.csv").write_text(data, encoding="utf-8")
    read = es.simulate(path, months=1, replicates=1)
    assert read.households == 24
    assert read.represents == 24 * 200
    assert any("imputed" in note for note in read.notes)


def test_every_column_of_a_survey_stands_on_its_page():
    from empowersim.scenario.survey_files import COLUMNS

    page = (ROOT / "docs" / "howto" / "own-survey.md").read_text(encoding="utf-8")
    names = {name for kind in COLUMNS.values() for name in kind}
    missing = sorted(name for name in names if f"`{name}`" not in page)
    assert not missing
