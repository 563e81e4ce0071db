"""The compiled machine of a run: the model's own kernels, or those made anew for an extension.

What an extension changes: rules that it replaces are called in place of the model's wherever these are; its rules of
households stand around `month.household_month`; its rules of villages stand at the start of a village's month. Its
columns lie in arrays beside those of a block, its draws have addresses of their own, so the model's draws and columns
stay where they are. With an extension that does nothing a run has the bits of the model.
"""

from __future__ import annotations

import sys
from collections import namedtuple
from threading import RLock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from empowersim._jit import LANES, is_compiled
from empowersim.engine.arrays import STRIP, Block, Scratch, copy_of, scratch_for
from empowersim.engine.extension import Extension, replaceable
from empowersim.engine.extension_check import check_types
from empowersim.engine.extension_loops import (
    begin_of,
    chain,
    readers_of,
    records_of,
    strip_of,
    trial_of,
    village_chain,
)
from empowersim.engine.kernels import advance, begin_village, live_strip
from empowersim.engine.rebuild import Rebuilder
from empowersim.engine.start import settle
from empowersim.engine.strips import read_parameters
from empowersim.errors import SimulationError
from empowersim.parameters import Parameters, record_of
from empowersim.rng import STREAMS_A_GROUP
from empowersim.rules.month import household_month
from empowersim.schema import HOUSEHOLD, VILLAGE, VILLAGE_ROWS, Column

_record: Any = namedtuple
_SLACK: Final = 1e-4
"""Share by which rounding may carry a column beyond its bound."""

_ONE_AT_A_TIME: Final = RLock()
_COMPILING: Final = (
    "empowersim: compiling the model with the extension {}, half a minute or so; it is kept for the next time"
)

ExtendedBlock = _record("ExtendedBlock", [*Block._fields, "own", "own_village"])
"""A `Block` with the columns of an extension: `own` (T, columns, LANES), `own_village` (V, columns); at least one
column each, unused if the extension has none."""

ExtendedScratch = _record(
    "ExtendedScratch", [*Scratch._fields, "luck", "luck_groups", "village_luck", "village_groups", "wide"]
)
"""A `Scratch` with room for an extension: `luck` (STRIP, streams, LANES) and `village_luck` (streams,) uniforms,
`luck_groups` and `village_groups` the groups of four streams that they belong to, `wide` (1, columns) the village at
hand with its own columns and the means of the households' own columns."""


class Machine:
    """The model's own machine."""

    advance: Any = staticmethod(advance)
    extension: Extension | None = None

    def values(self, parameters: Any) -> Any:
        """Parameters as one record, as kernels take them."""
        return record_of(parameters)

    def settle(self, block: Block, rows: Any, parameters: Any, seed: Any, replicate: Any) -> Any:
        """Start the households of a block that is laid out; returns the block as `advance` takes it."""
        settle(block, rows, record_of(parameters), seed, replicate)
        return block

    def scratch(self, tiles: int) -> Any:
        """Working memory for blocks of at most `tiles` tiles."""
        return scratch_for(tiles)

    def check(self, block: Any, when: str) -> None:
        """Raise `SimulationError` if rules have left a column without a number or out of its bounds."""


SHIPPED: Final = Machine()


