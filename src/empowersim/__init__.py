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
    from empowersim import errors
    from empowersim.experiments.compare import compare, simulate
    from empowersim.experiments.factors import ablate
    from empowersim.experiments.worlds import compare_worlds
    from empowersim.fronts import plots
    from empowersim.fronts.api import check, cite, describe, diff, places, programmes
    from empowersim.fronts.evidence_api import power, trial, validate
    from empowersim.results.comparison import Comparison
    from empowersim.results.store import read_comparison, write_comparison
    from empowersim.scenario.load import load

_NAMES = {
    "Comparison": "empowersim.results.comparison",
    "ablate": "empowersim.experiments.factors",
    "check": "empowersim.fronts.api",
    "cite": "empowersim.fronts.api",
    "compare": "empowersim.experiments.compare",
    "compare_worlds": "empowersim.experiments.worlds",
    "describe": "empowersim.fronts.api",
    "diff": "empowersim.fronts.api",
    "load": "empowersim.scenario.load",
    "places": "empowersim.fronts.api",
    "power": "empowersim.fronts.evidence_api",
    "programmes": "empowersim.fronts.api",
    "read_comparison": "empowersim.results.store",
    "simulate": "empowersim.experiments.compare",
    "trial": "empowersim.fronts.evidence_api",
    "validate": "empowersim.fronts.evidence_api",
    "write_comparison": "empowersim.results.store",
}
_MODULES = {"errors": "empowersim.errors", "plots": "empowersim.fronts.plots"}

__all__ = [
    "Comparison",
    "__version__",
    "ablate",
    "check",
    "cite",
    "compare",
    "compare_worlds",
    "describe",
    "diff",
    "errors",
    "load",
    "places",
    "plots",
    "power",
    "programmes",
    "read_comparison",
    "simulate",
    "trial",
    "validate",
    "write_comparison",
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
