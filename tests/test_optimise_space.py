"""Mixes under a budget: nothing is overspent, bounds hold, and a vector and its mix name each other."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empowersim.errors import SimulationError
from empowersim.experiments.mix_draws import FOR_HELD_OUT, FOR_SEARCH, spread
from empowersim.experiments.mix_evaluate import Futures
from empowersim.experiments.mix_fields import Limit
from empowersim.experiments.mix_result import counted, misses, worst_draws
from empowersim.experiments.mix_space import ROLE_UNITS, Choice, Item, Mix, Space, allocate, money

ITEMS = (
    Item("skills", at_least=0.05, smallest=0.02),
    Item("literacy", smallest=0.03),
    Item("schools", at_most=0.4, smallest=0.02),
    Item("mentors", at_most=0.3, smallest=0.1),
)
CHOICES = (
    Choice("mentors.rule", ("round_robin", "poorest_first")),
    Choice("sharing", ("equal", "by_poverty", "poorest_half")),
)
SPACE = Space(budget=59_999_999_999, items=ITEMS, spend_at_least=0.2, roles=True, choices=CHOICES, usual=(7, 6, 3, 4))

vectors = st.lists(st.floats(0, 1), min_size=SPACE.dimensions, max_size=SPACE.dimensions)


@given(vectors)
def test_no_mix_exceeds_the_budget_or_its_bounds(vector):
    mix = SPACE.decode(vector)
    amounts = SPACE.amounts(mix)
    assert sum(amounts.values()) <= SPACE.budget
    assert 20 <= sum(mix.units) <= 100
    assert mix.units[0] >= 5
    assert mix.units[1] == 0 or mix.units[1] >= 3
    assert mix.units[2] == 0 or 2 <= mix.units[2] <= 40
    assert mix.units[3] == 0 or 10 <= mix.units[3] <= 30
    assert mix.roles == () or sum(mix.roles) == ROLE_UNITS


@given(vectors)
def test_a_mix_comes_back_from_its_vector(vector):
    mix = SPACE.decode(vector)
    assert SPACE.decode(SPACE.encode(mix)) == mix


def test_every_mix_of_a_small_space_can_be_reached():
    space = Space(budget=1000, items=(Item("a"), Item("b"), Item("c")), units=5)
    mixes = [(a, b, c) for a in range(6) for b in range(6 - a) for c in range(6 - a - b)]
    assert [space.decode(space.encode(space.of_units(units))).units for units in mixes if sum(units)] == [
        units for units in mixes if sum(units)
    ]


def test_shares_by_hand():
    # thirds of 100: the first of equal remainders gets the unit that is left
    assert allocate([1, 1, 1], 100, [0] * 3, [100] * 3, [1] * 3) == (34, 33, 33)
    # 60/30/10 with a cap of 40: its 20 too many go to the others three to one
    assert allocate([6, 3, 1], 100, [0] * 3, [40, 100, 100], [1] * 3) == (40, 45, 15)
    # 3 of 100 is below the smallest 5 of the third: the others share it 60 to 37
    assert allocate([60, 37, 3], 100, [0] * 3, [100] * 3, [5] * 3) == (62, 38, 0)
    # floors first: 10 to the third, then 90 two to one
    assert allocate([2, 1, 0], 100, [0, 0, 10], [100] * 3, [1] * 3) == (60, 30, 10)
    # what nobody may take is left
    assert allocate([1, 1], 100, [0, 0], [30, 30], [1, 1]) == (30, 30)


def test_settings_of_what_gets_no_money_do_not_make_a_new_mix():
    without = SPACE.plain(Mix((60, 0, 40, 0), (10, 10, 0, 0), (1, 2)))
    assert without == Mix((60, 0, 40, 0), (), (0, 2))
    assert SPACE.plain(Mix((60, 0, 10, 30), (7, 6, 3, 4), (1, 0))).roles == ()


def test_a_mix_as_a_scenario_says_it():
    space = Space(budget=60 * 10**9, items=ITEMS, roles=True, choices=CHOICES, like="mentored")
    assert space.below(Mix((40, 0, 40, 20), (5, 5, 5, 5), (1, 0))) == {
        "like": "mentored",
        "programmes.skills.budget": "24 billion IDR/year",
        "programmes.literacy": "null",
        "programmes.schools.budget": "24 billion IDR/year",
        "mentors.budget": "12 billion IDR/year",
        **{
            f"mentors.role_mix.{role}": "25 %"
            for role in ("facilitative", "educational", "representational", "technical")
        },
        "mentors.shift": "null",
        "mentors.rule": "poorest_first",
        "sharing": "equal",
    }
    assert [money(n) for n in (1_500_000_000, 2_000_000, 5_000, 7)] == [
        "1500 million IDR/year",
        "2 million IDR/year",
        "5 thousand IDR/year",
        "7 IDR/year",
    ]


def test_alone_equal_and_one_slice_more():
    assert SPACE.alone(2).units == (5, 0, 40, 0)
    assert SPACE.equal().units == (29, 24, 24, 23)  # the floor of 5, then quarters of 95
    assert SPACE.more(SPACE.of_units((50, 0, 0, 0)), 3, 5).units == (50, 0, 0, 10)  # mentors begin at a tenth
    assert SPACE.more(SPACE.of_units((95, 0, 0, 0)), 3, 5) is None
    assert SPACE.more(SPACE.of_units((50, 0, 38, 0)), 2, 5).units == (50, 0, 40, 0)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ((), "money"),
        ((Item("a", at_least=0.7), Item("b", at_least=0.7)), "at_least"),
        ((Item("a", at_most=0.1),), "at_most"),
        ((Item("a", at_least=0.5, at_most=0.2), Item("b")), "at_least"),
    ],
)
def test_a_space_without_mixes_is_refused(items, said):
    with pytest.raises(SimulationError, match=said):
        Space(budget=10**9, items=items, spend_at_least=0.5)


# ---------------------------------------------------------------- draws, and what is counted


def test_members_are_taken_by_their_weights():
    members = [{"a": float(number)} for number in range(4)]
    taken = spread(members, [0.5, 0.25, 0.25, 0.0], 8, purpose=FOR_SEARCH, seed=3)
    assert Counter(one["a"] for one in taken) == {0.0: 4, 1.0: 2, 2.0: 2}
    assert spread(members, None, 8, purpose=FOR_HELD_OUT, seed=3) != taken
    with pytest.raises(SimulationError, match="weight"):
        spread(members, [1.0], 2, purpose=FOR_SEARCH, seed=1)


def test_the_worst_tenth_by_hand():
    futures = Futures("f", 0, 6, ({"a": 0.0}, {"a": 1.0}, {"a": 2.0}))
    values = np.array([1.0, 5.0, 3.0, 2.0, 7.0, 3.0])  # draws: mean of 1, 2; of 5, 7; of 3, 3
    assert worst_draws(values, futures, better=1) == 1.5
    assert worst_draws(values, futures, better=-1) == 6.0
    both = np.stack([values, values + 1.0])
    assert counted(both, futures, "poverty_gap", "mean") == 4.0
    assert counted(both, futures, "poverty_gap", "worst") == 7.0  # less is better: the dearer world, the worst draw
    assert counted(both, futures, "empowerment_index", "worst") == 1.5


def test_bounds_by_hand():
    limits = (Limit("worse_off", at_most=0.05), Limit("served_remote", at_least=0.2, at_most=0.9))
    values = {"worse_off": 0.04, "served_remote": 0.1, "cost": 103.0}
    assert misses(limits, values, 100.0) == pytest.approx([0.01, -0.01, -0.8, 0.1])
    nobody = misses(limits, {"worse_off": 0.0, "served_remote": float("nan"), "cost": 0.0}, 100.0)
    assert min(nobody[2:]) > 0, "nobody served is not at least a fifth of those served"
