"""Scenario discovery: in which corner of the inputs does it happen? PRIM, by ema_workbench, on any table of runs.

The patient rule induction method (Friedman and Fisher 1999; for scenario discovery Bryant and Lempert 2010) peels a
box off the space of inputs so that more and more of what is left are cases of interest. A box is judged by its
coverage (share of all cases of interest that lie inside) and its density (share of its runs that are cases of
interest).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import EmpowersimError, SimulationError

_MISSING: Final = (
    "scenario discovery needs ema_workbench, which is not installed: pip install 'empowersim[analysis]' (or pip "
    "install ema_workbench)"
)
PEEL: Final = 0.05
"""Share of the runs of a box that a step peels off."""
LEAST: Final = 0.05
"""Share of all runs that a box holds at least."""
_ANY: Final = 1e-9
"""What a case of interest (1) passes and another (0) does not."""


@dataclass(frozen=True)
class Limit:
    """Between which values an input lies in a box."""

    name: str
    low: float
    high: float
    from_low: float
    """Lowest value of all runs."""
    to_high: float
    p_low: float
    """Probability of so pure a cut at the lower end by luck (quasi-p); NaN where there is no cut."""
    p_high: float


@dataclass(frozen=True)
class Box:
    """A corner of the inputs that holds many of the cases of interest."""

    limits: tuple[Limit, ...]
    """Inputs that the box restricts, the surest cut first."""
    coverage: float
    density: float
    mass: float
    """Share of all runs that lie inside."""
    runs: int
    cases: int
    """Runs of interest inside."""
    base: float
    """Share of all runs that are of interest."""

    def holds(self, values: Mapping[str, float]) -> bool:
        """Whether values of the inputs lie inside."""
        return all(limit.low <= values[limit.name] <= limit.high for limit in self.limits)

    def __str__(self) -> str:
        ends = "; ".join(f"{one.name} from {one.low:.4g} to {one.high:.4g}" for one in self.limits) or "no limit"
        return (
            f"{ends}: {100 * self.density:.0f} of 100 runs inside are cases of interest ({100 * self.base:.0f} of 100 "
            f"everywhere), {100 * self.coverage:.0f} of 100 cases lie inside"
        )


def workbench(part: str = "") -> ModuleType:
    """Return ema_workbench, or a part of it (``analysis.prim``); `EmpowersimError` if it is missing."""
    from importlib import import_module

    try:
        with warnings.catch_warnings():
            # it warns of parallel backends that are not installed, and of libraries' own deprecations
            warnings.simplefilter("ignore")
            return import_module(f"ema_workbench.{part}" if part else "ema_workbench")
    except ImportError as error:
        raise EmpowersimError(_MISSING) from error


def discover(
    inputs: Any,
    interest: Sequence[bool] | NDArray[Any],
    *,
    density: float = 0.8,
    peel: float = PEEL,
    least: float = LEAST,
    boxes: int = 1,
) -> list[Box]:
    """Find up to `boxes` boxes of inputs in which the cases of interest crowd.

    `inputs` = a DataFrame (as `perform_experiments` of ema_workbench returns; its columns ``scenario``, ``policy`` and
    ``model`` are left out) or name -> values; `interest` = whether each run is a case. Of a peeling, the box of the
    highest coverage whose density is at least `density` is taken; where none is that dense, the densest. Raises
    `SimulationError` where no run, or every run, is a case.
    """
    frame = _frame(inputs)
    cases = np.asarray(interest, dtype=np.bool_)
    if cases.shape != (len(frame),):
        raise SimulationError(f"interest: expected one answer for each of {len(frame)} runs, found shape {cases.shape}")
    if not cases.any() or cases.all():
        which = "every run is" if cases.all() else "no run is"
        raise SimulationError(
            f"interest: expected some runs that are cases and some that are not, found that {which} one"
        )
    prim = workbench("analysis.prim")
    found: list[Box] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = prim.Prim(frame, cases.astype(np.int64), threshold=_ANY, peel_alpha=peel, mass_min=least)
        for _ in range(boxes):
            if not len(search.yi_remaining) or not cases[search.yi_remaining].any():
                break
            peeled = search.find_box()
            if peeled is None:
                break
            path = peeled.peeling_trajectory
            dense = path[path["density"] >= density]
            if len(dense):
                at = int(dense["coverage"].astype(float).idxmax())
            else:
                at = int(path["density"].astype(float).idxmax())
            peeled.select(at)
            found.append(_box(peeled, at, frame, cases))
    return found


def _frame(inputs: Any) -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise EmpowersimError(_MISSING) from error
    frame = inputs if isinstance(inputs, pd.DataFrame) else pd.DataFrame(dict(inputs))
    kept = [name for name in frame.columns if name not in {"scenario", "policy", "model"}]
    numbers = frame[kept].select_dtypes(["number", "bool"]).astype(np.float64)
    words = [name for name in kept if name not in numbers.columns and frame[name].nunique() > 1]
    if words:
        raise SimulationError(
            f"inputs: expected numbers and switches, found words in {', '.join(words)}; leave these columns out"
        )
    return numbers.loc[:, numbers.nunique() > 1].reset_index(drop=True)


def _box(peeled: Any, at: int, frame: Any, cases: NDArray[np.bool_]) -> Box:
    limits = peeled.box_lims[at]
    p_values: Mapping[str, Sequence[float]] = peeled.qp[at]
    rows = []
    for name in frame.columns:
        low, high = (float(limits[name].iloc[end]) for end in (0, 1))
        first, last = float(frame[name].min()), float(frame[name].max())
        if low <= first and high >= last:
            continue
        p_low, p_high = (float(value) for value in p_values.get(name, (-1.0, -1.0)))
        rows.append(
            Limit(name, low, high, first, last, p_low if p_low >= 0.0 else np.nan, p_high if p_high >= 0.0 else np.nan)
        )
    inside = np.ones(len(frame), np.bool_)
    for one in rows:
        values = frame[one.name].to_numpy()
        inside &= (values >= one.low) & (values <= one.high)
    count, held = int(inside.sum()), int((inside & cases).sum())
    return Box(
        limits=tuple(sorted(rows, key=lambda one: np.nanmin([one.p_low, one.p_high, 1.0]))),
        coverage=held / int(cases.sum()),
        density=held / count,
        mass=count / len(frame),
        runs=count,
        cases=held,
        base=float(cases.mean()),
    )
