"""What one person is looking at: a place, a mix on the sliders, mixes beside it, ceilings, a language.

Plain values and plain functions: nothing here knows how a screen is made. Each session has one `Session`; what sessions
share (simulated lives) is keyed by content in `shared`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Final

from empowersim.experiments.live import FUTURES, HOUSEHOLDS, Asked
from empowersim.experiments.live_file import LiveFile, LiveMix, clean_label
from empowersim.fronts.dashboard.checks import Ceiling, usual_ceiling
from empowersim.fronts.dashboard.districts import FIRST, district
from empowersim.fronts.dashboard.shown import MOST
from empowersim.fronts.labels import Lang, text

FILE: Final = "file"
"""Place that stands for an uploaded or named file."""
MIX: Final = "mix_0"
"""Name of the policy on the sliders; saved mixes get names of their own."""
FIRM: Final = (60, 100, 200)
"""Numbers of futures that a result can be firmed up with."""
MOST_SAVED: Final = 12
SHORTEST, LONGEST = 12, 120
_BALANCED: Final = "balanced_mix"


@dataclass
class Session:
    """One person's choices."""

    lang: Lang
    place: str
    file: LiveFile
    mix: LiveMix
    ceiling: Ceiling
    months: int
    beside: dict[str, int] = field(default_factory=dict)
    """Policy of the file or saved mix -> its slot, 1 to `MOST` - 1; kept as long as it is shown."""
    saved: dict[str, LiveMix] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    """Levers that were added to those of the file's policies."""
    futures: int = FUTURES
    firm: tuple[str, int] = ("", 0)
    """Digest of what was firmed up, and with how many futures."""
    reference: str = ""
    """What the others are compared with; empty: the reference of the file."""
    trap: bool | None = None
    """Which world, where the file has both."""

    @property
    def asked(self) -> Asked:
        """Size of the answer, before it is firmed up."""
        households = min(HOUSEHOLDS, max(int(self.file.represents), 1))
        return Asked(households=households, months=self.months, futures=self.futures)


@dataclass(frozen=True)
class Question:
    """What a screen asks of the engine."""

    text: str
    """Scenario file that `empowersim compare` answers in the same way."""
    asked: Asked
    slots: dict[str, int]
    digest: str
    """Of the file without the number of futures: what firming up holds for."""


def begin(lang: Lang = "en", place: str = FIRST, file: LiveFile | None = None) -> Session:
    """A new session at a place of the library, or with a file that was named on the command line."""
    return _at(lang, FILE if file is not None else place, district(place) if file is None else file)


def _at(lang: Lang, place: str, file: LiveFile) -> Session:
    policies = [name for name in file.scenario.policies if name != file.reference]
    staffed = [name for name in policies if file.scenario.policies[name].mentors.any]
    like = (staffed or policies or [file.reference])[0]
    made = Session(
        lang=lang,
        place=place,
        file=file,
        mix=file.start(like, _own_name(file), text("dashboard.mix.mine", lang)),
        ceiling=usual_ceiling(file),
        months=min(max(file.scenario.settings.months, SHORTEST), LONGEST),
        trap=False if file.both_worlds else None,
    )
    if _BALANCED in policies:
        show(made, [_BALANCED])
    return made


def _own_name(file: LiveFile) -> str:
    return MIX if MIX not in file.scenario.policies else file.free_name(())


def go_to(session: Session, place: str, file: LiveFile | None = None) -> Session:
    """The session at another place, or with a file; language is kept, mixes of the old place are not."""
    return _at(session.lang, place, district(place) if file is None else file)


def start_from(session: Session, policy: str) -> None:
    """Set all sliders to a policy of the file, or to a saved mix."""
    own = session.mix
    if policy in session.saved:
        session.mix = replace(session.saved[policy], name=own.name, label=own.label)
    else:
        session.mix = session.file.start(policy, own.name, own.label)
    session.more = tuple(dict.fromkeys((*session.more, *(name for name, _ in session.mix.money))))


def set_money(session: Session, lever: str, amount: float) -> None:
    """Give a programme so many IDR a year (0 or more), to the rupiah."""
    amounts = dict(session.mix.money)
    amounts[lever] = max(round(amount), 0)
    session.mix = replace(session.mix, money=tuple((name, value) for name, value in amounts.items()))


def set_posts(session: Session, posts: float) -> None:
    """Set the mentors of the mix, in whole posts."""
    session.mix = replace(session.mix, posts=max(round(posts), 0))


def set_label(session: Session, label: str) -> None:
    """Call the mix something."""
    session.mix = replace(session.mix, label=clean_label(label) or text("dashboard.mix.mine", session.lang))


def set_runs_for(session: Session, months: int | None) -> None:
    """Stop the mix after some months; None: never."""
    session.mix = replace(session.mix, runs_for=months)


def set_language(session: Session, lang: Lang) -> None:
    """Change the language; a mix that still has the name it came with is called the same in the new one."""
    if session.mix.label == text("dashboard.mix.mine", session.lang):
        session.mix = replace(session.mix, label=text("dashboard.mix.mine", lang))
    session.lang = lang


def choices(session: Session) -> tuple[str, ...]:
    """What may stand beside the mix: saved mixes, then policies of the file."""
    return (*session.saved, *(name for name in session.file.scenario.policies if name != session.file.reference))


def show(session: Session, names: list[str]) -> None:
    """Show these beside the mix (at most `MOST` - 1); who was shown before keeps the slot."""
    kept = {name: slot for name, slot in session.beside.items() if name in names}
    for name in names:
        free = [slot for slot in range(1, MOST) if slot not in kept.values()]
        if name not in kept and free:
            kept[name] = free[0]
    session.beside = kept
    if session.reference and session.reference not in kept:
        session.reference = ""


def save(session: Session) -> bool:
    """Keep the mix as it is, and show it beside if there is room; whether there was."""
    name = session.file.free_name(session.saved)
    taken = {one.label for one in session.saved.values()}
    label, number = session.mix.label, 1
    while label in taken:
        number += 1
        label = f"{session.mix.label} {number}"
    session.saved[name] = replace(session.mix, name=name, label=label)
    while len(session.saved) > MOST_SAVED:
        hidden = [one for one in session.saved if one not in session.beside]
        del session.saved[hidden[0]]
    if len(session.beside) >= MOST - 1:
        return False
    show(session, [*session.beside, name])
    return True


def forget_hidden(session: Session) -> None:
    """Forget saved mixes that are not shown."""
    session.saved = {name: mix for name, mix in session.saved.items() if name in session.beside}


def question(session: Session, head: tuple[str, ...] = ()) -> Question:
    """What the screen asks; futures are those that it was firmed up with, if it was."""
    order = sorted(session.beside, key=lambda name: session.beside[name])
    policies = [session.mix, *(session.saved.get(name, name) for name in order)]
    asked = session.asked

    def written(futures: int) -> str:
        return session.file.text(
            policies, replace(asked, futures=futures), reference=session.reference, trap=session.trap, head=head
        )

    said = written(asked.futures)
    digest = hashlib.blake2b(f"{session.place}\0{session.file.survey}\0{said}".encode(), digest_size=16).hexdigest()
    if session.firm[0] == digest and session.firm[1] > asked.futures:
        asked = replace(asked, futures=session.firm[1])
        said = written(asked.futures)
    return Question(said, asked, {session.mix.name: 0, **session.beside}, digest)
