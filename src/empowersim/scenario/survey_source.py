"""Find and read the survey that a scenario names, and make populations of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from empowersim.engine.inputs import Population
from empowersim.errors import PopulationError, Problem
from empowersim.parameters.places import Place
from empowersim.scenario.document import Node
from empowersim.scenario.model import Scenario, SurveyDocument

DATA_VARIABLE: Final = "EMPOWERSIM_DATA"
"""Environment variable: folders where surveys lie, separated as in PATH."""


class SurveySource:
    """Populations of one survey; the file is read once, when it is first needed."""

    def __init__(self, scenario: Scenario, survey: SurveyDocument, place: Place) -> None:
        self.scenario = scenario
        self.survey = survey
        self.place = place

    def population(self, households: int | None, seed: int, replicate: int, parameters: Any) -> Population:
        """Households of the survey, each once or `households` drawn by weight. Raises `PopulationError`."""
        from empowersim.engine.survey import from_survey

        read = self.read
        represents = self.scenario.world.households
        population = from_survey(
            read.columns,
            place=self.place,
            seed=seed,
            replicate=replicate,
            line=self.survey.poverty_line,
            headcount=self.survey.headcount,
            households=households,
            region_type=self.survey.region_type,
            represents=None if represents is None else float(represents),
            name=read.name,
            parameters=parameters,
        )
        return replace(population, notes=(*read.notes, *population.notes))

    @cached_property
    def read(self) -> Any:
        """`survey_files.Survey` of the file; raises `PopulationError` that points into the scenario where it can."""
        from empowersim.scenario.survey_files import read_survey

        path = find_survey(self.scenario, self.survey)
        try:
            return read_survey(path, self.survey.columns, self.survey.kind, remedy=self.survey.obtain)  # type: ignore[arg-type]
        except PopulationError as error:
            raise PopulationError([_anchored(problem, self.survey.node) for problem in error.problems]) from None

    @property
    def represents(self) -> float:
        """Households that the survey stands for where the scenario does not say."""
        if self.scenario.world.households is not None:
            return float(self.scenario.world.households)
        weight = self.read.columns.get("weight")
        return float(weight.sum()) if weight is not None else float(self.read.households)


def candidates(scenario: Scenario, survey: SurveyDocument) -> list[Path]:
    """Where the survey file may lie, in the order in which it is looked for."""
    if scenario.survey_path:
        return [Path(scenario.survey_path)]
    beside = Path(survey.node.file).parent
    named = Path(survey.file)
    folders = [Path(folder) for folder in os.environ.get(DATA_VARIABLE, "").split(os.pathsep) if folder]
    if named.is_absolute():
        return [named]
    found = [beside / named, *(beside / folder / named for folder in survey.folders)]
    return [*found, *(folder / named for folder in folders), *(folder / named.name for folder in folders)]


def find_survey(scenario: Scenario, survey: SurveyDocument) -> Path:
    """Path of the survey file; raises `PopulationError` that says where it was looked for and how to get it."""
    tried = candidates(scenario, survey)
    for path in tried:
        if path.is_file():
            return path
    node = (survey.node.entries or {}).get("file", survey.node)
    looked = ", ".join(dict.fromkeys(os.path.normpath(path) for path in tried))
    remedies = [survey.obtain, f"name the file with --survey or its folder in {DATA_VARIABLE}"]
    raise PopulationError(
        [
            Problem(
                node.file, node.line, node.path, "a survey file", f"none at {looked}", "; ".join(filter(None, remedies))
            )
        ]
    )


def _anchored(problem: Problem, node: Node) -> Problem:
    """A problem of the mapping, pointed at its line of the scenario; a problem of the data as it is."""
    keys = problem.key.split(".")
    if problem.line or keys[0] != "columns":
        return problem
    for key in keys:
        child = (node.entries or {}).get(key)
        if child is None:
            break
        node = child
    key = node.path if node.path.endswith(problem.key) else f"{node.path} ({problem.key})"
    return Problem(node.file, node.line, key, problem.expected, problem.found, problem.remedy)


def mapping_problems(columns: Node, kind: str, problems: list[Problem]) -> None:
    """Check the names of a mapping against the columns that a survey of this kind may have."""
    from empowersim.scenario.document import nearest
    from empowersim.scenario.survey_files import COLUMNS

    names: Mapping[str, Any] = COLUMNS.get(kind, {})
    for key, child in (columns.entries or {}).items():
        if names and key not in names:
            expected = f"a column of {kind} known here"
            problems.append(child.problem(expected, f"the key '{key}'", nearest(key, tuple(names))))
