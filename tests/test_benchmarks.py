"""The benchmarks: peers live the kernel's months, tables and history are well formed. No time is asserted."""

from __future__ import annotations

import json
import platform
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks/ stands beside src/ and is not installed

from benchmarks import __main__ as command  # noqa: E402
from benchmarks import ablation, history, parts, processes  # noqa: E402
from benchmarks.competitors import DisagreementError, agreement, check, check_by_chance, kernel_year  # noqa: E402
from benchmarks.peers.columns import philox, uniform  # noqa: E402
from benchmarks.peers.mesa_agents import RENDERINGS, MesaModel  # noqa: E402
from benchmarks.peers.numpy_arrays import NumpyArrays  # noqa: E402
from benchmarks.peers.translate import over_arrays_exactly  # noqa: E402
from benchmarks.report import Line, as_markdown, as_text, number, unavailable  # noqa: E402
from benchmarks.timing import Contender, Race, race  # noqa: E402
from benchmarks.world import IDLE, World, flat, sums_of  # noqa: E402

from empowersim import rng  # noqa: E402
from empowersim.rules import month  # noqa: E402
from empowersim.rules.month import Dose, Draw, Household, Village, household_month  # noqa: E402

YEAR = 12


@pytest.fixture(scope="module")
def world() -> World:
    return World(700, burn_in=6)


@pytest.fixture(scope="module")
def year(world):
    """State and headcounts after the kernel's year."""
    return kernel_year(world)


@pytest.fixture(scope="module")
def wide() -> World:
    """Enough households for chance to leave little room: five standard errors are below two points of headcount."""
    return World(20_000, burn_in=6)


# --- peers --------------------------------------------------------------------------------------------------------


def test_numpy_in_exact_arithmetic_has_the_kernels_bits(world, year):
    peer = NumpyArrays(world, exact=True)
    peer.live(YEAR)
    assert peer.state.tobytes() == year[0].tobytes()
    lives = world.lives(world.policy(IDLE))
    world.advance(lives, 0, YEAR)
    assert (
        np.ascontiguousarray(peer.shared.village.T).tobytes() == flat([life.block for life in lives]).village.tobytes()
    )
    assert np.allclose(np.array(peer.shared.sums), sums_of(lives)[:YEAR], rtol=1e-6, atol=1e-6)
    details = np.sum([life.tally.details for life in lives], axis=0)[YEAR - 1]
    assert np.allclose(peer.shared.details[YEAR - 1], details, rtol=1e-5)
    assert details.min() > 0


@pytest.mark.parametrize("chunk", [300, 10**6])
def test_numpy_reaches_the_kernels_statistics(world, year, chunk):
    peer = NumpyArrays(world, chunk=chunk)
    peer.live(YEAR)
    found = check("numpy", agreement(peer.state, peer.headcounts(), *year), exact=False)
    assert found.same_bits < 1.0  # numpy's own exp and log, so the check has something to tolerate


def test_numpy_with_its_own_generator_differs_by_chance_only(wide):
    """At five standard errors a false alarm once in some hundred thousand runs; the seed is fixed."""
    peer = NumpyArrays(wide, own_generator=True)
    peer.live(YEAR)
    assert 0 < check_by_chance("numpy", peer.headcounts(), kernel_year(wide)[1], wide) < 0.02


@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize("rendering", ["call", "in_place"])
def test_mesa_agents_have_the_kernels_bits(world, year, rendering, shuffled):
    peer = MesaModel(world, rendering=rendering, shuffled=shuffled)
    peer.live(YEAR)
    assert peer.columns().tobytes() == year[0].tobytes()
    assert np.allclose(peer.headcounts(), year[1], atol=1e-6)


def test_mesa_in_plain_python_reaches_the_kernels_statistics(world, year):
    peer = MesaModel(world, rendering="plain")
    peer.live(YEAR)
    check("plain", agreement(peer.columns(), peer.headcounts(), *year), exact=False)
    assert set(RENDERINGS) == {"call", "in_place", "plain"}


@pytest.mark.skipif(find_spec("starsim") is None, reason="starsim is not installed")
def test_starsim_reaches_the_kernels_statistics(world, year, wide):
    from benchmarks.peers.starsim_people import StarsimPeople

    peer = StarsimPeople(world, months=YEAR, by_address=True)
    peer.live(YEAR)
    check("starsim", agreement(peer.state, peer.headcounts(), *year), exact=False)
    lucky = StarsimPeople(wide, months=YEAR)
    lucky.live(YEAR)
    assert check_by_chance("starsim", lucky.headcounts(), kernel_year(wide)[1], wide) > 0


