"""What shows only from outside: time to start, memory of a process, a sweep of many small runs, a whole nation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from benchmarks.report import Line, unavailable
from benchmarks.settings import ROOT, Settings
from benchmarks.world import FULL, World

HELP = ("--help",)
SMALL = ("run", "scenarios/medan.yaml", "--households", "1000", "--replicates", "2", "--months", "60")
NATION = ("run", "scenarios/indonesia.yaml", "--households", "74000000", "--months", "120")
"""The command line of the nation: 74 million households for 120 months."""
_SWEPT, _SWEPT_MONTHS, _SWEEP = 1_000, 60, 10_000
_MIB = 1024.0


@dataclass(frozen=True)
class Child:
    """What a child process took."""

    seconds: float
    peak: float
    """Largest memory held at once, MiB."""
    ok: bool


_LAUNCHER = """
import json, os, subprocess, sys, time
begin = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([time.perf_counter() - begin, usage.ru_maxrss, os.waitstatus_to_exitcode(status)]))
"""
"""Between us and the process measured stands a small one: a child's peak begins with the memory of its parent."""


def child(arguments: Sequence[str], extra: Mapping[str, str] | None = None) -> Child:
    """Run Python with `arguments` at the root of the project and measure it; its output is thrown away."""
    paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path), **(extra or {})}
    told = subprocess.run(
        [sys.executable, "-S", "-c", _LAUNCHER, sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, peak, code = json.loads(told.stdout)
    return Child(seconds, peak / (_MIB if sys.platform != "darwin" else _MIB * _MIB), code == 0)


def command(arguments: Sequence[str], extra: Mapping[str, str] | None = None) -> Child:
    """Run `empowersim` with `arguments` and measure it."""
    return child(("-m", "empowersim", *arguments), extra)


def start(settings: Settings) -> list[Line]:
    """How long the command takes to answer, and to finish a small run, with and without compiled code on disk."""
    lines = []
    for arguments, what, target in (
        (HELP, "empowersim --help", 0.4),
        (SMALL, "small run: 1,000 households, 60 months, 2 replicates", 1.5),
    ):
        command(arguments)
        taken = [command(arguments) for _ in range(settings.rounds)]
        if not all(one.ok for one in taken):
            lines.append(unavailable("start", what, "the command fails", target=target, at_least=False))
            continue
        seconds = [one.seconds for one in taken]
        spread = max(seconds) / min(seconds) - 1.0
        lines.append(Line("start", what, min(seconds), "s", spread, target, at_least=False))
    with tempfile.TemporaryDirectory() as empty:
        first = command(SMALL, {"EMPOWERSIM_CACHE": empty})
    what = "first run ever: the small run, compiling"
    if first.ok:
        lines.append(Line("start", what, first.seconds, "s", target=20.0, at_least=False))
    else:
        lines.append(unavailable("start", what, "the command fails", target=20.0, at_least=False))
    return lines


_HOLD = """
from benchmarks.world import FULL, World
from empowersim.engine.simulate import simulate
world = World({households}, burn_in=0, months=12)
world.blocks.clear()
simulate(world.population, [world.policy(FULL)], travel=world.compiled.travel, parameters=world.parameters,
         months=12, burn_in=0, seed=1)
"""


def memory(settings: Settings) -> list[Line]:
    """Peak memory of a process that simulates the largest population, less that of one with a tiny population."""
    size = settings.largest
    small = child(("-c", _HOLD.format(households=1_000)))
    large = child(("-c", _HOLD.format(households=size)))
    what = f"peak of a process, {size:,} households, beside the program itself"
    if not (small.ok and large.ok):
        return [unavailable("memory", what, "the run fails")]
    each = (large.peak - small.peak) * _MIB * _MIB / size
    return [Line("memory", what, each, "bytes/household", note=f"the program itself {small.peak:,.0f} MiB")]


def sweep(settings: Settings) -> list[Line]:
    """Many runs of 1,000 households for 60 months on two cores, and what a run costs beside its kernel."""
    from empowersim.engine.simulate import simulate
    from empowersim.experiments.executors import map_replicates

    world = World(_SWEPT, months=_SWEPT_MONTHS, burn_in=0)
    policy = world.policy(FULL)

    def one(replicate: int) -> int:
        population = world.compiled.population(_SWEPT, world.seed, replicate)
        runs = simulate(
            population,
            [policy],
            travel=world.compiled.travel,
            parameters=world.parameters,
            months=_SWEPT_MONTHS,
            burn_in=0,
            seed=world.seed,
            replicate=replicate,
            threads=1,
        )
        return len(runs)

    one(0)
    begin = perf_counter()
    done = sum(map_replicates(one, range(settings.sweep_runs), 2))
    seconds = (perf_counter() - begin) * _SWEEP / done
    scaled = "" if done == _SWEEP else f"scaled up from {done:,} runs"

    best = {"run": 1e9, "kernel": 1e9, "population": 1e9}
    for _ in range(10 * settings.rounds):
        lives = world.lives(policy)
        begin = perf_counter()
        world.advance(lives, 0, _SWEPT_MONTHS)
        best["kernel"] = min(best["kernel"], perf_counter() - begin)
        begin = perf_counter()
        one(0)
        best["run"] = min(best["run"], perf_counter() - begin)
        begin = perf_counter()
        world.compiled.population(_SWEPT, world.seed, 0)
        best["population"] = min(best["population"], perf_counter() - begin)
    milli = {name: 1e3 * value for name, value in best.items()}
    told = f"run {milli['run']:.2f} ms, kernel {milli['kernel']:.2f} ms, population {milli['population']:.2f} ms"
    return [
        Line(
            "sweep",
            "10,000 runs of 1,000 households x 60 months, 2 cores",
            seconds,
            "s",
            target=60.0,
            at_least=False,
            note=scaled,
        ),
        Line(
            "sweep",
            "a run beside its kernel, 1 thread",
            milli["run"] - milli["kernel"],
            "ms",
            target=1.0,
            at_least=False,
            note=told,
        ),
    ]


def nation(settings: Settings) -> list[Line]:
    """The whole country, through the command line."""
    what = "74 million households, 120 months"
    if settings.quick:
        return [unavailable("nation", what, "not in quick mode", target=90.0, at_least=False)]
    taken = command(NATION)
    if not taken.ok:
        return [unavailable("nation", what, "the command fails", target=90.0, at_least=False)]
    return [
        Line("nation", what, taken.seconds, "s", target=90.0, at_least=False),
        Line("nation", "its peak memory", taken.peak / _MIB, "GiB", target=2.0, at_least=False),
    ]
