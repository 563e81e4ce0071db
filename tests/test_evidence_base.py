"""The evidence base as data: texts are read and not guessed at, and every row is simulated or says why not."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from empowersim.errors import EmpowersimError, ScenarioError
from empowersim.evidence.base import (
    COLUMNS,
    FOLDER,
    KINDS,
    THEMES,
    USES,
    chosen,
    mappings,
    read_mappings,
    read_targets,
    sample_size,
    standard_error,
    targets,
)
from empowersim.evidence.judge import judge, scale_of
from empowersim.evidence.statistics import PREDICATES, STATISTICS, STUDIES_OF
from empowersim.parameters import passports
from empowersim.trials.library import find, packaged
from empowersim.trials.load import load

TARGETS, MAPPINGS = targets(), mappings()
PUBLISHED = [row for row, target in TARGETS.items() if not target.own]
SIMULATED = [row for row, mapped in MAPPINGS.items() if mapped.simulated]
NUMERIC = [row for row, mapped in MAPPINGS.items() if mapped.numeric]


# --- the files ----------------------------------------------------------------------------------------------------


def test_the_published_rows_are_as_they_were_collected():
    """A digest, because a target that is mended by accident would move every score."""
    digest = hashlib.blake2b((FOLDER / "targets.csv").read_bytes(), digest_size=8).hexdigest()
    assert (len(PUBLISHED), digest) == (134, DIGEST)


DIGEST = "2c193c80d724c54a"


def test_every_row_is_mapped_or_has_a_reason():
    assert list(MAPPINGS) == list(TARGETS)
    bare = [row for row, one in MAPPINGS.items() if not (one.simulated or one.reason or one.input)]
    both = [row for row, one in MAPPINGS.items() if one.simulated and (one.reason or one.input)]
    assert (bare, both) == ([], [])


def test_a_reason_is_a_sentence():
    said = [one.reason or one.input for one in MAPPINGS.values() if not one.simulated]
    assert [text for text in said if len(text.split()) < 5 or not text.endswith(".")] == []


@pytest.mark.parametrize("row", SIMULATED)
def test_what_a_mapping_names_exists(row):
    one = MAPPINGS[row]
    if one.statistic:
        assert one.statistic in STATISTICS
    elif one.predicate:
        assert one.predicate in PREDICATES
    else:
        assert one.estimate in {estimate.name for estimate in load(find(one.trial)).estimates}
    named = STUDIES_OF[one.statistic or one.predicate] if not one.trial else (one.trial,)
    assert set(named) <= set(packaged())


@pytest.mark.parametrize("row", NUMERIC)
def test_a_number_has_something_to_be_compared_with(row):
    verdict = judge(TARGETS[row], MAPPINGS[row], None)
    assert verdict.low is not None or verdict.high is not None
    assert scale_of(TARGETS[row], MAPPINGS[row]) > 0.0
    assert MAPPINGS[row].why


def test_signs_and_orders_are_never_read_as_numbers_unless_said():
    texts = {row for row in NUMERIC if not TARGETS[row].is_numeric}
    assert texts == {row for row in NUMERIC if MAPPINGS[row].target is not None}


def test_units_of_a_row_and_its_estimate_agree():
    """A percent row is read from a percent estimate, a row in SD from one in SD, points from points."""
    endings = {"percent": "_percent", "SD": "_sd", "control SD": "_sd", "percentage": "_points", "odds": "_odds_ratio"}
    for row in NUMERIC:
        estimate, unit = MAPPINGS[row].estimate, TARGETS[row].unit
        for start, ending in endings.items():
            if estimate and (unit == start or unit.startswith(f"{start} ")):
                assert estimate.endswith(ending), row


def test_the_month_of_a_row_and_its_estimate_agree():
    """Within a month, as a survey stands at a whole month; nominal horizons of collections of studies are exempt."""
    nominal = {"C020", "C151"}
    for row in NUMERIC:
        estimate = MAPPINGS[row].estimate
        if estimate and row not in nominal:
            month = [int(word) for word in estimate.split("_") if word.isdigit()][-1]
            assert abs(month - TARGETS[row].horizon_months) <= 1.0, row


def test_a_row_behind_a_fitted_parameter_is_not_called_predicted():
    behind = {row for passport in passports().values() if passport.status == "fitted" for row in passport.rows}
    predicted = {row for row, one in MAPPINGS.items() if one.use == "predicted"}
    assert predicted & (behind | {f"{row}{part}" for row in behind for part in "ab"}) == set()


def test_some_rows_are_predicted():
    uses = Counter(MAPPINGS[row].use for row in SIMULATED)
    assert set(uses) == set(USES)
    assert uses["predicted"] >= 10


def test_households_of_one_trial_are_left_out_together():
    """Three studies of the same Bangladeshi trial; the long run of the Indian site."""
    assert len({MAPPINGS[row].group for row in ("C040", "C084", "C161")}) == 1
    assert len({MAPPINGS[row].group for row in ("C164", "C201", "C205", "C206")}) == 1
    one_study = [row for row in SIMULATED if TARGETS[row].study == "Banerjee et al. 2015"]
    assert {MAPPINGS[row].group for row in one_study} == {"graduation_pooled"}


def test_the_ratios_are_those_of_the_published_rows():
    pairs = {
        "R_food": "C051",
        "R_cons": "C050",
        "R_assets": "C052",
        "R_pol": "C058",
        "R_health": "C056",
        "R_mental": "C057",
        "R_inc": "C055",
        "R_hours": "C054",
        "R_fin": "C053",
        "R_emp": "C059",
    }
    for ratio, row in pairs.items():
        later, sooner = TARGETS[f"{row}b"].value, TARGETS[f"{row}a"].value
        assert TARGETS[ratio].value == pytest.approx(later / sooner, abs=0.005)


def test_parts_are_the_numbers_of_their_row():
    parts = MAPPINGS["C104"].parts
    assert tuple(TARGETS[part].value for part in parts) == TARGETS["C104"].values


def test_references_between_explanations_are_spelt_out():
    assert MAPPINGS["C051b"].miss == MAPPINGS["C051a"].miss != ""
    assert MAPPINGS["C167"].miss.startswith(MAPPINGS["C162"].miss + " Ample")
    assert [row for row, one in MAPPINGS.items() if one.miss.startswith("As C") or one.miss.startswith("As R")] == []


# --- reading texts ------------------------------------------------------------------------------------------------

HEAD = ",".join(COLUMNS)


def one_row(effect: str, unit: str = "percent", se: str = "", n: str = ""):
    line = f'X1,Study,Country,arm,outcome,12,"{effect}","{unit}","{se}","{n}",A,"Somebody, 2000",note'
    return read_targets(f"{HEAD}\n{line}\n", "some.csv")[0]


@pytest.mark.parametrize(
    ("effect", "unit", "kind", "value", "low", "high", "values"),
    [
        ("0.3", "elasticity", "number", 0.3, None, None, ()),
        ("-8.4", "percentage points (-14%)", "number", -8.4, None, None, ()),
        ("0", "no effect", "number", 0.0, None, None, ()),
        ("5-10", "percent", "range", None, 5.0, 10.0, ()),
        ("0.19-0.26", "SD", "range", None, 0.19, 0.26, ()),
        ("> 0.5", "share", "range", None, 0.5, None, ()),
        ("< 30", "percent", "range", None, None, 30.0, ()),
        ("0.51/0.24/0.25", "shares", "list", None, None, None, (0.51, 0.24, 0.25)),
        ("-34 (IV) / -11 (FE)", "percent", "list", None, None, None, (-34.0, -11.0)),
        ("> 0", "sign", "sign", None, None, None, ()),
        ("> 0 (about 5-10)", "percent", "sign", None, None, None, ()),
        ("0 / > 0", "sign", "sign", None, None, None, ()),
        ("< 0 for poor; 0 for non-poor", "sign", "sign", None, None, None, ()),
        ("rising profile", "sign", "order", None, None, None, ()),
        ("fades to about 0", "sign", "order", None, None, None, ()),
        ("p = 0.009 neonatal; 0.019 maternal", "slope", "order", None, None, None, ()),
        ("about one third", "share", "statement", None, None, None, ()),
        ("no trap", "statement", "statement", None, None, None, ()),
    ],
)
def test_an_effect_is_read(effect, unit, kind, value, low, high, values):
    target = one_row(effect, unit)
    assert (target.kind, target.value, target.low, target.high, target.values) == (kind, value, low, high, values)
    assert target.kind in KINDS


@pytest.mark.parametrize(
    ("text", "on_log", "expected"),
    [
        ("se 0.023 (memory, C)", False, 0.023),
        ("se 0.02", False, 0.02),
        ("0.08-0.13", False, 0.05 / 3.92),
        ("0.67-0.96", True, 0.0917489),  # (ln 0.96 - ln 0.67) / 3.92, worked out by hand
        ("", False, None),
        ("0.60-0.70 (by assumed marginals)", False, None),
        ("OLS 0.08; range 0.08-0.62", False, None),
        ("about 0.1", False, None),
    ],
)
def test_a_standard_error_is_read_or_left(text, on_log, expected):
    found = standard_error(text, on_log=on_log)
    assert found is None if expected is None else found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10495", 10495),
        ("500 vs 500", 1000),
        ("about 9000 households, 480 villages", 9000),
        ("1800 in 120 villages (1800 memory)", 1800),
        ("6700 ultra-poor; 21000 households, 1309 villages", 6700),
        ("119428 births", 119428),
        ("", None),
        ("meta-analysis", None),
        ("45 studies", None),
        ("7 sites", None),
        ("over 200 studies", None),
        ("266 participants took part", None),
        ("Susenas panel 2003-2004", None),
    ],
)
def test_a_sample_is_read_or_left(text, expected):
    assert sample_size(text) == expected


def test_an_odds_ratio_has_its_error_in_logs():
    assert TARGETS["C140"].is_odds_ratio
    assert TARGETS["C140"].se == pytest.approx(0.0917489, rel=1e-5)


# --- what is wrong is said ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,study\n", "some.csv:1: expected the columns id, study, country"),
        ("", "found nothing"),
        (f"{HEAD}\nX1,Study\n", "some.csv:2: expected 13 cells, found 2; quote cells with commas"),
        (f"{HEAD}\nX1,S,C,a,o,soon,1,percent,,,A,s,n\n", "some.csv:2: X1: expected months, found 'soon'"),
        (f"{HEAD}\nX1,S,C,a,o,12,1,percent,,,D,s,n\n", "some.csv:2: X1: expected confidence A, B or C, found 'D'"),
    ],
)
def test_a_bad_table_is_refused(text, said):
    with pytest.raises(ScenarioError) as caught:
        read_targets(text, "some.csv")
    assert said in str(caught.value)


KNOWN = {row: TARGETS[row] for row in ("C050a", "C104", "C111")}
GOOD = """
graduation:
  C050a: {trial: a, estimate: b_24_sd, group: g, use: fitted, tau: 0, why: "known"}