@pytest.mark.skipif(find_spec("mesa_frames") is None, reason="mesa-frames is not installed")
def test_mesa_frames_reaches_the_kernels_statistics(world, year):
    from benchmarks.peers.mesa_frames_people import MesaFramesPeople

    peer = MesaFramesPeople(world, by_address=True)
    peer.live(YEAR)
    check("mesa-frames", agreement(peer.state, peer.headcounts(), *year), exact=False)


def test_translated_rules_take_doses_as_the_compiled_ones_do(world):
    """The peers are timed without a programme; the rules behind them are the same with one."""
    random = np.random.default_rng(3)
    people = flat(world.blocks)
    count = 40
    home = people.state[:, :count]
    village = people.village[people.village_of[:count]].T
    dose = (random.random((len(Dose._fields), count)) * (random.random((len(Dose._fields), count)) < 0.5)).astype("f4")
    draw = random.random((len(Draw._fields), count)).astype("f4")
    arrays = (
        over_arrays_exactly()
        .module(month)
        .household_month(world.parameters, Village(*village), Household(*home), Dose(*dose), Draw(*draw), np.float32(5))
    )
    for i in range(count):
        one = household_month(
            world.values[0],
            Village(*village[:, i]),
            Household(*home[:, i]),
            Dose(*dose[:, i]),
            Draw(*draw[:, i]),
            np.float32(5),
        )
        whole = [np.broadcast_to(row, count)[i] for row in arrays]
        assert np.array(one, np.float32).tobytes() == np.array(whole, np.float32).tobytes()


def test_draws_of_the_peers_are_the_packages():
    low, high = np.array([0, 7, 2**32 - 1], np.uint64), np.array([5, 0, 2**24], np.uint64)
    words = philox(low, high, 4294967290, 2, 11, 13)
    for i in range(3):
        wanted = rng.philox(
            np.uint32(low[i]), np.uint32(high[i]), np.uint32(4294967290), np.uint32(2), np.uint32(11), np.uint32(13)
        )
        assert [int(word[i]) for word in words] == [int(word) for word in wanted]
        assert float(uniform(words[0])[i]) == rng.uniform_from(np.uint32(wanted[0]))


def test_a_peer_that_lives_another_month_is_caught(world, year):
    state, shares = year
    wrong = state.copy()
    wrong[9, 3] = np.nextafter(wrong[9, 3], np.float32(np.inf))
    with pytest.raises(DisagreementError, match="bits"):
        check("one bit", agreement(wrong, shares, *year), exact=True)
    check("one bit", agreement(wrong, shares, *year), exact=False)
    with pytest.raises(DisagreementError, match="another month"):
        check("headcount", agreement(state, shares + 2e-4, *year), exact=False)
    with pytest.raises(DisagreementError, match="another month"):
        check("state", agreement(state * np.float32(1.01), shares, *year), exact=False)
    with pytest.raises(DisagreementError, match="chance"):
        check_by_chance("headcount", shares + 0.2, shares, world)
    shorter = NumpyArrays(world)
    shorter.live(YEAR - 1)
    with pytest.raises(DisagreementError):
        check("a month short", agreement(shorter.state, shares, *year), exact=False)


# --- timing -------------------------------------------------------------------------------------------------------


def test_a_race_alternates_its_competitors():
    seen: list[str] = []
    contenders = {name: Contender(lambda: None, lambda _, name=name: seen.append(name), 1.0) for name in "abc"}
    found = race(contenders, 3)
    assert "".join(seen) == "abc" + "abc" + "bca" + "cab"
    assert {name: len(times) for name, times in found.rounds.items()} == {"a": 3, "b": 3, "c": 3}
    with pytest.raises(ValueError, match="at least 1"):
        race(contenders, 0)


def test_figures_of_a_race():
    found = Race({"fast": (1.0, 2.0), "slow": (4.0, 10.0)})
    assert found.best("slow") == 4.0
    assert found.speed("fast") == 1.0
    assert found.spread("slow") == 1.5
    assert found.ratio("fast", "slow") == 4.0
    assert found.ratio_spread("fast", "slow") == 0.25  # 4 and 5 in the two rounds


def test_every_part_of_the_kernel_can_be_timed_alone():
    found, detailed = parts.measure(World(300, burn_in=1, months=14), 1, first=2)
    assert set(found.rounds) == {part.name.lower() for part in parts.Part} | {"kernel", "idle"}
    assert detailed == 1.0  # the last twelve months of fourteen


def test_memory_of_a_child_is_its_own():
    """A process started from a large one would begin with that one's peak, were there nothing between them."""
    ballast = np.ones(40_000_000)
    small = processes.child(("-c", "pass"))
    large = processes.child(("-c", "x = b'1' * 150_000_000"))
    assert ballast.nbytes > 300e6
    assert small.ok
    assert small.peak < 100
    assert 140 < large.peak < 250
    assert not processes.child(("-c", "raise SystemExit(3)")).ok


# --- table and history --------------------------------------------------------------------------------------------

