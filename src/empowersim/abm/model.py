"""The Mesa model: one future of one policy of a scenario, with households, mentors and villages as agents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim.abm.agents import HouseholdAgent, MentorAgent, RowAgent, VillageAgent
from empowersim.abm.attributes import ATTRIBUTES, HOUSEHOLDS, MENTORS, VILLAGES, attribute
from empowersim.abm.collect import MonthCollector
from empowersim.abm.directory import SHIPPED, Directory
from empowersim.abm.months import AgentMonths
from empowersim.abm.world import World
from empowersim.engine.observe import drawn
from empowersim.engine.outputs import Run
from empowersim.errors import SimulationError
from empowersim.experiments.asked import SEEDS, known_name, known_policy, loaded_scenario, whole_number
from empowersim.experiments.compare import plan
from empowersim.rng import EXTENSIONS, STREAMS_A_GROUP
from empowersim.schema import CHANNEL_ROW

ENGINES: Final = ("kernel", "agents")
"""Ways to live a month: all households at once, or one after another."""

_MOST_STREAMS: Final = 1 << 20
_ASKING: Final = {CHANNEL_ROW["visits"], CHANNEL_ROW["sessions"]}


class Columns(Mapping[str, NDArray[Any]]):
    """Columns of the households by name: what is asked for is read, nothing is kept."""

    def __init__(self, world: World) -> None:
        """Read from a world."""
        self._world = world

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in ATTRIBUTES[HOUSEHOLDS]:
            raise KeyError(name)
        return ATTRIBUTES[HOUSEHOLDS][name].every(self._world)

    def __iter__(self) -> Iterator[str]:
        return iter(ATTRIBUTES[HOUSEHOLDS])

    def __len__(self) -> int:
        return len(ATTRIBUTES[HOUSEHOLDS])


class EmpowermentModel(Directory):
    """One future of one policy of a scenario, month by month, agent by agent.

    Models of the same scenario, `rng` and `replicate` live through the same luck, whatever their policy: a difference
    between two of them is the policies' doing.

    >>> model = EmpowermentModel("scenarios/medan.yaml", "mix_mentors", rng=1, households=300, months=3)
    >>> model.step()
    >>> model.month, model.households, model.mentors
    (1, <300 households>, <1 mentors>)
    >>> model.households[17].village is model.villages[0]
    True
    """

    def __init__(
        self,
        scenario: Any,
        policy: str | None = None,
        *,
        rng: Any = 0,
        households: int | None = None,
        months: int | None = None,
        replicate: int = 0,
        engine: str = "kernel",
        household_class: type[HouseholdAgent] = HouseholdAgent,
        mentor_class: type[MentorAgent] = MentorAgent,
        village_class: type[VillageAgent] = VillageAgent,
        rules: Any = None,
        subdistrict: int | None = None,
        shuffle: bool = True,
        model_reporters: Mapping[str, Any] | None = None,
        agent_reporters: Mapping[str, Any] | None = None,
        agenttype_reporters: Mapping[type, Mapping[str, Any]] | None = None,
    ) -> None:
        """Make the households of a future and let them live their burn-in.

        `scenario` a loaded one, or the path of a file; `policy` the name of one of its policies (None: its reference);
        `rng` a seed (0 to 2**32 - 1), from a numpy Generator, BitGenerator or SeedSequence one is taken, None: that of
        the file; `households` and `months` None: as in the file; `replicate` the number of the future; `engine` one of
        `ENGINES`; the classes are subclasses of the agents here; `rules` an extension of the engine with compiled rules
        (``engine="kernel"`` only); `subdistrict` makes agents of one subdistrict only, the rest of the population lives
        on without; `shuffle` lets households live in random order, which changes no result of the model as shipped.
        Reporters are those of Mesa's DataCollector, added to `collect.SERIES`; agent reporters are asked of households.
        Raises `ScenarioError`, `PopulationError` or `SimulationError`.
        """
        loaded = loaded_scenario(scenario)
        if not hasattr(loaded, "policies"):
            raise SimulationError(
                f"scenario: expected a loaded scenario or the path of a file, found {type(scenario).__name__}"
            )
        name = known_policy(policy, loaded.policies, "policy") if policy is not None else str(loaded.reference)
        known_name(engine, ENGINES, "engine", "a way to live a month")
        seed = None if rng is None else seed_of(rng)
        self.classes = {VILLAGES: village_class, MENTORS: mentor_class, HOUSEHOLDS: household_class}
        """Class of each kind of agent."""
        _check_classes(self.classes, engine)
        if rules is not None and engine != "kernel":
            raise SimulationError("rules: compiled rules need engine='kernel'; with engine='agents' subclass an agent")
        made = plan(
            loaded,
            policies=[name],
            reference=name,
            households=households,
            months=months,
            seed=seed,
            extension=rules,
        )
        super().__init__(rng=made.seed)
        self.policy = name
        """Name of the policy."""
        self.seed = made.seed
        self.world = World(made, name, whole_number("replicate", replicate, 0, SEEDS - 1), subdistrict, rules)
        """The arrays."""
        self.shuffle = shuffle
        self.number_rows()
        self._luck: dict[tuple[str, int], NDArray[np.float32]] = {}
        self._so_far: Run | None = None
        self.living = AgentMonths(self)
        """How agents live a month."""
        self._by_agents = engine == "agents"
        self._broken = False
        self.datacollector = MonthCollector(model_reporters, agent_reporters, agenttype_reporters)
        """Mesa's collector; it collects after each month."""

    # ------------------------------------------------------------------ months

    @property
    def month(self) -> int:
        """Months lived since the policies began."""
        return self.world.month

    @property
    def months(self) -> int:
        """Months of the run in all."""
        return self.world.months

    def step(self) -> None:
        """Live one month and collect. `SimulationError` after the last."""
        if self.month >= self.months:
            if hasattr(self, "steps"):  # Mesa has counted this one already; a later Mesa counts time only
                self.steps = self.month
            raise SimulationError(
                f"month {self.month}: expected a month below {self.months}, the length of the run; ask for more with "
                "EmpowermentModel(..., months=...)"
            )
        if self._broken:
            raise SimulationError(f"month {self.month}: it was broken off by an error; make the model anew")
        self._broken = True
        if self._by_agents:
            self.living.step()
        else:
            self.world.live_by_kernel()
        self._broken = False
        self.world.month += 1
        self.world.touched()
        self._luck.clear()
        self._so_far = None
        self.running = self.month < self.months
        self.datacollector.collect(self)

    def activate(self) -> None:
        """Ask every household to live its month (``engine="agents"``); override it for an order of your own."""
        if self.shuffle:
            self.households.shuffle_do("step")
        else:
            self.households.do("step")

    def run(self, months: int | None = None, *, progress: Callable[[int, int, str], None] | None = None) -> Run | None:
        """Live `months` (None: all that are left); the result after the last month of the run, else None.

        `progress` is called with months lived, months in all and a word.
        """
        left = self.months - self.month
        wanted = left if months is None else whole_number("months", months, 0)
        if wanted > left:
            raise SimulationError(f"months: expected at most {left}, the months that are left, found {wanted}")
        for _ in range(wanted):
            self.step()
            if progress is not None:
                progress(self.month, self.months, "months")
        return self.result() if self.month == self.months else None

    def result(self) -> Run:
        """The engine's `Run`, with the bits of `engine.simulate`. `SimulationError` before the last month."""
        if self.month < self.months:
            raise SimulationError(
                f"result: expected all {self.months} months lived, found {self.month}; `run()` lives the others, "
                "`so_far` has what there is"
            )
        return self.world.run()

    @property
    def so_far(self) -> Run:
        """The engine's `Run` of the months lived, without household vectors; later months are NaN, or 0 in ledgers."""
        if self._so_far is None:
            self._so_far = self.world.run(vectors=False)
        return self._so_far

    # ------------------------------------------------------------------ arrays

    @property
    def state(self) -> World:
        """The arrays (`world.World`)."""
        return self.world

    @property
    def columns(self) -> Columns:
        """Columns of the households by name."""
        return Columns(self.world)

    @property
    def parameters(self) -> Any:
        """Values of all parameters (`parameters.Parameters`), as rules take them."""
        return self.world.made.compiled.parameters

    def column(self, name: str) -> NDArray[Any]:
        """A column of the households, shape (households,), float32 (names of `attributes.ATTRIBUTES`)."""
        if name not in ATTRIBUTES[HOUSEHOLDS]:
            try:
                return self.world.column(name)  # of an extension
            except KeyError:
                pass
        return attribute(HOUSEHOLDS, name).every(self.world)

    def village_column(self, name: str) -> NDArray[Any]:
        """A column of the villages, shape (villages,)."""
        return attribute(VILLAGES, name).every(self.world)

    def mentor_column(self, name: str) -> NDArray[Any]:
        """A column of the mentors, shape (mentors,)."""
        return attribute(MENTORS, name).every(self.world)

    def places_of(self, household: int) -> tuple[str, ...]:
        """Names of the programmes of which a household (row) holds a place now."""
        if not self.world.serving:
            return ()
        under, tile, lane = self.world.home(household)
        held = under.running.slots[tile, : len(self.world.policy.programmes), lane]
        finished = np.iinfo(np.uint8).max
        return tuple(
            programme.name
            for programme, left in zip(self.world.policy.programmes, held, strict=True)
            if 0 < left < finished
        )

    def programmes_in(self, village: int) -> tuple[str, ...]:
        """Names of the programmes for villages that serve a village (row) now."""
        if not self.world.serving:
            return ()
        at, under = self.world.block_of(village, self.world.first_village)
        served = under.running.served[:, village - self.world.first_village[at]]
        return tuple(one.name for one, mark in zip(self.world.policy.community, served, strict=False) if mark)

    def asking(self) -> NDArray[np.bool_]:
        """Who holds a place that asks for visits or group sessions now, shape (households,)."""
        plan_now = self.world.under[0].plan
        slots = {
            int(s) for s, channel in zip(plan_now.dose_slot, plan_now.dose_channel, strict=True) if channel in _ASKING
        }
        return np.asarray(np.any(self.world.slots()[sorted(slots)], axis=0), np.bool_)

    def luck(self, agent: RowAgent, stream: int) -> float:
        """The uniform of an agent in a stream of a user's own, in the month that comes or is being lived."""
        whole_number("stream", stream, 0, _MOST_STREAMS)
        known = (agent.kind, stream)
        if known not in self._luck:
            world = self.world
            ids = {HOUSEHOLDS: world.household_id, VILLAGES: world.village_id, MENTORS: world.mentor_id}[agent.kind]
            first = EXTENSIONS + stream // STREAMS_A_GROUP * STREAMS_A_GROUP
            seed, replicate = (int(word) for word in world.key)
            numbers = drawn(ids, agent.address, world.month, first, STREAMS_A_GROUP, seed, replicate, normal=False)
            self._luck[known] = numbers[stream % STREAMS_A_GROUP]
        return float(self._luck[known][agent.row])


