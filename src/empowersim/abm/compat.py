"""The names of Mesa that are used here, from 3.3 on; whatever else is installed is refused with the remedy."""

from __future__ import annotations

from typing import Any, Final

from empowersim.errors import EmpowersimError

OLDEST: Final = (3, 3)
BEYOND: Final = (5, 0)
"""First version of which nothing is known."""
_INSTALL: Final = "install it with pip install 'mesa>=3.3,<5'"


def check_version(version: str) -> None:
    """Raise `EmpowersimError` for a version of Mesa (as ``3.3.1``) that cannot carry the model."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if not OLDEST <= numbers < BEYOND:
        age = "older" if numbers < OLDEST else "newer"
        raise EmpowersimError(f"empowersim.abm: expected Mesa 3.3 to 4, found {version}, which is {age}; {_INSTALL}")


def _mesa() -> Any:
    """The package, checked."""
    try:
        import mesa
    except ImportError as error:
        raise EmpowersimError(f"empowersim.abm needs Mesa, which cannot be imported ({error}); {_INSTALL}") from error
    check_version(str(getattr(mesa, "__version__", "unknown")))
    return mesa


_package: Final = _mesa()
try:
    from mesa.agentset import AgentSet, GroupBy
except ImportError:  # before 3.4 they stood beside the agent
    from mesa.agent import AgentSet, GroupBy

Agent: Any = _package.Agent
DataCollector: Any = _package.DataCollector
Model: Any = _package.Model

__all__ = ["Agent", "AgentSet", "DataCollector", "GroupBy", "Model", "check_version"]