jobs:
  C104: {reason: "Three numbers."}
business:
  C111: {trial: a, estimate: b, target: 0, group: g, use: predicted, tau: 8, why: "read as 0"}
"""


def test_a_good_table_of_mappings_is_read_in_the_order_of_the_targets():
    found = read_mappings(GOOD, "rows.yaml", KNOWN)
    assert list(found) == ["C050a", "C104", "C111"]
    assert found["C050a"].fitted
    assert found["C050a"].in_sd
    assert found["C111"].target == 0.0
    assert found["C111"].theme == "business"
    assert not found["C104"].simulated


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("graduation:", "graduatoin:", "rows.yaml:2: graduatoin: expected a theme, found 'graduatoin'"),
        ("  C104:", "  C105:", "expected a row of the evidence files, found 'C105'; did you mean C104?"),
        ('  C104: {reason: "Three numbers."}', "  {}", "C104: expected a mapping or a reason for every row"),
        ("use: fitted", "use: fit", "expected use: fitted, predicted, shown, found 'fit'; did you mean fitted?"),
        ("group: g, use: fitted", "use: fitted", "expected a group (the study), found none"),
        ("tau: 0,", "", "expected a tau and why, found one of them or neither"),
        ("tau: 0,", "tau: -1,", "expected a tau of 0 or more, found -1"),
        ("tau: 0,", "tau: some,", "expected a number, found 'some'"),
        ("tau: 0,", "tau: 0, taw: 1,", "expected a key of a row, found 'taw'; did you mean tau?"),
        ("target: 0, ", "", "expected a target: number that 'fades to about 0' is read as, found none"),
        ("estimate: b_24_sd", "statistic: c", "expected a trial with an estimate, and only then"),
        ('why: "known"', 'why: "known", reason: "Not."', "found estimate and reason"),
        ('reason: "Three numbers."', "parts: [C1]", "expected rows of the evidence files, found C1"),
        ("business:", "business:\n  C104: {reason: x}", "expected each row once, found C104 again (also under jobs)"),
    ],
)
def test_a_bad_table_of_mappings_is_refused(old, new, said):
    assert old in GOOD
    with pytest.raises(ScenarioError) as caught:
        read_mappings(GOOD.replace(old, new, 1), "rows.yaml", KNOWN)
    assert said in str(caught.value)


def test_rows_are_chosen_in_the_order_of_the_files_with_their_parts():
    assert chosen(["C160", "C050a"]) == ("C050a", "C160")
    assert chosen(["C104"]) == ("C104", "C104_1", "C104_2", "C104_3")
    assert chosen() == tuple(TARGETS)
    with pytest.raises(EmpowersimError, match="found 'C050'; did you mean C050"):
        chosen(["C050"])


def test_themes_are_those_of_the_report():
    assert {one.theme for one in MAPPINGS.values()} <= set(THEMES)
