"""What is collected every month: the engine's own measures, and columns of households, without making agents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.abm.attributes import HOUSEHOLDS
from empowersim.abm.compat import DataCollector
from empowersim.engine.outputs import HOURS, MEASURES, Run

COST: Final = "cost"
_HOURS: Final = "hours_"

SERIES: Final[tuple[str, ...]] = (*(measure.name for measure in MEASURES), COST, *(f"{_HOURS}{use}" for use in HOURS))
"""What is collected unless other names are added: all measures, cost (IDR), mentors' hours by use."""


def value_in(run: Run, name: str, month: int) -> float:
    """A series of `SERIES` of a run in a month."""
    if name == COST:
        return float(run.cost[month])
    if name.startswith(_HOURS):
        return float(run.hours[HOURS.index(name.removeprefix(_HOURS)), month])
    return float(run.series(name)[month])


def value_now(model: Any, name: str) -> float:
    """A series of `SERIES` in the last month lived by a model; NaN before the first."""
    return value_in(model.so_far, name, model.month - 1) if model.month else float("nan")


class MonthCollector(DataCollector):  # type: ignore[misc]
    """Mesa's collector; reporters of households that are names of columns are read from the arrays.

    `agent_reporters` are asked of households; for villages and mentors there are `agenttype_reporters`.
    """

    def __init__(
        self,
        model_reporters: Mapping[str, Any] | None = None,
        agent_reporters: Mapping[str, Any] | None = None,
        agenttype_reporters: Mapping[type, Mapping[str, Any]] | None = None,
        tables: Mapping[str, list[str]] | None = None,
    ) -> None:
        """As in Mesa; the series of `SERIES` are always among the model reporters."""
        given = {name: partial(value_now, name=name) for name in SERIES}
        super().__init__(
            model_reporters={**given, **(model_reporters or {})},
            agenttype_reporters=agenttype_reporters,
            tables=tables,
        )
        self._of_households: dict[str, Any] = dict(agent_reporters or {})
        self._collected: list[tuple[int, NDArray[np.int64], dict[str, Any]]] = []

    def collect(self, model: Any) -> None:
        """Collect this month."""
        super().collect(model)
        if not self._of_households:
            return
        homes = model.rows(HOUSEHOLDS)
        values = {name: _asked(homes, reporter) for name, reporter in self._of_households.items()}
        self._collected.append((model.month, homes.agg("unique_id", np.asarray), values))

    def get_agent_vars_dataframe(self) -> Any:
        """Return a pandas DataFrame of what households reported, by `Step` (months lived) and `AgentID`."""
        if not self._of_households:
            raise UserWarning("agent_reporters: expected reporters of households, found none")
        from pandas import DataFrame, MultiIndex

        steps = np.concatenate([np.full(ids.size, month) for month, ids, _ in self._collected] or [np.empty(0, int)])
        ids = np.concatenate([ids for _, ids, _ in self._collected] or [np.empty(0, int)])
        columns = {
            name: np.concatenate([np.asarray(values[name]) for _, _, values in self._collected] or [np.empty(0)])
            for name in self._of_households
        }
        return DataFrame(columns, index=MultiIndex.from_arrays([steps, ids], names=["Step", "AgentID"]))


def _asked(homes: Any, reporter: Any) -> Any:
    """What a reporter says of each household: a name, a function, or a list of a function and its parameters."""
    if isinstance(reporter, str):
        return homes.agg(reporter, np.asarray)
    call: Callable[..., Any] = reporter[0] if isinstance(reporter, list) else reporter
    parameters = reporter[1] if isinstance(reporter, list) else ()
    return homes.map(call, *parameters)
