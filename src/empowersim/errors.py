"""Everything the package raises on purpose.

::

    EmpowersimError
    |-- ParameterError     a parameter that does not exist or lies outside its bounds
    |-- ScenarioError      a scenario file that cannot be used; carries a list of `Problem`
    |-- PopulationError    households that cannot be made or read; carries a list of `Problem`
    |-- SimulationError    inputs that the engine cannot run
    `-- StoreError         results that cannot be written or read

A message names the file, the line, the key and the remedy. The command line prints it without a
traceback and ends with code 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class EmpowersimError(Exception):
    """Base of all errors that the package raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file, and how to mend it."""

    file: str
    line: int
    """1 = first line; 0 where the problem has no line."""
    key: str
    """Path of the key, as ``base.programmes.skills.places``; empty for the whole file."""
    expected: str
    found: str
    remedy: str = ""
    """What to do: the nearest valid name, an example, a command."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        key = f" {self.key}:" if self.key else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{where}:{key} expected {self.expected}, found {self.found}{remedy}"


class _Problems(EmpowersimError):
    """An error made of several problems, all found in one pass."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[_Problems], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)  # an exception is pickled by its text otherwise


class ParameterError(EmpowersimError):
    """A parameter that does not exist or lies outside its bounds."""


class ScenarioError(_Problems):
    """A scenario file that cannot be used."""


class PopulationError(_Problems):
    """Households that cannot be made or read."""


class SimulationError(EmpowersimError):
    """Inputs that the engine cannot run."""


class StoreError(EmpowersimError):
    """Results that cannot be written or read."""
