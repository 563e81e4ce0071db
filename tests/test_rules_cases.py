"""Every rule against cases worked by hand (``tests/rules/*.yaml``), and no rule without a case.

A case carries the parameters that it hangs on; all others are senseless. So a case stays true when a parameter
is calibrated anew, and a rule that hangs on a parameter the case does not name fails.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers_rules import CASES, MODULES, call, cases, compiled

RELATIVE = 2e-6
ABSOLUTE = 5e-7
SENSELESS = (math.nan, -3.0)

# loops over the arrays of a block: tested with whole blocks among the tests of the engine
OVER_BLOCKS = {
    ("allocation", "screen_tile"),
    ("allocation", "rank_queue"),
    ("allocation", "enrol"),
    ("allocation", "wanted_in_tile"),
    ("allocation", "visit_in_rounds"),
    ("allocation", "visit"),
}

ALL = [(topic, case) for topic in MODULES for case in cases(topic)]


def as_mapping(result, wanted=None):
    """A number, a tuple, a named tuple or a mapping as a mapping of numbers, of the names in `wanted`."""
    if hasattr(result, "_asdict"):
        result = result._asdict()
    elif isinstance(result, list | tuple):
        result = dict(enumerate(result))
    elif not isinstance(result, dict):
        result = {"": result}
    return {name: float(result[name]) for name in (wanted if isinstance(wanted, dict) else result)}


def close(found, expected):
    return found == expected or math.isclose(found, expected, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


@pytest.mark.parametrize(("topic", "case"), ALL, ids=[f"{t}.{c['rule']}: {c['case']}" for t, c in ALL])
def test_hand_worked_case(topic, case):
    expected = case["expected"]
    for others in SENSELESS:
        found = as_mapping(call(topic, case, others), expected)
        right = as_mapping(expected)
        wrong = {key: (found[key], right[key]) for key in right if not close(found[key], right[key])}
        assert wrong == {}, f"found, expected; parameters that the case does not name: {others}"


@pytest.mark.parametrize("topic", MODULES)
def test_every_rule_has_a_case(topic):
    covered = {case["rule"] for case in cases(topic)}
    rules = {name for name in compiled(topic) if (topic, name) not in OVER_BLOCKS}
    assert rules - covered == set(), "rules without a hand-worked case"
    assert covered - set(compiled(topic)) == set(), "cases of rules that do not exist"


def test_every_module_of_rules_has_its_cases(root):
    modules = {path.stem for path in (root / "src" / "empowersim" / "rules").glob("*.py")} - {"__init__"}
    assert modules <= set(MODULES)
    assert {path.stem for path in CASES.glob("*.yaml")} == set(MODULES)


@pytest.mark.parametrize("topic", MODULES)
def test_a_case_has_a_name_of_its_own(topic):
    names = [(case["rule"], case["case"]) for case in cases(topic)]
    assert sorted(names) == sorted(set(names))


def changed(name, value):
    """Other values of a parameter, far enough to matter."""
    if name in {"trap"}:
        return (1.0 - value,)
    return (value * 1.5, value * 0.5) if value else (0.5, 1.5)


# rules made of other rules, of which a month enters one branch only: their parts have cases of their own
COMPOSED = {("month", "household_month"), ("start", "earns_more"), ("metrics", "detail")}
AT_ZERO = {
    "business_time_per_advice": "nobody is advised at the start",
    "wage_per_skill": "nobody is skilled at the start",
    "buffer_per_practice": "nobody has practice at the start",
}
RULES_WITH_PARAMETERS = sorted({(topic, case["rule"]) for topic, case in ALL if "parameters" in case} - COMPOSED)


@pytest.mark.parametrize(("topic", "rule"), RULES_WITH_PARAMETERS, ids=[f"{t}.{r}" for t, r in RULES_WITH_PARAMETERS])
def test_every_parameter_of_a_rule_moves_one_of_its_cases(topic, rule):
    """So no coefficient of the rule could be dropped or swapped without a case failing."""
    own = [case for case in cases(topic) if case["rule"] == rule]
    idle = set().union(*(case.get("parameters", ()) for case in own))
    for case in own:
        before = np.array(call(topic, case))
        for name in sorted(idle & set(case.get("parameters", ()))):
            for value in changed(name, case["parameters"][name]):
                other = {**case, "parameters": {**case["parameters"], name: value}}
                if not np.array_equal(np.array(call(topic, other)), before):
                    idle.discard(name)
    if topic == "start":
        idle -= set(AT_ZERO)
    assert idle == set(), "no case of this rule notices these parameters"
