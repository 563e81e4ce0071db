"""Numbers with passports: complete, within bounds, traceable; overrides checked; the digest notices every change."""

from __future__ import annotations

import csv
import math
from collections import Counter

import numpy as np
import pytest

from empowersim import parameters as module
from empowersim.errors import ParameterError
from empowersim.parameters import CONFIDENCE, FOLDER, TOPICS, digest, parameters, passports, read_yaml

PASSPORTS = list(passports().values())
BY_NAME = pytest.mark.parametrize("passport", PASSPORTS, ids=[passport.name for passport in PASSPORTS])


@BY_NAME
def test_value_lies_within_its_bounds(passport):
    assert math.isfinite(passport.lower)
    assert math.isfinite(passport.upper)
    assert passport.lower < passport.upper
    assert passport.lower <= passport.value <= passport.upper


@BY_NAME
def test_passport_is_complete(passport):
    assert passport.name.isidentifier()
    assert passport.name == passport.name.lower()
    assert passport.unit.strip()
    assert passport.meaning.strip()
    assert passport.source.strip()
    assert passport.confidence in CONFIDENCE
    assert passport.distribution in {"uniform", "switch"}
    assert passport.status in {"fitted", "derived", "assumed"}


@BY_NAME
def test_no_assumption_is_dressed_up_as_evidence(passport):
    """What is fitted or derived names evidence or says it is assumed; what is assumed is never confidence A."""
    if passport.status == "assumed":
        assert passport.confidence != "A"
    elif not passport.rows:
        assert "assumed" in passport.source


@BY_NAME
def test_a_switch_is_off_or_on(passport):
    if passport.distribution == "switch":
        assert (passport.lower, passport.upper) == (0, 1)
        assert passport.value in {0, 1}


def test_files_hold_no_key_twice():
    """YAML silently keeps the last of two equal keys."""
    for topic in TOPICS:
        text = (FOLDER / f"{topic}.yaml").read_text(encoding="utf-8")
        keys = Counter(line.rstrip(":\n") for line in text.splitlines() if line and line[0].isalpha())
        assert [key for key, count in keys.items() if count > 1] == []
        assert len(keys) == len(read_yaml(FOLDER / f"{topic}.yaml"))


def test_evidence_rows_exist(shared):
    """Rows named in passports stand in the evidence tables (suffix a or b: year of the survey; R_: a ratio)."""
    known = set()
    with (shared / "evidence" / "calibration_targets.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            known.add(next(iter(row.values())))
    named = {row.rstrip("ab") for passport in PASSPORTS for row in passport.rows if row.startswith("C")}
    assert named - {row.rstrip("ab") for row in known} == set()


def test_shipped_values_are_float32_and_in_the_order_of_the_passports():
    values = parameters()
    assert values._fields == tuple(passports())
    assert all(type(value) is np.float32 for value in values)
    assert all(value == np.float32(passport.value) for value, passport in zip(values, PASSPORTS, strict=True))


@pytest.mark.parametrize("end", ["lower", "upper"])
@BY_NAME
def test_bounds_themselves_are_allowed(passport, end):
    edge = getattr(passport, end)
    assert getattr(parameters({passport.name: edge}), passport.name) == np.float32(edge)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"practice_rmap": 0.03}, "no parameter is called practice_rmap; did you mean practice_ramp?"),
        ({"qqqqqqqq": 1.0}, "no parameter is called qqqqqqqq"),
        ({"practice_ramp": 0.5}, "practice_ramp = 0.5 1/month lies outside its bounds 0.02 to 0.12"),
        ({"practice_ramp": float("nan")}, "practice_ramp = nan 1/month lies outside its bounds 0.02 to 0.12"),
        ({"trap": 2}, "trap = 2 0/1 lies outside its bounds 0 to 1"),
    ],
)
def test_a_wrong_override_says_what_is_wrong(override, message):
    with pytest.raises(ParameterError) as caught:
        parameters(override)
    assert str(caught.value) == message


def test_an_override_changes_one_value_only():
    shipped, changed = parameters(), parameters({"practice_ramp": 0.03})
    assert [a for a, b in zip(shipped._fields, zip(shipped, changed, strict=True), strict=True) if b[0] != b[1]] == [
        "practice_ramp"
    ]


def test_digest_changes_with_any_value():
    digests = {digest(parameters())}
    for passport in PASSPORTS:
        other = passport.upper if passport.value != passport.upper else passport.lower
        digests.add(digest(parameters({passport.name: other})))
    assert len(digests) == len(PASSPORTS) + 1


def test_digest_is_the_same_for_equal_values():
    assert digest(parameters()) == digest(parameters({"trap": 0}))
    assert len(digest(parameters())) == 16


def test_a_name_in_two_files_is_refused(monkeypatch, tmp_path):
    (tmp_path / "income.yaml").write_bytes((FOLDER / "income.yaml").read_bytes())
    (tmp_path / "assets.yaml").write_bytes((FOLDER / "income.yaml").read_bytes())
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(module, "TOPICS", ("income", "assets"))
    with pytest.raises(ParameterError, match="stands in two files: assets, income"):
        module.passports.__wrapped__()
