"""Extensions: rules that a user adds or puts in place of the model's, compiled with it, on the same luck."""

from __future__ import annotations

import dataclasses
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from helpers_engine import unlike
from helpers_extend import (
    GUIDE,
    MEDAN,
    POLICIES,
    ROOT,
    blocks_of,
    compiled,
    guide,
    nothing,
    replaced,
    runs,
)

import empowersim as es
from empowersim.engine.kernels import advance
from empowersim.engine.lives import Lives
from empowersim.engine.machine import SHIPPED, folder_of, machine_of
from empowersim.engine.plans import Portion
from empowersim.engine.rebuild import Rebuilder, called_by, reached_from
from empowersim.engine.simulate import mean_line_of, subdistricts_of
from empowersim.engine.start import blocks_of as laid_out
from empowersim.engine.start import settle
from empowersim.engine.stream import simulate_stream, streamed_of
from empowersim.errors import SimulationError, StoreError
from empowersim.experiments.branch import burn_in
from empowersim.experiments.compare import execute, plan
from empowersim.experiments.executors import make_executor
from empowersim.extend import Extension, F, luck, replaceable, rule
from empowersim.results.store import read_comparison, write_comparison
from empowersim.rules import community, income
from empowersim.schema import ROW, VILLAGE_ROW

SIZE = {"households": 300, "months": 6, "replicates": 2}


def all_unlike(ones, others) -> list[list[str]]:
    return [unlike(one, other) for one, other in zip(ones, others, strict=True)]


SAME = [[] for _ in POLICIES]


def portion_of(share: float) -> Portion:
    return Portion(share, share)


class Followed:
    """Blocks of a few households, month by month, under the policies, with the columns of an extension."""

    def __init__(self, extension, *, months=6, burn_in=0, households=400, policies=POLICIES):
        made = compiled()
        people = made.population(households, 1, 0)
        chosen = [made.policies[name] for name in policies]
        self.lives = Lives(
            chosen,
            travel=made.travel,
            parameters=made.parameters,
            months=months,
            burn_in=burn_in,
            seed=1,
            replicate=0,
            judged=12,
            calendar=0,
            mean_line=mean_line_of(people),
            extension=extension,
        )
        order, regions = subdistricts_of(people)
        self.begun = [
            self.lives.begin(block, int(regions[at]), int(people.subdistrict_id[order[at]]))
            for at, block in enumerate(laid_out(people, made.parameters))
        ]
        count = sum(one.households for one in self.begun)
        self.under = [
            [self.lives.open(one, number, portion_of(one.households / count * 0.01)) for one in self.begun]
            for number in range(len(chosen))
        ]

    def go(self, month):
        for policy in self.under:
            for under in policy:
                self.lives.go_on(under, month, month + 1)
        return self

    def blocks(self, policy=0):
        return [under.block for under in self.under[policy]]

    def values(self, name, policy=0):
        """A column of the model or of the extension, households in their order."""
        found = []
        for block in self.blocks(policy):
            alive = block.live > 0
            rows = block.state[:, ROW[name]] if name in ROW else block.own[:, self.own.index(name)]
            found.append(rows[alive])
        return np.concatenate(found)

    @property
    def own(self):
        return list(self.lives._machine.extension.columns)


# --- an extension that changes nothing -------------------------------------------------------------------------------


def test_an_extension_that_does_nothing_gives_the_bits_of_the_model():
    """With rules of all kinds, columns, draws and parameters; so no draw of the model has moved either."""
    assert all_unlike(runs(None), runs(nothing)) == SAME


def test_the_model_itself_is_not_rebuilt():
    assert machine_of(None) is SHIPPED
    assert SHIPPED.advance is advance
    assert Rebuilder({community.theft_chance: community.theft_chance}, "x").kernel(settle) is settle
    changed = machine_of(nothing)
    assert changed.advance is not advance
    assert changed._settle is settle, "no rule of the start is replaced, so its kernel is shared"


def test_threads_and_blocks_change_nothing_under_an_extension():
    more = guide().more
    assert all_unlike(runs(more), runs(more, threads=2)) == SAME


