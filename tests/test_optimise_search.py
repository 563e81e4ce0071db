"""The search finds what is known: true fronts by counting all mixes, constraints, where greedy must and cannot win."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from empowersim.experiments.mix_search import evolve, greedy, non_dominated, thinned
from empowersim.experiments.mix_space import Choice, Item, Space

UNITS = 12
SPACE = Space(
    budget=1200,
    items=(Item("a"), Item("b"), Item("c", at_most=0.5)),
    units=UNITS,
    choices=(Choice("sharing", ("equal", "by_poverty")),),
)
ALL = [
    SPACE.plain(type(SPACE.equal())(units, (), (option,)))
    for units in product(range(UNITS + 1), range(UNITS + 1), range(UNITS // 2 + 1))
    if sum(units) <= UNITS
    for option in (0, 1)
]


def objectives(mix):
    """Cost, and a poverty with diminishing returns; `b` works twice as well with the second option."""
    a, b, c = mix.units
    left = 3.0 * np.exp(-0.20 * a) + 2.0 * np.exp(-0.15 * b * (1 + mix.options[0])) + 1.5 * np.exp(-0.5 * c)
    return [float(sum(mix.units)), float(left)]


def score(mixes):
    return np.array([objectives(mix) for mix in mixes]), np.zeros((len(mixes), 0))


def bounded(mixes):
    """At least a third for `c`, at most two units for `a`."""
    values, _ = score(mixes)
    missed = [[4.0 - mix.units[2], mix.units[0] - 2.0] for mix in mixes]
    return values, np.array(missed)


def true_front(able=ALL):
    values = [tuple(objectives(mix)) for mix in able]
    return {
        one for one in values if not any(other[0] <= one[0] and other[1] <= one[1] and other != one for other in values)
    }


def found_front(found):
    return {tuple(row) for row in found.objectives[found.front].tolist()}


def search(what, shape, seed=1, evaluations=600):
    return evolve(SPACE, what, shape=shape, evaluations=evaluations, population=24, seed=seed, starts=[SPACE.equal()])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_front_of_all_mixes_is_found(seed):
    truth = true_front()
    found = search(score, (2, 0), seed)
    assert len(found.mixes) < len(ALL) / 2, "the search must not simply look at all"
    assert len(found_front(found) & truth) >= 0.95 * len(truth)
    best = min(found_front(found), key=lambda row: row[1])
    assert best[1] == pytest.approx(min(row[1] for row in truth), rel=0.01)


def test_constraints_are_kept_and_the_best_under_them_is_found():
    able = [mix for mix in ALL if mix.units[2] >= 4 and mix.units[0] <= 2]
    truth = true_front(able)
    found = search(bounded, (2, 2))
    assert not found.feasible.all(), "the test must meet mixes that are not allowed"
    assert all(found.mixes[at].units[2] >= 4 and found.mixes[at].units[0] <= 2 for at in found.front)
    assert len(found_front(found) & truth) >= 0.95 * len(truth)


def test_no_point_of_the_front_is_dominated():
    found = search(score, (2, 0), evaluations=200)
    rows = found.objectives[found.front].tolist()
    for one in rows:
        for other in found.objectives.tolist():
            assert not (other[0] <= one[0] and other[1] <= one[1] and other != one)
    assert len({tuple(row) for row in rows}) == len(rows)


def test_every_mix_is_scored_once_and_within_the_budget():
    asked = []

    def watched(mixes):
        asked.extend(mix.key for mix in mixes)
        return score(mixes)

    found = search(watched, (2, 0), evaluations=300)
    assert len(asked) == len(set(asked)) == len(found.mixes)
    assert all(sum(SPACE.amounts(mix).values()) <= SPACE.budget for mix in found.mixes)


def test_a_search_is_a_function_of_its_seed():
    first, again, other = (search(score, (2, 0), seed, 200) for seed in (5, 5, 6))
    assert [mix.key for mix in first.mixes] == [mix.key for mix in again.mixes]
    assert [mix.key for mix in first.mixes] != [mix.key for mix in other.mixes]


def test_what_is_not_a_number_never_stands_on_the_front():
    def holed(mixes):
        values, missed = score(mixes)
        values[[mix.units[0] == 0 for mix in mixes], 1] = np.nan
        return values, missed

    found = search(holed, (2, 0), evaluations=150)
    assert np.isnan(found.objectives).any()
    assert found.front
    assert not np.isnan(found.objectives[found.front]).any()


def test_non_dominated_by_hand():
    rows = np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 2.0], [3.0, 3.0], [3.0, 1.0], [np.nan, 0.0]])
    assert non_dominated(rows) == [0, 1, 4]


# ---------------------------------------------------------------- greedy


def test_greedy_is_optimal_where_returns_diminish():
    """Separable, concave gains and equal prices: giving each slice to the steepest is exact (Fox 1966)."""
    plain = Space(budget=1200, items=SPACE.items, units=UNITS)
    able = [units for units in product(range(UNITS + 1), repeat=3) if sum(units) == UNITS and units[2] <= 6]
    rates = (0.20, 0.15, 0.5)
    weights = (3.0, 2.0, 1.5)

    def value(units):
        return float(sum(w * np.exp(-r * u) for w, r, u in zip(weights, rates, units, strict=True)))

    path = greedy(
        plain,
        lambda mixes: (np.array([value(m.units) for m in mixes]), np.array([100.0 * sum(m.units) for m in mixes])),
        slices=UNITS,
    )
    assert value(path[-1].units) == pytest.approx(min(map(value, able)))


def test_greedy_falls_into_a_trap_that_the_search_avoids():
    """`b` brings nothing until it has eight units, and then more than all others together."""

    def values(mix):
        a, b, c = mix.units
        return float(-0.1 * a - 0.05 * c - (10.0 if b >= 8 else 0.0))

    def trapped(mixes):
        return np.array([values(mix) for mix in mixes]), np.array([100.0 * sum(mix.units) for mix in mixes])

    def pair(mixes):
        return np.array([[sum(mix.units), values(mix)] for mix in mixes], dtype=float), np.zeros((len(mixes), 0))

    end = greedy(SPACE, trapped, slices=UNITS)[-1]
    found = search(pair, (2, 0), evaluations=400)
    assert values(end) > -2.0
    assert min(values(found.mixes[at]) for at in found.front) < -10.0


def test_greedy_stops_where_nothing_gains():
    path = greedy(SPACE, lambda mixes: (np.zeros(len(mixes)), np.array([sum(m.units) for m in mixes])), slices=4)
    assert [sum(mix.units) for mix in path] == [0]


def test_thinning_keeps_ends_and_what_must_stay():
    rows = np.array([[float(x), float((20 - x) ** 2)] for x in range(21)])
    kept = thinned(rows, 6, always=[7])
    assert len(kept) == 6
    assert {0, 7, 20} <= set(kept)
    assert kept == sorted(kept)
    assert thinned(rows[:4], 6) == [0, 1, 2, 3]