LINES = [
    Line("kernel", "speed", 12.345, "M/s", 0.021, 75.0),
    Line("kernel", "time", 0.31, "s", None, 0.4, at_least=False, note="a | b"),
    Line("start", "size", 1234.6, "bytes"),
    unavailable("nation", "the country", "the command fails", target=90.0, at_least=False),
]


def test_targets_are_met_or_not():
    assert [line.met for line in LINES] == [False, True, None, None]


@pytest.mark.parametrize(
    ("value", "told"), [(0.0, "0.00"), (0.01234, "0.0123"), (1.5, "1.50"), (12.34, "12.3"), (12345.6, "12,346")]
)
def test_numbers_are_short(value, told):
    assert number(value) == told


def test_table_for_the_terminal():
    rows = as_text(LINES).splitlines()
    assert len(rows) == len(LINES) + 2
    assert rows[2].split() == ["kernel", "speed", "12.3", "M/s", "2", "%", ">=", "75.0", "no"]
    assert rows[3].startswith(" ")  # the section is named once
    assert "<= 0.4" in rows[3]
    assert "not available" in rows[5]
    assert "the command fails" in rows[5]


def test_table_in_markdown():
    rows = as_markdown(LINES).splitlines()
    assert {row.count("|") for row in rows} == {8}
    assert set(rows[1]) == {"|", "-", " "}
    assert "a / b" in rows[3]


def test_history_is_only_added_to(tmp_path):
    file, page = tmp_path / "history.jsonl", tmp_path / "performance.md"
    begin, end = history.TABLES["table"]
    page.write_text(f"before\n\n{begin}\nold\n{end}\n\nafter\n", encoding="utf-8")
    history.record(LINES, quick=True, file=file, page=page)
    first = file.read_text(encoding="utf-8")
    history.record(LINES[:1], quick=False, file=file, page=page)
    text = file.read_text(encoding="utf-8")
    assert text.startswith(first)
    assert [len(run["lines"]) for run in history.read(file)] == [4, 1]
    run = json.loads(first)
    assert run["quick"] is True
    assert run["lines"][0] == {
        "section": "kernel",
        "what": "speed",
        "value": 12.345,
        "unit": "M/s",
        "spread": 0.021,
        "target": 75.0,
        "at_least": True,
        "note": "",
        "met": False,
    }
    assert set(run["machine"]) == {"cores", "processor", "python", "numba", "numpy", "system"}
    assert platform.node() not in json.dumps(run["machine"]).split('"')
    told = page.read_text(encoding="utf-8")
    assert told.startswith("before\n")
    assert told.endswith("after\n")
    assert "old" not in told
    assert told.count("| kernel |") == 1
    assert "the country" not in told  # the second run took the place of the first


def test_history_refuses_what_is_no_number(tmp_path):
    file = tmp_path / "history.jsonl"
    with pytest.raises(ValueError, match="JSON"):
        history.record([Line("a", "b", float("nan"), "s")], quick=True, file=file, page=tmp_path / "none.md")
    assert not file.exists()


def test_the_page_has_room_for_both_tables():
    page = history.PAGE.read_text(encoding="utf-8")
    for begin, end in history.TABLES.values():
        assert page.count(begin) == 1
        assert page.index(begin) < page.index(end)
    assert all(run["lines"] for run in history.read())


def test_the_command_prints_a_table_and_records_only_when_asked(monkeypatch, capsys):
    recorded: list[tuple] = []
    monkeypatch.setattr(
        command, "SECTIONS", {"kernel": lambda settings: LINES[:2], "start": lambda settings: LINES[2:]}
    )
    monkeypatch.setattr(history, "record", lambda *given, **more: recorded.append((given, more)))
    assert command.main(["--quick", "--only", "kernel"]) == 0
    told = capsys.readouterr().out
    assert "speed" in told
    assert "size" not in told
    assert recorded == []
    assert command.main(["--record"]) == 0
    assert recorded == [((LINES, False), {"table": "table"})]
    with pytest.raises(SystemExit):
        command.main(["--only", "nothing"])


# --- ablation -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ablation.VARIANTS, ids=lambda variant: variant.what)
def test_every_decision_can_be_taken_back(variant, tmp_path):
    """The texts that a variant replaces still stand in the sources, and the copy is Python."""
    source = ablation.patched(variant, tmp_path)
    for name, old, new in variant.changes:
        text = (source / "empowersim" / name).read_text(encoding="utf-8")
        assert new in text
        assert old not in text.replace(new, "")
        compile(text, name, "exec")


def test_a_variant_that_changes_nothing_is_an_error(tmp_path):
    lost = ablation.Variant("lost", (("maths.py", "no such text", ""),))
    with pytest.raises(ValueError, match="exactly once"):
        ablation.patched(lost, tmp_path)
