"""Public functions on evidence: one virtual trial, its power, and the whole evidence base."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from empowersim.evidence.judge import Verdict
    from empowersim.experiments.sheets import Sheet
    from empowersim.trials.estimate import Effect
    from empowersim.trials.model import Trial
    from empowersim.trials.power import PowerTable
    from empowersim.trials.run import Panel, Value

PathLike = str | os.PathLike[str]
_SHOWN: Final = ("estimate", "scale", "value", "low", "high", "p", "true_value", "covered", "households", "clusters")
"""Columns of a trial in a notebook."""


@dataclass(frozen=True)
class TrialResult:
    """One drawing of a study."""

    trial: Trial
    effects: tuple[Effect, ...]
    """What the authors could estimate, each beside the true effect."""
    expected: dict[str, Value]
    """The same estimates without sampling error."""
    panel: Panel = field(repr=False)
    """The households behind the estimates."""

    def _repr_html_(self) -> str | None:
        """The estimates as notebooks show them, beside the truth."""
        return _estimates(self).html(self.trial.title, _SHOWN)

    def to_frame(self) -> Any:
        """Return the estimates as a pandas DataFrame, a row an estimate, in the order of the file.

        Columns: what a study could print (`value`, `se`, `low`, `high`, `p`, `households`, `clusters`, `control_mean`,
        on `scale`), and what only a simulation knows (`true_value`; `spillover`, the gain of the comparison;
        `expected`, what a study of any size would find; `covered`, whether the 95 % interval holds the true
        effect). Needs pandas.
        """
        return _estimates(self).to_pandas()

    def households(self, survey: int | str | None = None) -> Any:
        """Return the households of a survey (its month; None: the last) as a pandas DataFrame, a row a household.

        Columns: `household`, `village`, `arm` (name), `accepted` and `found` (whether interviewed), then each outcome
        of `trials.survey.OUTCOMES` three times: `NAME` as an enumerator writes it down, `NAME_true` without any error,
        and `NAME_untreated`, what it would be if nobody got anything. Outcomes of households that were not found are
        there too: leave them out before you estimate as a study does. `EmpowersimError` for a survey that the study
        has not.
        """
        return _households(self, survey)


def _values(parameters: Any) -> Any:
    from empowersim.parameters import parameters as shipped

    return shipped() if parameters is None else parameters


def trial(
    study: PathLike, *, seed: int = 1, replicate: int = 0, parameters: Any = None, robust: bool = True
) -> TrialResult:
    """Draw, survey and estimate a study: a trial file, or the name of a packaged one (`togo`).

    `parameters` as from `empowersim.parameters.parameters` (None: the shipped values); ``robust=False`` gives errors as
    if households were independent. Raises `ScenarioError` for what is wrong in the file, `SimulationError` if nobody is
    eligible.
    """
    from empowersim.trials.estimate import effects
    from empowersim.trials.library import find
    from empowersim.trials.load import load
    from empowersim.trials.run import draw, expected

    loaded, values = load(find(study)), _values(parameters)
    panel = draw(loaded, values, seed=seed, replicate=replicate)
    return TrialResult(
        loaded,
        effects(panel, loaded, robust=robust),
        expected(loaded, values, seed=seed, replicate=replicate),
        panel,
    )


def _estimates(found: TrialResult) -> Sheet:
    from empowersim.experiments.sheets import Sheet
    from empowersim.results.tables import TableColumn

    texts = ("estimate", "outcome", "arm", "against", "survey", "scale", "on")
    numbers = ("value", "se", "low", "high", "p", "control_mean", "true_value", "spillover", "expected")
    columns = (
        *(TableColumn(name, "text", "", name) for name in texts),
        *(TableColumn(name, "real", "scale", name) for name in numbers),
        TableColumn("households", "whole", "households", "households found of the two arms"),
        TableColumn("clusters", "whole", "", "units of randomisation among them"),
        TableColumn("covered", "whole", "0/1", "whether the interval holds the true effect"),
    )
    rows = [
        (
            *(one.name, one.outcome, one.arm, one.against, one.wave, one.scale, one.on),
            *(one.value, one.se, one.low, one.high, one.p, one.control_mean, one.true_value, one.spillover),
            *(found.expected[one.name].value, one.observations, one.clusters, one.covered),
        )
        for one in found.effects
    ]
    return Sheet("estimates", columns, rows)


def _households(found: TrialResult, survey: int | str | None) -> Any:
    from empowersim.errors import EmpowersimError

    panel = found.panel
    waves = tuple(panel.measured)
    wave = waves[-1] if survey is None else str(survey)
    if wave not in waves:
        raise EmpowersimError(f"survey: expected a survey of {found.trial.name} ({', '.join(waves)}), found {survey!r}")
    try:
        import pandas as pd
    except ImportError as error:
        raise EmpowersimError("frames need pandas: install it with pip install 'empowersim[analysis]'") from error
    names = [arm.name for arm in found.trial.arms]
    columns: dict[str, Any] = {
        "household": panel.household,
        "village": panel.village,
        "arm": [names[index] for index in panel.arm],
        "accepted": panel.accepted,
        "found": panel.found[wave],
    }
    for name, measured in panel.measured[wave].items():
        columns[name] = measured
        columns[f"{name}_true"] = panel.true[wave][name]
        columns[f"{name}_untreated"] = panel.untreated[wave][name]
    return pd.DataFrame(columns)


def power(
    study: PathLike,
    *,
    estimate: str | None = None,
    villages: Sequence[int] = (),
    households: Sequence[int] = (),
    take_up: Sequence[float] = (),
    draws: int = 200,
    seed: int = 1,
    parameters: Any = None,
    threads: int = 1,
) -> PowerTable:
    """Draw a study many times at several sizes and say in how many its effect is seen (see `trials.power.power`).

    `estimate` None takes the first of the file; empty sizes stay as the file has them.
    """
    from empowersim.errors import EmpowersimError
    from empowersim.trials.library import find
    from empowersim.trials.load import load
    from empowersim.trials.power import power as power_of

    loaded = load(find(study))
    if not loaded.estimates:
        raise EmpowersimError(f"{loaded.title}: expected an estimate to look for, found none in the file")
    return power_of(
        loaded,
        _values(parameters),
        estimate=estimate or loaded.estimates[0].name,
        villages=villages,
        households=households,
        take_up=take_up,
        draws=draws,
        seed=seed,
        workers=threads,
    )


def validate(
    rows: Sequence[str] | None = None,
    *,
    seed: int = 1,
    size: float = 1.0,
    parameters: Any = None,
    threads: int = 1,
) -> tuple[Verdict, ...]:
    """Simulate rows of the evidence base (None: all) and judge them; `size` scales the villages of every study."""
    from empowersim.evidence.base import chosen
    from empowersim.evidence.judge import judge_all
    from empowersim.evidence.simulated import simulate_rows

    wanted = chosen(rows)
    return judge_all(simulate_rows(wanted, _values(parameters), seed=seed, size=size, threads=threads), wanted)


def calibrated_spread(fit: PathLike | None = None) -> dict[str, tuple[float, float]]:
    """Return what the evidence leaves open: parameter -> low, high, mean of the ensemble ± two standard deviations.

    `fit` is a parameter file of a calibration (None: the shipped one). Hand it to `sensitivity(..., spread=...)`.
    Raises `StoreError` for a file that cannot be read, `EmpowersimError` for one without an ensemble.
    """
    from empowersim.calibration.store import load_fit, members, weights
    from empowersim.errors import EmpowersimError
    from empowersim.experiments.responses import ensemble_spread
    from empowersim.fronts.evidence_page import SHIPPED_FIT

    loaded = load_fit(SHIPPED_FIT if fit is None else fit)
    found = members(loaded)
    if not found:
        raise EmpowersimError(
            f"{fit}: expected a parameter file with an ensemble, found one without; calibrate with --members"
        )
    return ensemble_spread(found, weights(loaded))
