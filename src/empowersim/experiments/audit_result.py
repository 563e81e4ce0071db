"""What an audit of pairing found, as values; and how it is written."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import StoreError
from empowersim.experiments.audit_walk import WHERE, Moved
from empowersim.results.provenance import run_id, surroundings
from empowersim.results.store import check_writable


@dataclass(frozen=True)
class Check:
    """One question of the audit, and its answer."""

    name: str
    question: str
    passed: bool | None
    """None: could not be asked here; `note` says why."""
    moved: int = 0
    """Households that moved though they should not have."""
    first: Moved | None = None
    note: str = ""


@dataclass(frozen=True)
class Spillover:
    """Households different from their life without the policy, month by month, by where they stand."""

    what: str
    moved: NDArray[np.int64]
    """Shape (months, len(WHERE))."""
    treated: NDArray[np.int64]
    """Shape (months,): households treated so far."""


@dataclass(frozen=True)
class Audit:
    """All answers on one policy of a scenario."""

    scenario: str
    policy: str
    seed: int
    replicate: int
    households: int
    subdistricts: int
    months: int
    burn_in: int
    checks: tuple[Check, ...]
    spillovers: tuple[Spillover, ...]
    inputs: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Whether nothing moved that should not have."""
        return all(check.passed is not False for check in self.checks)

    @property
    def run_id(self) -> str:
        """Digest of what was audited."""
        return run_id(self.inputs)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        told = {
            name: getattr(self, name)
            for name in ("scenario", "policy", "seed", "replicate", "households", "subdistricts", "months", "burn_in")
        }
        return {
            **told,
            "run_id": self.run_id,
            "passed": self.passed,
            "checks": [asdict(check) for check in self.checks],
            "spillovers": [
                {
                    "what": one.what,
                    "months": [
                        {"month": month, "treated": int(treated), **dict(zip(WHERE, counts.tolist(), strict=True))}
                        for month, (treated, counts) in enumerate(zip(one.treated, one.moved, strict=True))
                    ],
                }
                for one in self.spillovers
            ],
        }


def write_audit(found: Audit, folder: str | os.PathLike[str]) -> Path:
    """Write ``audit.json`` into a folder, with what made it; raises `StoreError` where that cannot be done."""
    check_writable(folder)
    path = Path(folder) / "audit.json"
    partial = path.with_suffix(".json.writing")
    document = {**found.to_dict(), "inputs": found.inputs, "made_with": surroundings()}
    try:
        partial.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise StoreError(f"{path}: the audit could not be written: {error.strerror or error}") from error
    return path
