"""The engine behind sliders: same bits as a comparison, only what is new is simulated, sessions do not meet."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import empowersim as es
from empowersim.errors import SimulationError
from empowersim.experiments.live import Asked, Live
from empowersim.experiments.live_cache import SharedCache, bytes_of
from empowersim.experiments.live_file import LiveFile, LiveMix, clean_label
from empowersim.scenario.document import read_with_parents

ROOT = Path(__file__).resolve().parents[1]
SMALL = Asked(households=320, months=18, futures=3, seed=7)


def file_of(name: str) -> LiveFile:
    path, problems = ROOT / "scenarios" / name, []
    root = read_with_parents(path, str(path), problems)
    assert root is not None
    assert not problems
    return LiveFile(root, name)


@pytest.fixture(scope="module")
def medan() -> LiveFile:
    return file_of("medan.yaml")


def mine(file: LiveFile, like: str = "mix_coached", **changed) -> LiveMix:
    return replace(file.start(like, "mix_0", "Mine"), **changed)


def same(one, other) -> None:
    assert one.run_id == other.run_id
    assert one.to_json() == other.to_json()
    assert list(one.tables) == list(other.tables)
    for name, table in one.tables.items():
        for column in table.columns:
            assert table[column].tobytes() == other.tables[name][column].tobytes(), (name, column)


# ---------------------------------------------------------------- the same bits


@pytest.mark.parametrize("threads", [1, 2])
def test_live_has_the_bits_of_a_comparison_of_the_same_file(medan, tmp_path, threads):
    live = Live(threads=threads)
    written = medan.text([mine(medan), "balanced_mix", "mix_coached"], SMALL, head=["a head"])
    path = tmp_path / "mix.yaml"
    path.write_text(written, encoding="utf-8")
    same(live.compare(medan.read(written), SMALL), es.compare(path))


def test_bits_do_not_hang_on_what_was_simulated_before(medan):
    live = Live()
    first = medan.read(medan.text([mine(medan), "balanced_mix"], SMALL))
    second = medan.read(medan.text([mine(medan, posts=20), "skills_training"], SMALL))
    for scenario in (first, second, first):
        same(live.compare(scenario, SMALL), Live().compare(scenario, SMALL))
    # another reference, a policy alone, more futures, a shorter run
    against = medan.read(medan.text([mine(medan), "balanced_mix"], SMALL, reference="balanced_mix"))
    same(live.compare(against, SMALL), es.compare(against))
    alone = replace(SMALL, futures=5, months=12)
    made = live.compare(first, alone, policies=["no_programme"])
    same(made, es.compare(first, policies=["no_programme"], replicates=5, households=320, months=12, seed=7))


def test_both_worlds_and_a_file_with_its_own_programmes_go_the_same_way():
    for name, like in (("both-worlds.yaml", "graduation"), ("mentors-or-courses.yaml", "mentors_50_coached")):
        file = file_of(name)
        trap = True if file.both_worlds else None
        scenario = file.read(file.text([mine(file, like), like], SMALL, trap=trap))
        same(Live().compare(scenario, SMALL), es.compare(scenario))
        if trap:
            assert scenario.world.trap is True


def test_the_budget_curve_is_the_one_of_the_experiment(medan):
    from empowersim.experiments.budget_curve import budget_curve

    scenario = medan.read(medan.text([mine(medan)], SMALL))
    live = Live().curve(scenario, "mix_0", SMALL)
    made = budget_curve(scenario, "mix_0", replicates=3, households=320, months=18, seed=7)
    assert live.sizes == made.sizes
    same(live.comparison, made.comparison)


def test_a_new_mix_costs_only_its_own_lives(medan):
    live = Live()
    scenario = medan.read(medan.text([mine(medan), "balanced_mix"], SMALL))
    made = live.plan(scenario, SMALL)
    assert live.missing(made) == 9
    live.execute(made)
    assert live.missing(made) == 0
    moved = live.plan(medan.read(medan.text([mine(medan, posts=33), "balanced_mix"], SMALL)), SMALL)
    assert live.missing(moved) == 3
    before = live.cache.made
    live.execute(moved)
    assert live.cache.made - before == 6  # three lives, three pairs; no burn-in, no reference
    # the same thing under another name is known
    renamed = LiveMix(**{**vars(mine(medan)), "name": "mix_7", "label": "Other"})
    assert live.missing(live.plan(medan.read(medan.text([renamed], SMALL)), SMALL)) == 0


def test_what_is_asked_is_checked(medan):
    scenario = medan.read(medan.text([mine(medan)], SMALL))
    for wrong in (replace(SMALL, households=0), replace(SMALL, households=60_000), replace(SMALL, futures=0)):
        with pytest.raises(SimulationError, match="expected a whole number"):
            Live().plan(scenario, wrong)


def test_progress_can_stop_the_work_and_what_is_done_is_kept(medan):
    live = Live(threads=2)
    made = live.plan(medan.read(medan.text([mine(medan)], replace(SMALL, futures=8))), replace(SMALL, futures=8))
    steps = []

    class StopError(Exception):
        pass

    def told(done: int, total: int, what: str) -> None:
        steps.append((done, total))
        if done == 2:
            raise StopError

    with pytest.raises(StopError):
        live.execute(made, progress=told)
    assert steps[:3] == [(0, 8), (1, 8), (2, 8)]
    assert 0 < live.missing(made) < 16
    same(live.execute(made), es.compare(made.scenario, households=320, months=18, replicates=8, seed=7))


def test_two_sessions_at_once_do_not_disturb_each_other(medan):
    live = Live(threads=2)
    scenarios = [medan.read(medan.text([mine(medan, posts=posts), "balanced_mix"], SMALL)) for posts in (5, 60, 5, 90)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: live.compare(one, SMALL), scenarios))
    for scenario, one in zip(scenarios, found, strict=True):
        same(one, es.compare(scenario))
    # made once: lives of three mixes and two policies in three futures, burn-ins, who lives there, pairs
    assert live.cache.made == 2 * 3 + (3 + 2) * 3 + (3 + 1) * 3


# ---------------------------------------------------------------- the store


def test_a_cache_is_bounded_and_forgets_what_was_used_longest_ago():
    cache = SharedCache(most_bytes=3 * 80)
    for key in "abc":
        cache.get(key, lambda: np.zeros(10))
    cache.get("a", lambda: pytest.fail("known"))
    cache.get("d", lambda: np.zeros(10))
    assert ("a" in cache, "b" in cache, "c" in cache, "d" in cache) == (True, False, True, True)
    assert cache.bytes == 240
    large = cache.get("e", lambda: np.zeros(100))
    assert large.size == 100
    assert "e" not in cache
    assert len(cache) == 3
    with pytest.raises(ValueError, match="expected 1 or more"):
        SharedCache(0)


def test_a_value_asked_for_twice_at_once_is_made_once():
    cache, began, go, made = SharedCache(), threading.Event(), threading.Event(), []

    def make() -> np.ndarray:
        made.append(1)
        began.set()
        assert go.wait(10)
        return np.arange(3)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, "key", make)
        assert began.wait(10)
        second = pool.submit(cache.get, "key", make)
        go.set()
        assert first.result() is second.result()
    assert made == [1]


def test_an_error_is_raised_and_not_kept():
    cache = SharedCache()
    with pytest.raises(ZeroDivisionError):
        cache.get("key", lambda: 1 / 0)
    assert cache.get("key", lambda: 5) == 5


def test_bytes_are_those_of_all_arrays_inside():
    assert bytes_of({"a": [np.zeros(4), (np.zeros(2, np.float32),)], "b": 3, "c": "text"}) == 40
    assert bytes_of(Asked()) == 0


# ---------------------------------------------------------------- mixes and files


def test_a_mix_that_starts_from_a_policy_is_that_policy(medan):
    """To the million of rupiah and the whole post."""
    mix = mine(medan, "balanced_mix")
    assert dict(mix.money) == dict.fromkeys(
        ("adult_literacy", "entrepreneurship_training", "health_education", "scholarship_tutoring", "skills_training"),
        12_000_000_000,
    )
    assert mix.posts == 0
    made = medan.read(medan.text([mix, "balanced_mix"], SMALL))
    assert es.diff(made.policies["mix_0"], made.policies["balanced_mix"]) == []


def test_a_mix_says_only_what_it_changes(medan):
    mix = mine(medan, money=(("skills_training", 5_250_000_000), ("tutoring", 10**9)), posts=40, runs_for=24)
    made = medan.read(medan.text([mix], SMALL)).policies["mix_0"]
    assert {one.name: one.budget for one in made.programmes} == {"skills_training": 5.25e9, "tutoring": 1e9}
    assert (made.mentors.count, made.mentors.budget, made.mentors.coaching) == (40, None, True)
    assert made.runs_for == 24
    none = medan.read(medan.text([replace(mix, posts=0, runs_for=None, money=())], SMALL)).policies["mix_0"]
    assert (none.programmes, none.mentors.any, none.runs_for) == ((), False, None)
    fresh = medan.read(medan.text([replace(mix, like="skills_training")], SMALL)).policies["mix_0"]
    assert fresh.mentors.count == 40


def test_base_policies_stay_when_a_mix_takes_them_away(tmp_path):
    text = """
