"""The parameter file: what a calibration found, in a form that later analyses read and people can look at.

YAML with a format number and a digest of the content. It holds no date and no machine, so the same calibration writes
the same bytes. The whole file is written beside its place and then moved there.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from empowersim.calibration.fit import Fit
from empowersim.calibration.leave_out import LeaveOneOut, Score
from empowersim.calibration.posterior import Ensemble, Identifiability
from empowersim.errors import StoreError
from empowersim.results.provenance import run_id

FORMAT: Final = 1
"""Version of the file's layout."""

_HEAD: Final = (
    "# Parameters fitted to the evidence, and what the evidence says about them.\n"
    "# Made by a calibration; the digest tells if anything below it was changed.\n"
)

Plain = dict[str, Any]


@dataclass(frozen=True)
class StoredFit:
    """A parameter file in memory. Plain values only; NaN stands for what cannot be told."""

    made: Plain
    """How: seed, version, evaluations, converged, message, and what the caller adds (households, studies)."""
    parameters: dict[str, Plain]
    """Parameter -> value, lower, upper, prior_mean, prior_sd, and (if asked for) posterior_sd, ratio, ratio_alone,
    contraction, partner, correlation, status."""
    chi2: float
    """Sum of z^2 over the fitted rows."""
    penalty: float
    """The prior's part of the loss."""
    rows: dict[str, Plain]
    """Row -> study (`group`), `fitted` or not, value, se, z."""
    directions: tuple[Plain, ...] = ()
    """Combinations least known: `ratio` and `loadings` by parameter."""
    ensemble: Plain | None = None
    """`effective_size`, `seed`, and `members`: `weight`, `chi2`, `penalty`, `values` in the order of `parameters`."""
    leave_one_out: Plain | None = None
    """`steps`, `total`, `groups` (rows, fitted, left_out, fitted_within_2, left_out_within_2) and `rows`
    (value, se, z predicted without the row's study)."""

    @property
    def digest(self) -> str:
        """Digest (16 hexadecimal digits) of the content."""
        # through JSON, so that a file read back has the digest of what was written
        return run_id(_without_nan(self._content()))

    def _content(self) -> Plain:
        return {
            "format": FORMAT,
            "made": self.made,
            "chi2": self.chi2,
            "penalty": self.penalty,
            "parameters": self.parameters,
            "directions": list(self.directions),
            "rows": self.rows,
            "leave_one_out": self.leave_one_out,
            "ensemble": self.ensemble,
        }


def stored(
    fit: Fit,
    *,
    identified: Identifiability | None = None,
    ensemble: Ensemble | None = None,
    left_out: LeaveOneOut | None = None,
    made: Mapping[str, Any] | None = None,
) -> StoredFit:
    """Return what is worth keeping of a calibration; `made` adds to how it was made (plain values)."""
    problem = fit.problem
    parameters: dict[str, Plain] = {
        name: {
            "value": fit.values[name],
            "lower": float(problem.lower[at]),
            "upper": float(problem.upper[at]),
            "prior_mean": float(problem.prior_mean[at]),
            "prior_sd": float(problem.prior_sd[at]),
        }
        for at, name in enumerate(problem.names)
    }
    for one in identified.parameters if identified else ():
        parameters[one.name].update(
            posterior_sd=one.posterior_sd,
            ratio=one.ratio,
            ratio_alone=one.ratio_alone,
            contraction=one.contraction,
            partner=one.partner,
            correlation=one.correlation,
            status=one.status,
        )
    rows = {
        name: {
            "group": str(problem.groups.get(name, "")),
            "fitted": name in fit.fitted,
            "value": row.value,
            "se": row.se,
            "z": row.z,
        }
        for name, row in fit.rows.items()
    }
    return StoredFit(
        made={
            "seed": int(problem.seed),
            "version": problem.version,
            "evaluations": fit.evaluations,
            "converged": fit.converged,
            "message": fit.message,
            **dict(made or {}),
        },
        parameters=parameters,
        chi2=fit.chi2,
        penalty=fit.penalty,
        rows=rows,
        directions=tuple(
            {"ratio": one.ratio, "loadings": dict(one.loadings)}
            for one in (identified.directions if identified else ())
        ),
        ensemble=None if ensemble is None else _ensemble(ensemble, list(problem.names)),
        leave_one_out=None if left_out is None else _left_out(left_out),
    )


def _ensemble(ensemble: Ensemble, names: list[str]) -> Plain:
    return {
        "effective_size": ensemble.effective_size,
        "seed": ensemble.seed,
        "members": [
            {
                "weight": one.weight,
                "chi2": one.chi2,
                "penalty": one.penalty,
                "values": [one.values[name] for name in names],
            }
            for one in ensemble.members
        ],
    }


