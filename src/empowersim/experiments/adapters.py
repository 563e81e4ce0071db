"""A scenario as a model of other people's tools: ema_workbench, for exploratory modelling and scenario discovery.

::

    import empowersim as es
    from ema_workbench import SequentialEvaluator

    model = es.adapters.ema_model(
        "scenarios/medan.yaml",
        policy="mix_mentors",
        against="balanced_mix",
        parameters=["mentoring"],
        levers={"mentor_budget": "policies.mix_mentors.mentors.budget=6..18 billion IDR/year"},
        outcomes=["poverty_headcount", "cost"],
    )
    scenarios, policies = es.adapters.designs(model, 200, 2, seed=1)
    with SequentialEvaluator(model) as evaluator:
        experiments, outcomes = evaluator.perform_experiments(scenarios, policies)

Uncertainties are parameters over the bounds of their passports (and the switch ``trap``), levers are key paths of the
scenario file, outcomes are ours with the way in which they are better. All experiments live through the same futures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from empowersim.errors import ParameterError
from empowersim.experiments.discovery import workbench
from empowersim.experiments.responses import Input, ask, lever, parameter_inputs
from empowersim.results.tables import OUTCOMES

Answer = Callable[[Mapping[str, float]], Any]
_HALF: Final = 0.5


@dataclass(frozen=True)
class Runner:
    """The function that ema_workbench calls: inputs as keywords, outcomes by name, means over the futures."""

    answer: Answer
    """From values of inputs to answers of shape (futures, outcomes)."""
    inputs: tuple[Input, ...]
    outcomes: tuple[str, ...]
    futures: bool = False
    """Give every future's value, not the mean."""

    def __call__(self, **values: float) -> dict[str, Any]:
        """Outcomes of one experiment."""
        known = {one.name for one in self.inputs}
        found = self.answer({name: float(value) for name, value in values.items() if name in known})
        columns = [[float(row[at]) for row in found] for at in range(len(self.outcomes))]
        if self.futures:
            return dict(zip(self.outcomes, columns, strict=True))
        return {name: sum(column) / len(column) for name, column in zip(self.outcomes, columns, strict=True)}


def ema_model(
    scenario: Any,
    *,
    parameters: Sequence[str] | None = None,
    levers: Mapping[str, str] | Sequence[str] = (),
    outcomes: Sequence[str] = ("poverty_headcount", "empowerment_index", "cost"),
    policy: str | None = None,
    against: str | None = None,
    futures: int = 4,
    households: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    spread: Mapping[str, tuple[float, float]] | None = None,
    name: str = "empowersim",
) -> Any:
    """Return an `ema_workbench.Model` of a scenario (a loaded one, or the path of a file).

    `parameters` names parameters or topics (None: all that the scenario uses); `levers` are written as for
    `experiments.responses.lever`, a mapping gives each a name of its own (a Python identifier). `spread`, `policy`,
    `against` and the sizes are as in `experiments.responses`. Raises `EmpowersimError` without ema_workbench, and as
    `experiments.responses.ask`.
    """
    made = _named_levers(levers)
    inputs = [*parameter_inputs(scenario, parameters, spread=spread), *made]
    question = ask(
        scenario,
        inputs,
        outcomes=outcomes,
        policy=policy,
        against=against,
        futures=futures,
        households=households,
        months=months,
        seed=seed,
    )
    return ema_model_of(question.answer, question.inputs, question.outcomes, name=name)


def ema_model_of(
    answer: Answer, inputs: Sequence[Input], outcomes: Sequence[str], *, name: str = "empowersim", futures: bool = False
) -> Any:
    """Return an `ema_workbench.Model` of any function from inputs to answers of shape (futures, outcomes).

    With `futures` outcomes are arrays, a value a future. Outcomes of `results.tables.OUTCOMES` are minimised or
    maximised as they are better; others are information.
    """
    ema = workbench()
    model = ema.Model(name, function=Runner(answer, tuple(inputs), tuple(outcomes), futures))
    model.uncertainties = [_parameter(ema, one) for one in inputs if one.kind != "lever"]
    model.levers = [_parameter(ema, one) for one in inputs if one.kind == "lever"]
    model.outcomes = [_outcome(ema, one, futures) for one in outcomes]
    return model


def designs(model: Any, scenarios: int, policies: int = 0, *, seed: int = 1) -> tuple[Any, Any]:
    """Latin hypercubes over the uncertainties and the levers of a model, the same for the same seed.

    Returns what `perform_experiments` takes: lists of scenarios and of policies (None where `policies` is 0:
    then the file stands as it is). ema_workbench's own samplers draw from a global state and cannot be repeated.
    """
    ema = workbench()
    drawn = [
        ema.Scenario(str(at), **row) for at, row in enumerate(_latin_hypercube(model.uncertainties, scenarios, seed))
    ]
    if policies == 0:
        return drawn, None
    rows = _latin_hypercube(model.levers, policies, seed + 1)
    return drawn, [ema.Policy(str(at), **row) for at, row in enumerate(rows)]


def _latin_hypercube(variables: Any, count: int, seed: int) -> list[dict[str, Any]]:
    from scipy.stats import qmc

    found = list(variables)
    rows = qmc.LatinHypercube(len(found), seed=seed).random(count)
    return [
        {
            one.name: bool(value >= _HALF)
            if hasattr(one, "categories")
            else float(one.lower_bound + value * (one.upper_bound - one.lower_bound))
            for one, value in zip(found, row, strict=True)
        }
        for row in rows
    ]


def _named_levers(levers: Mapping[str, str] | Sequence[str]) -> list[Input]:
    if not isinstance(levers, Mapping):
        return [replace(one, name=one.path.replace(".", "_")) for one in map(lever, levers)]
    wrong = [given for given in levers if not given.isidentifier()]
    if wrong:
        raise ParameterError(f"levers: expected names as mentor_budget, found {wrong[0]!r}")
    return [replace(lever(text), name=given) for given, text in levers.items()]


def _parameter(ema: Any, one: Input) -> Any:
    return ema.BooleanParameter(one.name) if one.kind == "switch" else ema.RealParameter(one.name, one.low, one.high)


def _outcome(ema: Any, name: str, futures: bool) -> Any:
    if futures:
        return ema.ArrayOutcome(name)
    better = OUTCOMES[name].better if name in OUTCOMES else 0
    kinds = {1: ema.ScalarOutcome.MAXIMIZE, -1: ema.ScalarOutcome.MINIMIZE, 0: ema.ScalarOutcome.INFO}
    return ema.ScalarOutcome(name, kind=kinds[better])


__all__ = ["Runner", "designs", "ema_model", "ema_model_of"]