def test_a_streamed_run_under_an_extension_has_the_same_measures():
    made, more = compiled(), guide().more
    people = made.population(900, 1, 0)
    chosen = [made.policies[name] for name in POLICIES]
    asked = {"travel": made.travel, "parameters": made.parameters, "months": 14, "burn_in": 3, "seed": 1}
    streamed = simulate_stream(streamed_of(people), chosen, reference=0, threads=2, extension=more, **asked)
    kept = runs(more)
    assert [one.monthly.tobytes() for one in streamed] == [one.monthly.tobytes() for one in kept]
    assert [one.places_filled.tobytes() for one in streamed] == [one.places_filled.tobytes() for one in kept]


# --- the draws -------------------------------------------------------------------------------------------------------


def test_a_rule_gets_the_draws_of_their_address():
    seen = Followed(nothing, households=300)
    for month in range(3):
        seen.go(month)
        for policy in range(len(POLICIES)):
            at = 0
            for block in seen.blocks(policy):
                alive = block.live > 0
                who = block.id_low[alive].astype(np.int64)
                villages = block.village_low.astype(np.int64)
                expected = luck(6, who, month, seed=1)
                of_village = luck(5, villages, month, seed=1, of="village")
                inside = slice(at, at + who.size)
                assert np.array_equal(seen.values("seen_depth", policy)[inside], expected)
                assert np.array_equal(seen.values("last", policy)[inside], luck(1001, who, month, seed=1))
                here = np.repeat(block.tile_village, 32).reshape(block.live.shape)[alive]
                assert np.array_equal(seen.values("seen_flood", policy)[inside], of_village[here])
                assert np.array_equal(block.own_village[:, 0], of_village)
                at += who.size
        assert set(seen.values("seen_month")) == {F(month + 1)}


def test_draws_of_an_extension_are_uniform_and_those_of_others():
    """Kolmogorov-Smirnov on 20,000 draws at a false-alarm rate of 0.001 each; streams and kinds share nothing."""
    from scipy.stats import kstest

    who = np.arange(20_000)
    rows = [luck(0, who, 3, seed=5), luck(1, who, 3, seed=5), luck(0, who, 4, seed=5)]
    rows += [luck(0, who, 3, seed=5, of="village"), luck(0, who, 3, seed=5, replicate=1)]
    for row in rows:
        assert kstest(row.astype(float), "uniform").pvalue > 0.001
    related = np.corrcoef(rows) - np.eye(len(rows))
    assert abs(related).max() < 4.5 / np.sqrt(who.size), "ten correlations of independent draws, 4.5 SE each"
    with pytest.raises(SimulationError, match="household or village, found 'mentor'"):
        luck(0, 1, 0, seed=1, of="mentor")


def test_means_of_own_columns_are_those_of_last_month():
    seen = Followed(nothing, households=300)
    seen.go(0)
    before = [
        np.array(
            [
                block.own[:, 0][(block.live > 0) & (block.tile_village[:, None] == v)].mean(dtype=np.float64)
                for v in range(block.village.shape[0])
            ],
            np.float32,
        )
        for block in seen.blocks()
    ]
    seen.go(1)
    for block, expected in zip(seen.blocks(), before, strict=True):
        assert block.own_village[:, 1] == pytest.approx(expected, rel=1e-6)


# --- the guide's rules -----------------------------------------------------------------------------------------------


def test_a_flood_strikes_the_same_village_in_the_same_month_under_every_policy():
    wet = guide().floods.with_values(flood_chance=0.3)
    more = (wet + guide().groups + guide().saving).with_values(flood_income_loss=0.4)
    seen = Followed(more)
    struck = 0
    for month in range(6):
        seen.go(month)
        first, *others = [np.concatenate([block.own_village[:, 0] for block in seen.blocks(one)]) for one in range(3)]
        for other in others:
            assert np.array_equal(first, other)
        shock = np.concatenate([block.village[:, VILLAGE_ROW["shock_now"]] for block in seen.blocks()])
        assert (shock[first > 0] >= F(0.4)).all()
        struck += int(first.sum())
    assert struck > 0


