"""What each decision of the engine gains: the same run with the decision taken back, one at a time.

Each variant is a copy of the package's sources with a line or two replaced, compiled and run in a process of its own.
A text that is no longer there is an error: a variant must not silently measure the engine as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Line
from benchmarks.settings import ROOT, Settings


@dataclass(frozen=True)
class Variant:
    """Changes of the sources: (file below src/empowersim, text that stands there once, text in its place)."""

    what: str
    changes: tuple[tuple[str, str, str], ...]
    note: str = ""


_EXP_END = "    return p * bits_float(shift_left32(add_signed32(n, _BIAS), _MANTISSA_BITS))\n"
_LOG_END = "    return (m + p) + exponent * _LN2_HIGH\n"
_FLAGS = 'dict[str, Any] = {"error_model": "numpy", "fastmath": False, "nogil": True, "_nrt": False}'
_RULE_FAST = '    "fastmath": False,\n'
_DETAILED = "detailed = tallied and (month >= detailed_from or month % _MONTHS == _MONTHS - 1)"

_STRIP = "STRIP: Final = 8\n"
_UNROLL = 'set_option("empowersim", "-unroll-full-max-count=16")\n'
_INTERLEAVE = 'set_option("empowersim", "-force-vector-interleave=2")\n'
_TAILS = "            if tails == 0:\n"

VARIANTS: tuple[Variant, ...] = (
    Variant("one tile a strip", (("engine/arrays.py", _STRIP, _STRIP.replace("8", "1")),)),
    Variant("one vector at a time", (("_jit.py", _INTERLEAVE, _INTERLEAVE.replace("=2", "=1")),)),
    Variant(
        "short loops unrolled before they are vectorised",
        (("_jit.py", _UNROLL, ""),),
        "the doses fall into scalar code",
    ),
    Variant(
        "the tails of the normal always worked out", (("engine/strips.py", _TAILS, "            if tails < 0:\n"),)
    ),
    Variant("tiles of 16 households", (("_jit.py", "LANES = 32\n", "LANES = 16\n"),)),
    Variant("tiles of 64 households", (("_jit.py", "LANES = 32\n", "LANES = 64\n"),)),
    Variant(
        "vectors of 256 bits instead of 512",
        (("_jit.py", '"prefer-vector-width"="512"', '"prefer-vector-width"="256"'),),
    ),
    Variant(
        "LLVM's own limit on memory checks",
        (("_jit.py", "-memory-check-merge-threshold=2000", "-memory-check-merge-threshold=100"),),
        "the loop over the rules is no longer vectorised",
    ),
    Variant(
        "exp and log of the C library instead of polynomials",
        (
            ("maths.py", _EXP_END, "    return np.float32(np.exp(value))\n"),
            ("maths.py", _LOG_END, "    return np.float32(np.log(x))\n"),
        ),
    ),
    Variant(
        "arithmetic that may be reordered (fastmath)",
        (
            ("_jit.py", _FLAGS, _FLAGS.replace('"fastmath": False', '"fastmath": True')),
            ("_jit.py", _RULE_FAST, _RULE_FAST.replace("False", "True")),
        ),
        "what the promise of the same bits everywhere costs",
    ),
    Variant(
        "distribution and index every month",
        (("engine/kernels.py", _DETAILED, "detailed = tallied"),),
    ),
    Variant(
        "distribution and index never",
        (("engine/kernels.py", _DETAILED, "detailed = tallied and month < detailed_from and month < -1"),),
    ),
)

_HOUSEHOLDS, _QUICK = 100_000, 20_000


def patched(variant: Variant, folder: Path) -> Path:
    """Copy the sources into `folder` with the changes of a variant; returns the folder to import from.

    Raises `ValueError` where a text to be replaced does not stand in its file exactly once.
    """
    source = folder / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in variant.changes:
        path = source / "empowersim" / name
        text = path.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{variant.what}: {name} does not hold exactly once: {old.strip()}")
        path.write_text(text.replace(old, new), encoding="utf-8")
    return source


def ablation(settings: Settings) -> list[Line]:
    """Time of a household-month with each decision taken back, against the engine as it is; processes alternate."""
    households = _QUICK if settings.quick else _HOUSEHOLDS
    with tempfile.TemporaryDirectory() as temporary:
        folders = {"": ROOT / "src"}
        for number, variant in enumerate(VARIANTS):
            folders[variant.what] = patched(variant, Path(temporary) / str(number))
        times: dict[str, dict[str, list[float]]] = {what: {} for what in folders}
        for _ in range(settings.rounds):
            for what, source in folders.items():
                cache = Path(temporary) / "cache" / (str(list(folders).index(what)))
                for name, seconds in _worker(source, cache, households).items():
                    times[what].setdefault(name, []).append(seconds)
    best = {what: {name: min(taken) for name, taken in found.items()} for what, found in times.items()}
    spread = {what: max(found["full"]) / min(found["full"]) - 1 for what, found in times.items()}
    base = best[""]
    lines = [
        Line(
            "ablation",
            "as it is",
            base["full"] * 1e9,
            "ns/household-month",
            spread[""],
            note=f"five programmes and mentors, {households:,} households; no programme {base['idle'] * 1e9:.1f}",
        ),
        Line("ablation", "as it is, 2 threads", base["two"] * 1e9, "ns/household-month"),
    ]
    for variant in VARIANTS:
        found = best[variant.what]
        ratio = found["full"] / base["full"]
        note = f"{ratio:.2f} times the time; no programme {found['idle'] / base['idle']:.2f} times"
        note = f"{note}; {variant.note}" if variant.note else note
        lines.append(
            Line(
                "ablation",
                variant.what,
                found["full"] * 1e9,
                "ns/household-month",
                spread[variant.what],
                note=note,
            )
        )
    return lines


def _worker(source: Path, cache: Path, households: int) -> dict[str, float]:
    """Seconds a household-month of a copy of the sources, from a process of its own."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(source), str(ROOT)]),
        "EMPOWERSIM_CACHE": str(cache),
    }
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.ablation", str(households)],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(told.stdout)
    return found


def work(arguments: Sequence[str] | None = None) -> int:
    """Time the kernel of the package that is imported, and print seconds a household-month as JSON."""
    from benchmarks.kernel import whole
    from benchmarks.timing import race
    from benchmarks.world import FULL, IDLE, World

    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=work.__doc__)
    parser.add_argument("households", type=int)
    world = World(parser.parse_args(arguments).households)
    found = race({"full": whole(world, FULL, 1), "idle": whole(world, IDLE, 1), "two": whole(world, FULL, 2)}, 2)
    print(json.dumps({name: found.best(name) for name in found.rounds}))
    return 0


if __name__ == "__main__":
    sys.exit(work())