class ExtendedMachine(Machine):
    """The machine of an extension: compiled when it is first used, and kept on disk for the next time."""

    def __init__(self, extension: Extension) -> None:
        """Build, but do not compile, the kernels of an extension; its rules alone are compiled, and checked."""
        self.extension = extension
        self.folder = folder_of(extension)
        records = records_of(extension)
        readers, self._groups, self._village_groups = readers_of(extension, records)
        self._ready = is_ready(extension)
        if not self._ready:
            check_types(extension, records)
        swaps: dict[Any, Any] = {replaceable()[old]: new for old, new in extension.replace.items()}
        if extension.parameters:
            swaps[read_parameters] = readers.parameters
        inside = Rebuilder(swaps, self.folder)
        first, after = (chain([inside.rule(one) for one in given]) for given in (extension.before, extension.add))
        strip = strip_of(extension, records, readers, first, after, inside.rule(household_month))
        begin = begin_of(extension, readers, village_chain([inside.rule(one) for one in extension.villages]))
        around = Rebuilder({**swaps, live_strip: strip, begin_village: begin}, self.folder)
        self.advance = around.kernel(advance)
        self._settle = inside.kernel(settle)
        self._trial = trial_of(
            extension, records, readers, first, after, village_chain([inside.rule(one) for one in extension.villages])
        )

    def values(self, parameters: Any) -> Any:
        """As in `Machine`, with the parameters of the extension.

        They come first: numba would take a record that begins with the model's for the model's own.
        """
        assert self.extension is not None
        own = self.extension.values()
        kinds = np.dtype([(name, np.float32) for name in (*own, *Parameters._fields)])
        return np.array([(*own.values(), *parameters)], kinds)

    def settle(self, block: Block, rows: Any, parameters: Any, seed: Any, replicate: Any) -> Any:
        """As in `Machine`; the first block is what the rules are tried on before the kernels are compiled."""
        assert self.extension is not None
        values = record_of(parameters) if self._settle is settle else self.values(parameters)
        self._settle(block, rows, values, seed, replicate)
        tiles, villages = block.state.shape[0], block.village.shape[0]
        made = ExtendedBlock(
            *block,
            own=_columns(self.extension.columns, (tiles, LANES), 1),
            own_village=_columns(self.extension.village_columns, (villages,), 1),
        )
        with _ONE_AT_A_TIME:
            if not self._ready:
                self._try(made, self.values(parameters), seed, replicate)
                self._ready = True
                print(_COMPILING.format(self.extension.name), file=sys.stderr, flush=True)
        return made

    def scratch(self, tiles: int) -> Any:
        """As in `Machine`."""
        assert self.extension is not None
        width = VILLAGE_ROWS + len(self.extension.village_columns) + len(self.extension.columns)
        return ExtendedScratch(
            *scratch_for(tiles),
            luck=np.zeros((STRIP, max(self._groups.size, 1) * STREAMS_A_GROUP, LANES), np.float32),
            luck_groups=self._groups,
            village_luck=np.zeros(max(self._village_groups.size, 1) * STREAMS_A_GROUP, np.float32),
            village_groups=self._village_groups,
            wide=np.zeros((1, width), np.float32),
        )

    def check(self, block: Any, when: str) -> None:
        """As in `Machine`."""
        assert self.extension is not None
        alive = block.live > 0
        for row, column in enumerate(HOUSEHOLD):
            self._within(block.state[:, row, :][alive], column.name, column.lower, column.upper, when, "a household")
        for row, column in enumerate(VILLAGE):
            self._within(block.village[:, row], column.name, column.lower, column.upper, when, "a village")
        for row, (name, one) in enumerate(self.extension.columns.items()):
            self._within(block.own[:, row, :][alive], name, one.lower, one.upper, when, "a household")
        for row, (name, one) in enumerate(self.extension.village_columns.items()):
            self._within(block.own_village[:, row], name, one.lower, one.upper, when, "a village")

    def _within(self, found: Any, name: str, lower: float, upper: float, when: str, whose: str) -> None:
        room = _SLACK * (1.0 + np.abs(found))
        bad = found[~(np.isfinite(found) & (found >= lower - room) & (found <= upper + room))]
        if bad.size:
            assert self.extension is not None
            rules = ", ".join(one.__name__ for one in self.extension.rules())
            raise SimulationError(
                f"extension {self.extension.name}: {when}, {name} of {whose} is {float(bad[0]):g}, expected a number "
                f"from {lower:g} to {upper:g}; look at what its rules ({rules}) do to {name}: clip it, or keep "
                "divisions away from zero"
            )

    def _try(self, block: Any, values: Any, seed: Any, replicate: Any) -> None:
        """Take the rules of households alone through three months of the first block, and look at what they leave."""
        tried = copy_of(block)
        scratch = self.scratch(block.state.shape[0])
        for month in (0, 1, 2):
            self._trial(tried, scratch, values, np.float32(month), seed, replicate)
            self.check(tried, "in a trial on the first households")
            for row, column in enumerate(HOUSEHOLD):
                self._unmoved(column, tried.state[:, row], block.state[:, row], "household")
            for row, column in enumerate(VILLAGE):
                self._unmoved(column, tried.village[:, row], block.village[:, row], "village")

    def _unmoved(self, column: Column, after: Any, before: Any, whose: str) -> None:
        if column.role == "trait" and not np.array_equal(after, before):
            assert self.extension is not None
            raise SimulationError(
                f"extension {self.extension.name}: a rule changes {column.name}, a trait of a {whose}, which never "
                f"changes; change a state, or add a column of your own ({column.name}_now, say) and use that"
            )


_MACHINES: dict[str, ExtendedMachine] = {}


def is_ready(extension: Extension) -> bool:
    """Whether the kernels of an extension are on disk, so that its rules have been checked and nothing is compiled."""
    return is_compiled(folder_of(extension), "advance")


def folder_of(extension: Extension) -> str:
    """Where the kernels of an extension are kept, below the folder of those of the model."""
    return f"extension-{extension.code_digest}"


def machine_of(extension: Extension | None) -> Machine:
    """The machine of a run. Extensions that differ only in the values of their parameters share what is compiled."""
    if extension is None:
        return SHIPPED
    with _ONE_AT_A_TIME:
        known = _MACHINES.get(extension.code_digest)
        if known is None:
            known = _MACHINES[extension.code_digest] = ExtendedMachine(extension)
    if known.extension is extension:
        return known
    other = object.__new__(ExtendedMachine)
    other.__dict__.update(known.__dict__, extension=extension)
    return other


def _columns(states: Any, shape: tuple[int, ...], axis: int) -> NDArray[np.float32]:
    """Columns at their starting values; a column that nobody uses where there is none."""
    start = [one.start for one in states.values()] or [0.0]
    return np.stack([np.full(shape, value, np.float32) for value in start], axis=axis)
