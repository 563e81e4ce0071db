"""What is wrong with an extension is told in a sentence, before anything long begins."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from helpers_extend import MEDAN, guide

import empowersim as es
from empowersim.errors import SimulationError
from empowersim.extend import ONE, ZERO, Extension, F, Number, State, check, flag, replaceable, rule
from empowersim.rules import income

KEPT = {"a": 1.0}
SIZE = {"policies": ["no_programme"], "households": 200, "months": 2, "replicates": 1}


@rule
def stay(p, village, start, home, dose, draw, month):
    return home


@rule
def stay_village(p, village, draw, month):
    return village


@rule
def of_float64(p, village, start, home, dose, draw, month):
    return home._replace(savings=home.savings * 0.9)


@rule
def no_such_field(p, village, start, home, dose, draw, month):
    return home._replace(saving=home.savings)


@rule
def no_such_attribute(p, village, start, home, dose, draw, month):
    return home._replace(savings=home.savngs)


@rule
def no_such_parameter(p, village, start, home, dose, draw, month):
    return home._replace(savings=home.savings * p.floood_loss)


@rule
def a_number(p, village, start, home, dose, draw, month):
    return home.savings


@rule
def no_such_name(p, village, start, home, dose, draw, month):
    return home._replace(savings=foo(home.savings))  # noqa: F821


@rule
def village_of_float64(p, village, draw, month):
    return village._replace(shock_now=village.shock_now * 0.5)


def compiled(**parts):
    check(Extension("x", **parts))


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (
            {"add": of_float64},
            r"rule of_float64 \(test_extend_errors.py:\d+\): savings: expected float32, found float64",
        ),
        ({"before": no_such_field}, "Household has no field saving; did you mean savings"),
        ({"add": no_such_attribute}, r"Household has no field savngs; did you mean savings\? \(test_extend_errors.py:"),
        (
            {"add": no_such_parameter, "parameters": {"flood_loss": 1.0}},
            "Parameters has no field floood_loss; did you mean flood_loss",
        ),
        ({"add": a_number}, "expected it to return home, with columns changed by home._replace.*found float32"),
        ({"add": no_such_name}, "name 'foo' is not defined"),
        ({"villages": village_of_float64}, "rule village_of_float64 .*shock_now: expected float32, found float64"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_rule_that_cannot_be_compiled_says_where_and_why(parts, told):
    with pytest.raises(SimulationError, match=told):
        compiled(**parts)


@rule
def too_few(p, home):
    return home


@rule
def in_another_order(p, village, home, start, dose, draw, month):
    return home


@rule
def shorter(p, job, skill):
    return job


@rule
def half_a_job(p, job, skill, technical_course, regular_work, reach, draw):
    return 0.5 * job


@rule
def same_job(p, job, skill, technical_course, regular_work, reach, draw):
    return job


@rule
def holds_a_dict(p, village, start, home, dose, draw, month):
    return home._replace(savings=F(KEPT["a"]))


@rule
def draws_for_itself(p, village, start, home, dose, draw, month):
    return home._replace(savings=F(random.random()))


@rule
def draws_with_numpy(p, village, start, home, dose, draw, month):
    return home._replace(savings=F(np.random.random()))


@rule
def helped(p, village, start, home, dose, draw, month):
    return holds_a_dict(p, village, start, home, dose, draw, month)


def around_a_list():
    kept = [1.0]

    @rule
    def holds_a_list(p, village, start, home, dose, draw, month):
        return home._replace(savings=F(kept[0]))

    return holds_a_list


def plain(p, village, start, home, dose, draw, month):
    return home


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"add": too_few}, r"expected the arguments \(p, village, start, home, dose, draw, month\), found \(p, home\)"),
        ({"add": in_another_order}, r"found \(p, village, home, start, dose, draw, month\)"),
        ({"villages": stay}, r"expected the arguments \(p, village, draw, month\)"),
        ({"add": stay_village}, "expected the arguments"),
        ({"add": plain}, "expected a compiled rule, found function; put @empowersim.extend.rule above it"),
        ({"add": [stay, 3]}, "expected a compiled rule, found int"),
        ({"add": holds_a_dict}, "holds on to KEPT, a dict"),
        ({"add": helped}, "holds on to KEPT, a dict"),
        ({"add": around_a_list()}, "holds on to kept, a list"),
        ({"add": draws_for_itself}, r"holds on to random.random, a source of random numbers"),
        ({"add": draws_with_numpy}, r"holds on to np.random, a source of random numbers"),
        ({"replace": {"income.next_jb": same_job}}, "found 'income.next_jb'; did you mean income.next_job"),
        ({"replace": {"next_job": same_job}}, "did you mean income.next_job"),
        ({"replace": {"survey.work_found": same_job}}, "expected a rule of the model"),
        ({"replace": {income.next_job: shorter}}, r"expected the arguments \(p, job, skill, technical_course"),
        ({"parameters": {"trap": 1.0}}, "parameters: the name trap is taken"),
        ({"parameters": {"a b": 1.0}}, "expected a name for a rule to read, found 'a b'"),
        ({"parameters": {"a": Number(2, "share", 0, 1)}}, "parameters.a: expected a number from 0 to 1 share, found 2"),
        ({"parameters": {"a": math.nan}}, "parameters.a: expected a number"),
        ({"columns": {"savings": State()}}, "columns: the name savings is taken"),
        ({"columns": {"poor": State()}}, "columns: the name poor is taken"),
        ({"columns": {"a": 1.0}}, r"columns.a: expected a State\(start, ...\), found 1.0"),
        ({"columns": {"a": State(2, "", 0, 1)}}, "columns.a: expected a start from 0 to 1, found 2"),
        ({"village_columns": {"shock_now": State()}}, "village_columns: the name shock_now is taken"),
        ({"draws": {"illness": 0}}, "draws: the name illness is taken"),
        ({"draws": {"a": 0, "b": 0}}, "a, b have the same stream"),
        ({"draws": {"a": -1}}, "draws.a: expected the number of a stream, 0 to 1048575, found -1"),
        ({"draws": {"a": 0}, "village_draws": {"a": 1}}, "village_draws: the name a is taken"),
    ],
    ids=lambda one: one[:40] if isinstance(one, str) else "",
)
def test_what_cannot_be_is_refused_when_the_extension_is_made(parts, told):
    with pytest.raises(SimulationError, match=told):
        Extension("x", **parts)


def test_a_replacement_must_return_what_the_rule_returns():
    with pytest.raises(
        SimulationError, match=r"in place of income.next_job, expected it to return float32, found float64"
    ):
        compiled(replace={"income.next_job": half_a_job})


@pytest.mark.parametrize("name", ["", "two words", "a/b", "x" * 61])
def test_names_that_results_cannot_carry(name):
    with pytest.raises(SimulationError, match="expected a name of letters, digits"):
        Extension(name)


def test_what_is_not_a_rule_or_an_extension():
    with pytest.raises(SimulationError, match="rule: expected a function, found 3"):
        rule(3)
    with pytest.raises(SimulationError, match="extension: expected an Extension, found str"):
        es.compare(MEDAN, extension="floods", **SIZE)


def test_two_extensions_that_get_in_each_others_way():
    one, other = Extension("one", parameters={"a": 1.0}, draws={"x": 0}), Extension("other", parameters={"a": 2.0})
    with pytest.raises(SimulationError, match="one \\+ other: both have a in parameters"):
        one + other
    with pytest.raises(SimulationError, match="x, y have the same stream"):
        one + Extension("third", draws={"y": 0})
    with pytest.raises(SimulationError, match="expected a parameter of the extension, found 'b'; there are a"):
        one.with_values(b=1.0)


@rule
def nobody_knows(p, village, start, home, dose, draw, month):
    return home._replace(savings=ZERO / (home.savings - home.savings))


@rule
def into_debt(p, village, start, home, dose, draw, month):
    return home._replace(savings=home.savings - ONE * flag(month > ZERO))


@pytest.mark.parametrize(("bad", "found"), [(nobody_knows, "nan"), (into_debt, "-0")])
def test_a_rule_that_leaves_the_bounds_is_told_before_the_kernels_are_compiled(bad, found, capsys):
    with pytest.raises(SimulationError, match=f"in a trial on the first households, savings of a household is {found}"):
        es.compare(MEDAN, extension=Extension("x", add=bad), **SIZE)
    assert "compiling" not in capsys.readouterr().err


@rule
def another_child(p, village, start, home, dose, draw, month):
    return home._replace(children=home.children + ONE * flag(month > ZERO))


@rule
def nearer_market(p, village, draw, month):
    return village._replace(market_access=village.market_access + ONE)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"add": another_child}, "a rule changes children, a trait of a household, which never changes"),
        ({"villages": nearer_market}, "a rule changes market_access, a trait of a village"),
    ],
    ids=["household", "village"],
)
def test_a_rule_that_changes_a_trait_is_refused(parts, told):
    with pytest.raises(SimulationError, match=told):
        es.compare(MEDAN, extension=Extension("x", **parts), **SIZE)


def test_a_column_out_of_bounds_at_the_end_of_a_run_stops_it():
    """Once the kernels are there, rules are not tried any more: what other values bring is found at the end."""
    es.compare(MEDAN, extension=guide().more, **SIZE)
    deep = guide().floods
    loose = {**deep.parameters, "flood_loss": Number(0.5, "share", 0, 100)}
    more = (replace(deep, parameters=loose) + guide().groups + guide().saving).with_values(
        flood_loss=50.0, flood_chance=1.0
    )
    with pytest.raises(SimulationError, match=r"at the end of (the burn-in|policy \w+), savings of a household is -"):
        es.compare(MEDAN, extension=more, **SIZE)


def test_a_sound_extension_passes_the_check():
    check(guide().more)
    check(Extension("nothing"))


def test_every_rule_that_may_be_replaced_is_one_of_the_model():
    assert len(replaceable()) > 60
    for name, one in replaceable().items():
        assert one.py_func.__module__ == f"empowersim.rules.{name.partition('.')[0]}"