def seed_of(rng: Any) -> int:
    """A seed (0 to 2**32 - 1): the number itself, or 32 bits of a numpy Generator, SeedSequence or BitGenerator."""
    if hasattr(rng, "integers"):
        return int(rng.integers(SEEDS))
    if hasattr(rng, "generate_state"):
        return int(rng.generate_state(1)[0])
    if hasattr(rng, "random_raw"):
        return int(rng.random_raw()) % SEEDS
    return whole_number("rng", rng, 0, SEEDS - 1)


def _check_classes(classes: Mapping[str, Any], engine: str) -> None:
    """Raise `SimulationError` for classes that cannot stand for rows, or that the kernel would not hear."""
    hooks = {VILLAGES: ("begin", "end"), MENTORS: ("begin", "share", "guide"), HOUSEHOLDS: ("live", "step")}
    for kind, shipped in SHIPPED.items():
        given = classes[kind]
        if not (isinstance(given, type) and issubclass(given, shipped)):
            raise SimulationError(f"{kind}_class: expected a subclass of {shipped.__name__}, found {given!r}")
        own = [name for name in hooks[kind] if getattr(given, name) is not getattr(shipped, name)]
        if own and engine == "kernel":
            raise SimulationError(
                f"{kind}_class: {given.__name__} has its own `{own[0]}`, which the kernel does not ask; "
                "give engine='agents'"
            )
