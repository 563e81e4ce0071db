"""From a finished search to its result: the front judged on held-out futures, and compared with the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from empowersim.experiments.mix_evaluate import AT, MEASURES, Candidate, Evaluator, Futures, better_of
from empowersim.experiments.mix_plan import Baselines, MixPlan, counted_of
from empowersim.experiments.mix_result import (
    BALANCED,
    BASELINE,
    BEST,
    FRONT,
    GREEDY,
    ONLY,
    REFERENCE,
    THRIFTY,
    Optimisation,
    Point,
    Versus,
    by_world,
    counted,
    gain_of,
    misses,
    point_of,
    reported,
    versus,
    worst_draws,
)
from empowersim.experiments.mix_search import Searched, non_dominated, thinned
from empowersim.experiments.mix_space import Mix
from empowersim.experiments.statistics import Vector
from empowersim.results.tables import COST, COST_DISCOUNTED

JUDGED: Final = 24
"""Most points of a front that are simulated on held-out futures."""


def report(
    made: MixPlan, found: Searched, baselines: Baselines, evaluator: Evaluator, represents: float
) -> Optimisation:
    """Judge a spread of the front and all baselines on held-out futures; simulates what is not in the journal."""
    search = made.search
    front = found.front
    looked = evaluator.figures([found.mixes[at] for at in front], made.looked)
    cost = np.array([counted_of(made, cube, COST_DISCOUNTED) for cube in looked])
    main = np.array([-better_of(search.main) * counted_of(made, cube, search.main) for cube in looked])
    order = np.lexsort((cost, main))
    best = int(order[0])
    balanced_cost = counted_of(made, evaluator.figures([baselines.balanced], made.looked)[0], COST_DISCOUNTED)
    affordable = [int(place) for place in order if cost[place] <= balanced_cost]
    thrifty = affordable[0] if affordable and affordable[0] != best else -1
    kept = thinned(found.objectives[front], JUDGED, [place for place in (best, thrifty) if place >= 0])
    names = {best: BEST, thrifty: THRIFTY}
    points: dict[str, Candidate] = {
        REFERENCE: search.reference,
        BALANCED: baselines.balanced,
        GREEDY: baselines.greedy,
        **{f"{ONLY}{name}": mix for name, mix in baselines.alone.items()},
    }
    plain = len(points)
    for number, place in enumerate(sorted(kept, key=lambda at: (cost[at], main[at], at)), start=1):
        points[names.get(place, f"mix_{number}")] = found.mixes[front[place]]
    judged = _Judged(made, evaluator, points, plain)
    chosen = [BEST, *([THRIFTY] if thrifty >= 0 else [])]
    return Optimisation(
        name=search.name,
        title=search.title,
        scenario=search.scenario.path,
        budget=search.space.budget,
        items=search.space.names,
        objectives=search.objectives,
        main=search.main,
        robust=search.robust,
        worlds=search.worlds,
        limits=search.limits,
        reference=search.reference,
        evaluations=len(found.mixes),
        feasible=int(found.feasible.sum()),
        front_size=len(front),
        search_futures=made.looked.count,
        held_out_futures=made.held_out.count,
        draws=len(made.looked.draws) if made.shipped is not None else 0,
        households=search.households,
        represents=represents,
        months=search.months,
        burn_in=evaluator.burn_in,
        seed=evaluator.seed,
        search_seed=search.seed,
        best=BEST,
        thrifty=THRIFTY if thrifty >= 0 else "",
        points=judged.points([BALANCED, GREEDY, REFERENCE, *chosen]),
        comparisons=judged.comparisons(chosen),
        growth=_growth(found),
        looked_at=_looked_at(made, found),
        notes=baselines.notes,
        run_id=made.run_id,
        inputs=made.inputs,
    )


class _Judged:
    """Points with their figures on the futures of the search and on held-out ones."""

    def __init__(self, made: MixPlan, evaluator: Evaluator, points: Mapping[str, Candidate], plain: int) -> None:
        self.made, self.evaluator, self.named, self.plain = made, evaluator, points, plain
        self.shown = reported(made.search.objectives)
        self.looked = dict(zip(points, evaluator.figures(list(points.values()), made.looked), strict=True))
        self.held = dict(zip(points, evaluator.figures(list(points.values()), made.held_out), strict=True))

    def points(self, reproduced: Sequence[str]) -> tuple[Point, ...]:
        """All points; those named in `reproduced` also on the futures that `compare` simulates."""
        made, search = self.made, self.made.search
        names = list(self.named)
        compare = made.shipped or made.held_out
        again = dict(
            zip(reproduced, self.evaluator.figures([self.named[name] for name in reproduced], compare), strict=True)
        )
        counts = np.array(
            [
                [-better_of(one) * self._counted(self.held[name], made.held_out, one) for one in search.objectives]
                for name in names[self.plain :]
            ]
        )
        ahead = {names[self.plain + place] for place in non_dominated(counts)}
        return tuple(
            self._point(
                name,
                FRONT if place >= self.plain else REFERENCE if name == REFERENCE else BASELINE,
                by_world(again[name], search.worlds, self.shown) if name in again else {},
                name in ahead,
            )
            for place, name in enumerate(names)
        )

    def _counted(self, cube: Vector, futures: Futures, figure: str) -> float:
        return counted(cube[:, :, AT[figure]], futures, figure, self.made.search.robust)

    def _point(self, name: str, kind: str, shipped: Mapping[str, Mapping[str, float]], ahead: bool) -> Point:
        made, search = self.made, self.made.search
        space, one, held = search.space, self.named[name], self.held[name]
        worst = {
            figure: (min if better_of(figure) > 0 else max)(
                worst_draws(world[:, AT[figure]], made.held_out, better_of(figure)) for world in held
            )
            for figure in self.shown
        }
        values = {name: self._counted(held, made.held_out, name) for name in (COST, *MEASURES)}
        kept = misses(search.limits, values, made.money)
        mix = one if isinstance(one, Mix) else None
        below = space.below(mix) if mix else {}
        return Point(
            name=name,
            kind=kind,
            money=space.amounts(mix) if mix else {},
            role_mix=space.role_mix(mix) if mix else {},
            settings={path: text for path, text in space.settings(mix).items() if path in below} if mix else {},
            below=below,
            policy="" if mix else str(one),
            searched={figure: self._counted(self.looked[name], made.looked, figure) for figure in self.shown},
            held_out=point_of(held, self.shown),
            gain=gain_of(held, self.held[REFERENCE], self.shown),
            by_world=by_world(held, search.worlds, self.shown),
            worst=worst,
            shipped=shipped,
            meets=all(miss <= 0.0 for miss in kept),
            undominated=ahead,
        )

    def comparisons(self, chosen: Sequence[str]) -> tuple[Versus, ...]:
        """The chosen points against every baseline, in every figure that is reported."""
        made = self.made
        return tuple(
            versus(
                (name, against),
                figure,
                (
                    self._counted(self.looked[name], made.looked, figure),
                    self._counted(self.looked[against], made.looked, figure),
                ),
                (self.held[name], self.held[against]),
                made.held_out,
                made.search.worlds,
            )
            for name in chosen
            for against in list(self.named)[: self.plain]
            for figure in self.shown
        )


def _growth(found: Searched) -> tuple[tuple[int, float], ...]:
    """Mixes seen and hypervolume of their front after each generation, over that of the last.

    The reference point is the worst value of each objective among all feasible mixes.
    """
    from pymoo.indicators.hv import HV

    able = found.feasible
    values = found.objectives[able]
    low, high = values.min(axis=0), values.max(axis=0)
    scaled = (values - low) / np.where(high > low, high - low, 1.0)
    volume = HV(ref_point=np.ones(values.shape[1]))
    rows = []
    for generation in range(int(found.generation.max()) + 1):
        seen = scaled[found.generation[able] <= generation]
        rows.append((int((found.generation <= generation).sum()), float(volume(seen)) if len(seen) else 0.0))
    last = rows[-1][1]
    return tuple((seen, size / last if last > 0.0 else float("nan")) for seen, size in rows)


def _looked_at(made: MixPlan, found: Searched) -> tuple[dict[str, Any], ...]:
    """All mixes of the search as rows of a table."""
    search = made.search
    rows = []
    for number, mix in enumerate(found.mixes):
        values = dict(
            zip(
                search.objectives,
                (
                    -better_of(name) * value
                    for name, value in zip(search.objectives, found.objectives[number].tolist(), strict=True)
                ),
                strict=True,
            )
        )
        rows.append(
            {
                "number": number,
                "generation": int(found.generation[number]),
                "feasible": bool(found.feasible[number]),
                **{f"idr_a_year.{item}": amount for item, amount in search.space.amounts(mix).items()},
                **{f"role_mix.{role}": share for role, share in search.space.role_mix(mix).items()},
                **search.space.settings(mix),
                **values,
            }
        )
    return tuple(rows)
