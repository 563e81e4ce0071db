"""Scenario discovery by example: the corner of what is not known in which mentors fail to pay.

The mix with mentors is set against the balanced mix at the same money. A run is a case of interest where mentors lower
the empowerment index by more than the median of all runs does. ``docs/howto/scenario-discovery.md`` walks through it.

    python scripts/discover_scenarios.py --runs 400
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from empowersim.experiments.adapters import designs, ema_model
from empowersim.experiments.discovery import discover, workbench

MEDAN = Path(__file__).resolve().parents[1] / "scenarios" / "medan.yaml"


def main() -> None:
    """Run the experiments and print the box."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--households", type=int, default=2000)
    parser.add_argument("--months", type=int, default=36)
    asked = parser.parse_args()

    model = ema_model(
        MEDAN,
        policy="mix_mentors",
        against="balanced_mix",
        parameters=["contact_saturation", "trust_per_visit", "motivation_per_meeting", "trap"],
        levers={"mentor_budget": "policies.mix_mentors.mentors.budget=6..24 billion IDR/year"},
        outcomes=("poverty_headcount", "empowerment_index", "cost"),
        households=asked.households,
        months=asked.months,
        futures=2,
    )
    ema = workbench()
    scenarios, policies = designs(model, asked.runs, 1)
    with ema.SequentialEvaluator(model) as evaluator:
        runs, answers = evaluator.perform_experiments(scenarios, policies, reporting_interval=10**6)
    index = answers["empowerment_index"]
    cases = index < np.median(index)
    print(f"{cases.sum()} of {cases.size} runs are cases of interest: empowerment below {np.median(index):+.4f}")
    for box in discover(runs, cases, density=0.8):
        print(box)


if __name__ == "__main__":
    main()