empowersim: 1
name: shared
base:
  world: {place: medan_urban}
  programmes: {adult_literacy: {budget: 5 billion IDR/year}}
  mentors: {count: 10}
  runs_for: 30 months
policies:
  none: {programmes: {adult_literacy: null}, mentors: null}
  some: {}
  more: {like: some, programmes: {adult_literacy: null, skills_training: {budget: 2 billion IDR/year}}}
"""
    path = tmp_path / "shared.yaml"
    path.write_text(text, encoding="utf-8")
    root = read_with_parents(path, "shared.yaml", [])
    file = LiveFile(root, "shared.yaml")
    made = file.read(file.text([file.start("more", "mix_0", "m"), "some", "more"], SMALL))
    whole = es.load(path)
    for name in ("none", "some", "more"):
        assert es.diff(made.policies[name], whole.policies[name]) == []
    assert es.diff(made.policies["mix_0"], whole.policies["more"]) == []
    assert list(made.policies) == ["none", "mix_0", "some", "more"]


def test_labels_of_people_are_one_clean_line_and_come_back_as_they_were(medan):
    hostile = "<script>alert(\"1\")</script> # & 'x': {a} *b* $c$ \\d é 🙂"
    mix = mine(medan, label=hostile + "\n\x00\x7f\u202e tail that is too long to be kept whole")
    cleaned = clean_label(mix.label)
    assert cleaned.startswith('<script>alert("1")</script> # & ')
    assert len(cleaned) <= 60
    assert "\n" not in cleaned
    made = medan.read(medan.text([mix], SMALL))
    assert dict(made.policies["mix_0"].label) == {"en": cleaned, "id": cleaned}
    assert clean_label(" \n\u200b ") == ""
    assert dict(medan.read(medan.text([mine(medan, label="\n")], SMALL)).policies["mix_0"].label)["en"] == "mix_0"


def test_scaled_to_fit_keeps_both_ceilings_and_uses_them(medan):
    mix = mine(medan)
    policy = medan.read(medan.text([mix], SMALL)).policies["mix_0"]
    need = medan.need(policy, 60)
    assert medan.fitted(mix, policy, 60, money=need.money, posts=need.posts) is mix
    for money, posts in ((30e9, 500.0), (need.money, 50.0), (20e9, 10.0), (0.0, 0.0)):
        made = medan.fitted(mix, policy, 60, money=money, posts=posts)
        kept = medan.need(medan.read(medan.text([made], SMALL)).policies["mix_0"], 60)
        assert kept.money <= money + 1
        assert kept.posts <= posts
        assert all(amount % 10**6 == 0 for _, amount in made.money)
        if money == 30e9:
            # a whole post, and a million for each programme, is all that is left
            assert kept.money > money - 2 * need.mentors / need.posts - len(made.money) * 1e6
            shares = [amount / mix.of(name) for name, amount in made.money]
            assert max(shares) - min(shares) < 1e-3
        if money == need.money:
            assert made.money == mix.money
            assert made.posts == 50


def test_levers_are_all_programmes_that_cost_something(medan):
    levers = {lever.name: lever for lever in medan.levers}
    assert list(levers)[:5] == [
        "skills_training",
        "adult_literacy",
        "scholarship_tutoring",
        "health_education",
        "entrepreneurship_training",
    ]
    assert levers["connectivity_investment"].kind == "community"
    assert "mentoring_only" not in levers
    everything = mine(medan, money=tuple((name, 10**9) for name in levers), posts=10)
    made = medan.read(medan.text([everything], SMALL)).policies["mix_0"]
    assert len(made.programmes) + len(made.community) == len(levers)