def test_one_month_of_a_rule_is_the_rule_on_top_of_the_models_own_month():
    """The first month from the same start: everything but what the rule changes has the model's bits."""
    dry = guide().more.with_values(flood_chance=0.0, joining=0.0, thrift=0.1)
    own, model = Followed(dry, households=300).go(0), Followed(None, households=300).go(0)
    for policy in range(len(POLICIES)):
        consumed, saved = model.values("consumption", policy), model.values("savings", policy)
        aside = F(0.1) * consumed
        assert np.array_equal(own.values("consumption", policy), consumed - aside)
        assert np.array_equal(own.values("savings", policy), saved + aside)
        for name in ROW:
            if name not in {"consumption", "savings", "welfare"}:
                assert np.array_equal(own.values(name, policy), model.values(name, policy)), name


def test_rules_switched_off_by_their_parameters_leave_the_model():
    off = guide().more.with_values(flood_chance=0.0, joining=0.0, thrift=0.0)
    assert all_unlike(runs(None), runs(off)) == SAME
    assert folder_of(off) == folder_of(guide().more), "other values need no compiling"
    assert off.digest != guide().more.digest


def test_the_books_of_the_savings_groups_balance():
    """What is in the fund is what was paid in and not yet paid out, month after month, in every village."""
    many = guide().more.with_values(joining=0.3, flood_chance=0.1)
    seen = Followed(many, months=12)
    for month in range(12):
        funds = [block.own_village[:, 1].astype(float) for block in seen.blocks()]
        flows = [_village_means(block, 1) - _village_means(block, 2) for block in seen.blocks()]
        seen.go(month)
        for block, fund, flow in zip(seen.blocks(), funds, flows, strict=True):
            assert block.own_village[:, 1] == pytest.approx(fund + flow, abs=1e-5)
            assert (_village_means(block, 2) <= block.own_village[:, 1] + 1e-6).all(), "never more than there is"
    assert seen.values("member").mean() > 0.9
    assert seen.values("paid_out").max() > 0


def _village_means(block, column):
    alive = block.live > 0
    sums = np.zeros(block.village.shape[0])
    np.add.at(sums, block.tile_village, (block.own[:, column] * alive).sum(axis=1, dtype=np.float64))
    people = np.zeros_like(sums)
    np.add.at(people, block.tile_village, alive.sum(axis=1))
    return sums / people


def test_columns_of_an_extension_are_seen_month_by_month():
    more = guide().more.with_values(joining=0.3)
    asked = {"households": 300, "months": 5, "policies": ["balanced_mix"], "extension": more}
    found = es.column_means(MEDAN, ["member", "fund", "consumption", "collective"], **asked)
    seen = list(found["balanced_mix"]["member"])
    assert len(seen) == 5
    assert 0 < seen[0] <= seen[-1] <= 1
    assert found.units["fund"] == "L a household"
    frame = found.to_pandas()
    assert list(frame.columns) == ["policy", "month", "member", "fund", "consumption", "collective"]
    assert set(frame.policy) == {"balanced_mix"}
    with pytest.raises(SimulationError, match="did you mean member"):
        es.column_means(MEDAN, ["membr"], **asked)


def test_a_rule_called_from_python_is_the_compiled_rule():
    """The slow path may call what the fast path compiles."""
    from empowersim.parameters import parameters

    names = guide().saving.parameters
    record = dataclasses.make_dataclass("P", [*parameters()._fields, *names])
    values = record(*parameters(), F(0.25))
    home = Followed(None, households=40).values
    from empowersim.rules.month import Household

    row = Household(*(home(name)[0] for name in ROW))
    after = guide().thrift.py_func(values, None, row, row, None, None, F(1))
    aside = F(0.25) * row.consumption
    assert after == row._replace(consumption=row.consumption - aside, savings=row.savings + aside)
    assert all(isinstance(value, np.float32) for value in after)


# --- in place of the model's rules -----------------------------------------------------------------------------------


def test_a_rule_that_calls_the_one_it_replaces_gives_its_bits():
    assert all_unlike(runs(None), runs(replaced)) == SAME