def _left_out(left_out: LeaveOneOut) -> Plain:
    return {
        "steps": "full" if left_out.steps is None else left_out.steps,
        "total": _score(left_out.total),
        "groups": {one.group: _score(one) for one in left_out.groups},
        "rows": {
            one.row: {"value": one.predicted, "se": one.predicted_se, "z": one.predicted_z}
            for one in left_out.predictions
        },
    }


def _score(score: Score) -> Plain:
    return {
        "rows": score.rows,
        "fitted": score.fitted,
        "left_out": score.left_out,
        "fitted_within_2": score.fitted_within_2,
        "left_out_within_2": score.left_out_within_2,
    }


def write_fit(path: str | os.PathLike[str], found: StoredFit) -> Path:
    """Write a parameter file, all of it or nothing; what stood there is replaced. `StoreError` if it cannot be."""
    target = Path(path)
    text = text_of(found)
    partial: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=".writing-", dir=target.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(partial).chmod(_READABLE)
        os.replace(partial, target)
    except OSError as error:
        if partial is not None:
            Path(partial).unlink(missing_ok=True)
        reason = error.strerror or error
        raise StoreError(f"{target}: expected a file that can be written, found: {reason}") from error
    return target


_READABLE: Final = 0o644


def text_of(found: StoredFit) -> str:
    """Return the text of a parameter file."""
    import yaml

    content = found._content()
    head = {"format": content.pop("format"), "digest": found.digest}
    parts = [yaml.safe_dump(head, sort_keys=False)]
    for key, value in content.items():
        if isinstance(value, (dict, list)) and value:
            text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=None, width=_WIDTH)
            parts.append(f"{key}:\n" + textwrap.indent(text, "  "))
        else:
            parts.append(yaml.safe_dump({key: value}, sort_keys=False, default_flow_style=False))
    return _HEAD + "".join(parts)


_WIDTH: Final = 120


def load_fit(path: str | os.PathLike[str]) -> StoredFit:
    """Read a parameter file. Raises `StoreError` if it is not there, not one, of another format, or was changed."""
    import yaml

    source = Path(path)
    try:
        content = yaml.load(source.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise StoreError(f"{source}: expected a parameter file, found: {error.strerror or error}") from error
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
        where = f"{source}:{line}" if line else str(source)
        raise StoreError(f"{where}: expected a parameter file in YAML, found {error}; make it again") from error
    if not isinstance(content, dict) or "format" not in content:
        raise StoreError(f"{source}: format: expected a parameter file with a format, found none; make it again")
    if content["format"] != FORMAT:
        raise StoreError(
            f"{source}: format: expected {FORMAT}, found {content['format']}; make the file again with this version"
        )
    try:
        found = StoredFit(
            made=content["made"],
            parameters=content["parameters"],
            chi2=float(content["chi2"]),
            penalty=float(content["penalty"]),
            rows=content["rows"],
            directions=tuple(content["directions"]),
            ensemble=content["ensemble"],
            leave_one_out=content["leave_one_out"],
        )
    except KeyError as error:
        raise StoreError(f"{source}: {error.args[0]}: expected this key, found none; make the file again") from error
    if found.digest != content.get("digest"):
        raise StoreError(
            f"{source}: digest: expected {found.digest} for this content, found {content.get('digest')}; the file was "
            "changed after it was made: make it again, or give changed values as overrides"
        )
    return found


def overrides(fit: Fit | StoredFit) -> dict[str, float]:
    """Return the fitted values by name, as `parameters.parameters` takes them."""
    if isinstance(fit, Fit):
        return dict(fit.values)
    return {name: float(entry["value"]) for name, entry in fit.parameters.items()}


def members(fit: StoredFit) -> list[dict[str, float]]:
    """Return the parameter sets of the ensemble, each as `parameters.parameters` takes it; empty without one.

    They are not equally likely: see `weights`.
    """
    names = list(fit.parameters)
    listed = (fit.ensemble or {"members": []})["members"]
    return [{name: float(value) for name, value in zip(names, one["values"], strict=True)} for one in listed]


def weights(fit: StoredFit) -> list[float]:
    """Return the weights of `members` in their order; they add up to 1."""
    return [float(one["weight"]) for one in (fit.ensemble or {"members": []})["members"]]


def _without_nan(value: Any) -> Any:
    """Replace what is not finite by its name: NaN is not JSON, and is not equal to itself."""
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    return value
