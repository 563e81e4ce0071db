"""Which inputs matter: Morris screening and Sobol indices, by SALib, on one stream of luck.

Morris (1991), with the measure of Campolongo et al. (2007)
    inputs move one at a time along `samples` trajectories through a grid of four levels. ``mu_star`` is the mean size
    of the elementary effects: how much the outcome moves when the input goes from its lower to its upper end, other
    inputs being anywhere. ``sigma``, their standard deviation, is large where the effect depends on other inputs or
    is curved. Runs: samples x (inputs + 1).
Sobol (2001), with the estimators of Saltelli et al. (2010)
    ``first`` is the share of the variance of the outcome that an input makes alone, ``total`` the share in which it has
    any part. Runs: samples x (inputs + 2); samples are a power of two.
Intervals
    95 %, from 1,000 bootstrap samples of trajectories or of rows (SALib).
Chance
    An answer is a mean over R futures. All answers share their futures, so most of the luck is common to them and
    moves no index. What is left is the interaction of inputs and futures: with y[s, r] the answer of sample s in
    future r, the residual mean square of the two-way layout over R, against the variance of the means of the samples
    (analysis of variance without replication). One future cannot tell it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.errors import EmpowersimError, ParameterError, SimulationError
from empowersim.experiments.asked import english_title, loaded_scenario, whole_number
from empowersim.experiments.executors import available_threads, map_replicates
from empowersim.experiments.responses import Input, ask, lever, parameter_inputs
from empowersim.experiments.sensitivity_result import Chance, Method, Screened, Sensitivity, Share
from empowersim.results.provenance import run_id

Vector = NDArray[np.float64]
Model = Callable[[Mapping[str, float]], Any]
"""From values of the inputs by name to answers of shape (futures, outcomes)."""
Progress = Callable[[int, int, str], None]

METHODS: Final = ("morris", "sobol")
LEVELS: Final = 4
"""Levels of the grid of Morris."""
SAMPLES: Final[dict[str, int]] = {"morris": 20, "sobol": 256}
"""Trajectories, and rows, where nothing else is asked for."""
_RESAMPLES: Final = 1000
_LEVEL: Final = 0.95
_MISSING: Final = "sensitivity analysis needs SALib, which is not installed: pip install 'empowersim[analysis]'"


def sensitivity(
    scenario: Any,
    inputs: Sequence[Input | str] | None = None,
    *,
    method: Method = "morris",
    outcomes: Sequence[str] = ("poverty_headcount",),
    policy: str | None = None,
    against: str | None = None,
    spread: Mapping[str, tuple[float, float]] | None = None,
    samples: int | None = None,
    futures: int = 4,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Sensitivity:
    """Say which inputs move outcomes of a scenario (a loaded one, or the path of a file), and how sure that is.

    `inputs` are parameters, topics (``mentoring``) and levers (``policies.mix.mentors.budget=6..18 billion IDR/year``)
    as text, or made by `responses.parameter_inputs` and `responses.lever`; None means every parameter that the scenario
    uses. Parameters move over the bounds of their passports, or between the ends in `spread` (name -> low, high; as
    `fronts.evidence_api.calibrated_spread` gives them). With `against` the outcome is the difference of `policy` from
    that policy in the same future. `samples` = trajectories (Morris, 2 or more) or rows (Sobol, a power of two);
    `futures` = replicates of each run. What is None stands in the file. The result does not depend on `threads`. Raises
    `ScenarioError`, `ParameterError` or `SimulationError`.
    """
    loaded = loaded_scenario(scenario)
    question = ask(
        loaded,
        inputs_of(loaded, inputs, spread),
        outcomes=outcomes,
        policy=policy,
        against=against,
        futures=futures,
        households=households,
        months=months,
        seed=seed,
    )
    count = checked_samples(method, samples)
    asked = {**question.asked(), "method": method, "samples": count}
    return analyse(
        question.answer,
        question.inputs,
        method=method,
        outcomes=question.outcomes,
        samples=count,
        seed=question.seed,
        threads=threads,
        progress=progress,
        about={
            "title": english_title(loaded.title, str(loaded.name)),
            "scenario": str(loaded.name),
            "policy": question.policy,
            "against": question.against,
            "labels": {name: dict(loaded.labels.get(name, {})) for name in loaded.policies},
            "households": question.households,
            "months": question.months,
            "asked": asked,
        },
    )


def inputs_of(
    scenario: Any,
    inputs: Sequence[Input | str] | None = None,
    spread: Mapping[str, tuple[float, float]] | None = None,
) -> tuple[Input, ...]:
    """Inputs of a scenario from names and texts, as `sensitivity` takes them, each once and in order.

    Raises `ParameterError` for a name that is neither a parameter nor a topic, and for a lever that cannot be read.
    """
    if inputs is None:
        return parameter_inputs(scenario, spread=spread)
    if isinstance(inputs, str):
        raise ParameterError(f"inputs: expected a list of names, found one text; write [{inputs!r}]")
    found: list[Input] = []
    for one in inputs:
        if isinstance(one, Input):
            found.append(one)
        elif "=" in one:
            found.append(lever(one))
        else:
            found += [made for made in parameter_inputs(scenario, [one], spread=spread) if made not in found]
    return tuple(found)


def checked_samples(method: str, samples: int | None) -> int:
    """Return the number of trajectories or rows; `SimulationError` if the method cannot use it."""
    if method not in METHODS:
        raise SimulationError(f"method: expected one of {', '.join(METHODS)}, found {method!r}")
    count = whole_number("samples", SAMPLES[method] if samples is None else samples, 2)
    if method == "sobol" and count & (count - 1):
        below = 1 << (count.bit_length() - 1)
        raise SimulationError(
            f"samples: expected a power of two for Sobol, as {below} or {2 * below}, found {count}; other numbers "
            "unbalance the sequence"
        )
    return count


def runs_of(method: str, inputs: int, samples: int) -> int:
    """Runs that a method makes: each is simulated in every future."""
    return samples * (inputs + (1 if method == "morris" else 2))


def analyse(
    model: Model,
    inputs: Sequence[Input],
    *,
    method: Method = "morris",
    outcomes: Sequence[str] = ("answer",),
    samples: int | None = None,
    seed: int = 1,
    threads: int | None = None,
    progress: Progress | None = None,
    about: Mapping[str, Any] | None = None,
) -> Sensitivity:
    """Analyse any model: `model(values)` returns answers of shape (futures, outcomes), the same for the same values.

    `about` fills what a result says of its scenario. Raises `SimulationError` for an answer that is not a number,
    naming the run.
    """
    count = checked_samples(method, samples)
    problem = {
        "num_vars": len(inputs),
        "names": [one.name for one in inputs],
        "bounds": [[one.low, one.high] for one in inputs],
    }
    values = _sampled(method, problem, count, seed)
    cores = whole_number("threads", threads if threads is not None else available_threads(), 1)
    answers = _answered(model, inputs, values, outcomes, cores, progress)
    known = dict(about or {})
    asked = known.pop("asked", {"inputs": problem["names"], "method": method, "samples": count, "seed": seed})
    means = answers.mean(axis=1)
    judge = _morris if method == "morris" else _sobol
    return Sensitivity(
        method=method,
        inputs=tuple(inputs),
        outcomes=tuple(outcomes),
        samples=count,
        futures=answers.shape[1],
        seed=seed,
        indices={name: judge(problem, inputs, values, means[:, at], seed) for at, name in enumerate(outcomes)},
        chance={name: chance_of(answers[:, :, at]) for at, name in enumerate(outcomes)},
        run_id=run_id(asked),
        asked=asked,
        values=np.array([[one.value(v) for one, v in zip(inputs, row, strict=True)] for row in values]),
        answers=answers,
        **{"title": "", "scenario": "", "policy": "", "against": None, "labels": {}, "households": None, "months": 0}
        | known,
    )


def _sampled(method: str, problem: Any, samples: int, seed: int) -> Vector:
    """Values of the inputs, shape (runs, inputs), as SALib lays them out."""
    try:
        from SALib.sample import morris, sobol
    except ImportError as error:
        raise EmpowersimError(_MISSING) from error
    if method == "morris":
        return np.asarray(morris.sample(dict(problem), samples, num_levels=LEVELS, seed=seed), np.float64)
    return np.asarray(sobol.sample(dict(problem), samples, calc_second_order=False, seed=seed), np.float64)


def _answered(
    model: Model,
    inputs: Sequence[Input],
    values: Vector,
    outcomes: Sequence[str],
    cores: int,
    progress: Progress | None,
) -> Vector:
    names = [one.name for one in inputs]

    def one(at: int) -> Vector:
        given = dict(zip(names, values[at].tolist(), strict=True))
        try:
            answer = np.asarray(model(given), np.float64)
        except EmpowersimError as error:
            raise SimulationError(f"run {at} of the analysis ({_shown(given)}): {error}") from error
        if answer.ndim != 2 or answer.shape[1] != len(outcomes):
            raise SimulationError(f"a model answers in the shape (futures, {len(outcomes)}), found {answer.shape}")
        if not np.isfinite(answer).all():
            which = outcomes[int(np.argwhere(~np.isfinite(answer))[0][1])]
            raise SimulationError(
                f"outcome {which}: expected a number in every future, found none in run {at} ({_shown(given)}); "
                "the measure does not exist there: choose another outcome or policy"
            )
        return answer

    if progress is not None:
        progress(0, len(values), "simulating")
    found = []
    for done, answer in enumerate(map_replicates(one, range(len(values)), cores), start=1):
        found.append(answer)
        if progress is not None:
            progress(done, len(values), "simulating")
    return np.array(found)


def _shown(given: Mapping[str, float]) -> str:
    few = [f"{name} = {value:g}" for name, value in list(given.items())[:4]]
    return ", ".join(few) + (", ..." if len(given) > len(few) else "")


def _morris(problem: Any, inputs: Sequence[Input], values: Vector, answer: Vector, seed: int) -> tuple[Screened, ...]:
    from SALib.analyze import morris

    found = morris.analyze(
        dict(problem), values, answer, num_levels=LEVELS, num_resamples=_RESAMPLES, conf_level=_LEVEL, seed=seed
    )
    rows = []
    # a step of the grid turns a switch over entirely: its effect is a whole one, not a part of one
    step = LEVELS / (2.0 * (LEVELS - 1))
    for at, one in enumerate(inputs):
        size = step if one.kind == "switch" else 1.0
        mu, mu_star, half, sigma = (
            size * float(found[name][at]) for name in ("mu", "mu_star", "mu_star_conf", "sigma")
        )
        rows.append(Screened(one.name, mu, mu_star, max(mu_star - half, 0.0), mu_star + half, sigma))
    return tuple(rows)


def _sobol(problem: Any, inputs: Sequence[Input], values: Vector, answer: Vector, seed: int) -> tuple[Share, ...]:
    from SALib.analyze import sobol

    if np.ptp(answer) == 0.0:
        return tuple(Share(one.name, *(np.nan,) * 6) for one in inputs)
    # SALib takes seed 0 for "no seed"; one more is as good
    found = sobol.analyze(
        dict(problem),
        answer,
        calc_second_order=False,
        num_resamples=_RESAMPLES,
        conf_level=_LEVEL,
        seed=seed + 1,
    )
    rows = []
    for at, one in enumerate(inputs):
        first, total = float(found["S1"][at]), float(found["ST"][at])
        half, whole = float(found["S1_conf"][at]), float(found["ST_conf"][at])
        rows.append(Share(one.name, first, first - half, first + half, total, total - whole, total + whole))
    return tuple(rows)


def chance_of(answers: Vector) -> Chance:
    """How much of the variance between samples is luck; `answers` of shape (samples, futures)."""
    samples, futures = answers.shape
    means = answers.mean(axis=1)
    spread = float(means.var(ddof=1)) if samples > 1 else np.nan
    if futures < 2 or not spread > 0.0:
        return Chance(spread, np.nan, np.nan)
    rest = answers - means[:, None] - answers.mean(axis=0)[None, :] + answers.mean()
    residual = float((rest**2).sum()) / ((samples - 1) * (futures - 1))
    left = residual / futures / spread
    alone = float(answers.var(axis=1, ddof=1).mean()) / futures / spread
    return Chance(spread, left, alone / (max(1.0 - left, 0.0) + alone))