def test_a_replacement_holds_in_the_month_in_the_village_and_in_the_start():
    machine = machine_of(replaced)
    assert machine._settle is not settle, "a rule of the start is replaced"
    from empowersim.engine.outputs import MEASURE_ROW

    honest = runs(replaced.with_values(thieves=0.0))
    assert all((one.monthly[MEASURE_ROW["thefts"]] == 0).all() for one in honest)
    assert all((one.monthly[MEASURE_ROW["thefts"]] > 0).all() for one in runs(None))
    rich = Followed(replaced.with_values(wages=1.5), households=300).values("permanent")
    usual = Followed(None, households=300).values("permanent")
    assert (rich <= usual).all(), "what is consumed at the start is earned with less capacity where wages are higher"
    assert (rich < usual).mean() > 0.9


def test_no_call_of_a_rule_is_overlooked():
    """What the byte code of every rule and loop says it calls, against what its source says."""
    import ast
    import inspect
    import textwrap

    called = [*replaceable().values(), *reached_from(advance.py_func).values()]
    assert len(called) > 100
    for one in called:
        around = one.py_func.__globals__
        wanted = set()
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(one.py_func)))):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name):
                wanted.add(id(around.get(node.func.id)))
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                wanted.add(id(getattr(around.get(node.func.value.id), node.func.attr, None)))
        found = {id(other) for other in called_by(one.py_func)}
        known = {id(other) for other in called}
        assert wanted & known <= found, one.__name__


def test_the_shipped_functions_are_left_as_they_are():
    machine_of(replaced)
    assert income.wage_income is replaceable()["income.wage_income"]
    called = reached_from(advance.py_func)
    assert id(income.wage_income) in called
    assert id(replaced.replace["income.wage_income"]) not in called


# --- results that say under what they were made ----------------------------------------------------------------------


def test_results_carry_the_extension(tmp_path):
    more = guide().more
    plain = plan(MEDAN, **SIZE)
    under = plan(MEDAN, extension=more, **SIZE)
    other = plan(MEDAN, extension=more.with_values(thrift=0.05), **SIZE)
    assert "extension" not in plain.inputs
    assert under.inputs["extension"] == {"name": more.name, "digest": more.digest, "parameters": more.values()}
    assert len({plain.run_id, under.run_id, other.run_id}) == 3
    result = es.compare(MEDAN, policies=["balanced_mix"], extension=more, **SIZE)
    assert more.digest in result.notes[-1]
    write_comparison(result, tmp_path / "out")
    assert read_comparison(tmp_path / "out").inputs["extension"]["digest"] == more.digest
    assert result.inputs == read_comparison(tmp_path / "out").inputs


def test_the_model_and_the_extension_are_never_taken_for_each_other(tmp_path):
    kept = burn_in(MEDAN, replicates=1, households=300)
    made = plan(MEDAN, extension=guide().more, replicates=1, households=300, months=6)
    with pytest.raises(SimulationError, match=r"extension: None there, .*floods_savings_group_thrift"):
        kept.execute(made)
    single = es.simulate(MEDAN, "balanced_mix", extension=guide().more, **SIZE)
    assert single.run_id != es.simulate(MEDAN, "balanced_mix", **SIZE).run_id


DESIGN = """\
sweep: 1
name: small
scenario: {medan}
policies: [balanced_mix]
households: 200
months: 4
replicates: 1
outcomes: [poverty_gap]
vary:
  kin: {{path: base.parameters.kin_sharing, values: [0.0, 0.1]}}
"""


def test_a_sweep_goes_on_under_its_own_extension_only(tmp_path):
    design, out, more = tmp_path / "design.yaml", tmp_path / "sweep", guide().more
    design.write_text(DESIGN.format(medan=MEDAN), encoding="utf-8")
    report = es.sweep(design, out, executor="serial", extension=more)
    assert (report.made, report.failed) == (2, 0)
    with pytest.raises(StoreError, match=r"holds (another sweep|a sweep under the extension)"):
        es.sweep(design, out, executor="serial")
    with pytest.raises(StoreError, match="asked for one of the model without an extension"):
        es.sweep(None, out, executor="serial")
    assert es.sweep(None, out, executor="serial", extension=more).kept == 2
    plain = es.sweep(design, tmp_path / "plain", executor="serial")
    assert plain.key != report.key
    one, other = (es.read_sweep(folder).results for folder in (out, tmp_path / "plain"))
    assert one.column_names == other.column_names
    assert one["poverty_gap"].to_pylist() != other["poverty_gap"].to_pylist()


