"""Agent-based simulator of community-empowerment programmes.

Three lines do what the command line does::

    import empowersim as es
    result = es.compare("scenarios/medan.yaml", households=5000)
    es.plots.differences(result, "poverty_gap").figure.savefig("differences.png")

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from empowersim._version import __version__

if TYPE_CHECKING:
    from empowersim import errors, extend
    from empowersim.experiments import adapters
    from empowersim.experiments.answer import Answer, Ceilings, answer, answer_of, deepened
    from empowersim.experiments.audit import audit
    from empowersim.experiments.branch import burn_in, read_burn_in
    from empowersim.experiments.column_means import column_means
    from empowersim.experiments.compare import compare, simulate
    from empowersim.experiments.executors import make_executor
    from empowersim.experiments.factors import ablate
    from empowersim.experiments.sensitivity import sensitivity
    from empowersim.experiments.story import story
    from empowersim.experiments.worlds import compare_worlds
    from empowersim.fronts import plots, views
    from empowersim.fronts.api import check, cite, describe, diff, places, programmes
    from empowersim.fronts.decide_api import decide
    from empowersim.fronts.evidence_api import calibrated_spread, power, trial, validate
    from empowersim.fronts.optimise_api import optimise
    from empowersim.fronts.sweep_api import expand_sweep, sweep
    from empowersim.results.comparison import Comparison
    from empowersim.results.decision import Decision, read_decision, write_decision
    from empowersim.results.store import read_comparison, write_comparison
    from empowersim.results.sweep_read import read_sweep
    from empowersim.scenario.load import load

_NAMES = {
    "Answer": "empowersim.experiments.answer",
    "Ceilings": "empowersim.experiments.answer",
    "Comparison": "empowersim.results.comparison",
    "Decision": "empowersim.results.decision",
    "ablate": "empowersim.experiments.factors",
    "answer": "empowersim.experiments.answer",
    "answer_of": "empowersim.experiments.answer",
    "audit": "empowersim.experiments.audit",
    "burn_in": "empowersim.experiments.branch",
    "calibrated_spread": "empowersim.fronts.evidence_api",
    "check": "empowersim.fronts.api",
    "cite": "empowersim.fronts.api",
    "column_means": "empowersim.experiments.column_means",
    "compare": "empowersim.experiments.compare",
    "compare_worlds": "empowersim.experiments.worlds",
    "decide": "empowersim.fronts.decide_api",
    "deepened": "empowersim.experiments.answer",
    "describe": "empowersim.fronts.api",
    "diff": "empowersim.fronts.api",
    "expand_sweep": "empowersim.fronts.sweep_api",
    "load": "empowersim.scenario.load",
    "make_executor": "empowersim.experiments.executors",
    "optimise": "empowersim.fronts.optimise_api",
    "places": "empowersim.fronts.api",
    "power": "empowersim.fronts.evidence_api",
    "programmes": "empowersim.fronts.api",
    "read_burn_in": "empowersim.experiments.branch",
    "read_comparison": "empowersim.results.store",
    "read_decision": "empowersim.results.decision",
    "read_sweep": "empowersim.results.sweep_read",
    "sensitivity": "empowersim.experiments.sensitivity",
    "simulate": "empowersim.experiments.compare",
    "story": "empowersim.experiments.story",
    "sweep": "empowersim.fronts.sweep_api",
    "trial": "empowersim.fronts.evidence_api",
    "validate": "empowersim.fronts.evidence_api",
    "write_comparison": "empowersim.results.store",
    "write_decision": "empowersim.results.decision",
}
_MODULES = {
    "adapters": "empowersim.experiments.adapters",
    "errors": "empowersim.errors",
    "extend": "empowersim.extend",
    "plots": "empowersim.fronts.plots",
    "views": "empowersim.fronts.views",
}

__all__ = [
    "Answer",
    "Ceilings",
    "Comparison",
    "Decision",
    "__version__",
    "ablate",
    "adapters",
    "answer",
    "answer_of",
    "audit",
    "burn_in",
    "calibrated_spread",
    "check",
    "cite",
    "column_means",
    "compare",
    "compare_worlds",
    "decide",
    "deepened",
    "describe",
    "diff",
    "errors",
    "expand_sweep",
    "extend",
    "load",
    "make_executor",
    "optimise",
    "places",
    "plots",
    "power",
    "programmes",
    "read_burn_in",
    "read_comparison",
    "read_decision",
    "read_sweep",
    "sensitivity",
    "simulate",
    "story",
    "sweep",
    "trial",
    "validate",
    "views",
    "write_comparison",
    "write_decision",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _NAMES:
        value = getattr(import_module(_NAMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'empowersim' has no attribute {name!r}; it offers {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
