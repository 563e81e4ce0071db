"""Small sweeps for tests: a scenario of two policies, designs over it, and the bytes that count in a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from empowersim.experiments import sweep_plan
from empowersim.fronts.sweep_api import sweep

SCENARIO = """
empowersim: 1
name: small
reference: nothing
base:
  world: {place: medan_urban, households: 610 thousand, price_year: 2024}
  simulation: {households: 60, months: 2, burn_in: 1 month, replicates: 2, seed: 1}
policies:
  nothing: {}
  skills: {programmes: {skills_training: {budget: 600 billion IDR/year}}}
  unused: {programmes: {adult_literacy: {budget: 60 billion IDR/year}}}
"""

HEAD = """
sweep: 1
name: small
scenario: small.yaml
policies: [skills]
outcomes: [poverty_headcount, mean_consumption, cost]
"""

GRID = """
replicates: 6
vary:
  skills: {path: policies.skills.programmes.skills_training.budget, values: [100, 600], unit: billion IDR/year}
  kin: {path: base.parameters.kin_sharing, values: [0.1, 0.2]}
"""


def design_in(folder: Path, text: str = GRID, name: str = "design.yaml", head: str = HEAD) -> Path:
    """Write the scenario and a design over it; return the path of the design."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "small.yaml").write_text(SCENARIO, encoding="utf-8")
    path = folder / name
    path.write_text(head + text, encoding="utf-8")
    return path


def ran(design: Path | None, out: Path, **options: object):
    """Run a sweep in this process."""
    return sweep(design, out, executor="serial", **options)


def content(folder: Path) -> dict[str, str]:
    """Digests of the files of a sweep that must be the same whatever happened on the way."""
    names = [path for kind in ("runs", "failures", "points", "draws", "inputs") for path in (folder / kind).iterdir()]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted([*names, folder / "parts.json"])
    }


def small_chunks(monkeypatch, size: int = 5) -> None:
    """Cut sweeps into chunks of `size` runs, so that small ones have several."""
    monkeypatch.setattr(sweep_plan, "CHUNK", size)
    monkeypatch.setattr(sweep_plan, "MOST_CHUNKS", 10**6)