def test_the_digest_follows_everything_that_can_change_a_number():
    def made(factor, other=0.0):
        @rule
        def helper(value):
            return value * factor

        @rule
        def change(p, village, start, home, dose, draw, month):
            return home._replace(savings=helper(home.savings) + other)

        return Extension("x", add=change)

    first, again = made(F(0.5), F(0)), made(F(0.5), F(0))
    assert (first.digest, first.code_digest) == (again.digest, again.code_digest)
    assert len({first.digest, made(F(0.6), F(0)).digest, made(F(0.5), F(1)).digest}) == 3
    assert len({first.code_digest, made(F(0.6), F(0)).code_digest, made(F(0.5), F(1)).code_digest}) == 3
    floods = guide().floods
    moved = dataclasses.replace(floods, draws={"depth": 1})
    assert moved.digest != floods.digest
    assert moved.code_digest != floods.code_digest


# --- other processes -------------------------------------------------------------------------------------------------


def test_processes_give_the_bits_of_threads():
    made = plan(MEDAN, policies=["balanced_mix"], extension=nothing, **SIZE)
    with make_executor("processes", workers=2) as crew:
        there = execute(made, executor=crew)
    here = execute(made, threads=1)
    assert there.to_dict() == here.to_dict()


def test_rules_that_cannot_travel_are_refused():
    @rule
    def here(p, village, start, home, dose, draw, month):
        return home

    local = Extension("local", add=here)
    with (
        make_executor("processes", workers=1) as crew,
        pytest.raises(SimulationError, match="stands inside a function; put the rules into a file"),
    ):
        execute(plan(MEDAN, extension=local, **SIZE), executor=crew)
    with pytest.raises(SimulationError, match=r"executor dask needs rules .* stands inside a function"):
        local.travels("executor dask")
    again = pickle.loads(pickle.dumps(nothing))
    assert again.digest == nothing.digest
    assert again.add[0] is nothing.add[0]


def test_rules_of_a_notebook_are_refused_for_processes():
    code = (
        "from empowersim.extend import Extension, rule\n"
        "@rule\ndef stay(p, village, start, home, dose, draw, month):\n    return home\n"
        "more = Extension('x', add=stay)\n"
        "try:\n    more.travels('executor processes', script=True)\nexcept Exception as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}, cwd=ROOT
    )
    assert "in the notebook or script that runs" in done.stdout


# --- the guide -------------------------------------------------------------------------------------------------------


def test_agents_and_compiled_rules_agree(monkeypatch):
    """The slow path of the guide against its fast path: mean savings of 300 households in 12 months."""
    pytest.importorskip("empowersim.abm")
    monkeypatch.chdir(ROOT)
    shared: dict = {}
    for block in blocks_of(GUIDE, "py"):
        exec(compile(block, "extend.md", "exec"), shared)
    asked = {"policies": ["mix_mentors"], "households": 300, "months": 12, "seed": 1, "extension": guide().more}
    fast = es.column_means(MEDAN, ["savings", "member"], **asked)["mix_mentors"]
    assert shared["savings"] == pytest.approx(list(fast["savings"]), rel=1e-12)
    assert np.mean([float(home.member) for home in shared["model"].households]) == fast["member"][-1]


def test_the_code_of_the_guide_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    guide()
    shared: dict = {}
    blocks = blocks_of(GUIDE)
    assert len(blocks) >= 5
    for block in blocks[1:]:
        exec(compile(block, "extend.md", "exec"), shared)
    assert shared["result"].inputs["extension"]["digest"] == guide().more.digest
    assert len(shared["seen"]["no_programme"]["member"]) == 24
    assert set(replaceable()) > {"income.next_job", "community.theft_chance", "month.household_month"}
