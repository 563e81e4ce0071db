"""A scenario file with mixes that somebody is thinking about: money of each programme, and mentors.

A mix becomes a policy of a scenario file, and the file is read back as any other. So what is seen beside sliders is
what ``empowersim compare`` gives for the same file, and nothing is checked twice.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from empowersim.experiments.live import Asked
from empowersim.experiments.mix_space import money
from empowersim.experiments.sweep_plan import yaml_of
from empowersim.parameters.places import Place
from empowersim.scenario import library
from empowersim.scenario.compile import cost_per_year, place_with, plan_mentors
from empowersim.scenario.document import Node, merge
from empowersim.scenario.documents import BOTH, PolicyDocument, Scenario
from empowersim.scenario.load import SHARED_KEYS, finish, loads

PROGRAMME: Final = "programmes"
COMMUNITY: Final = "community"
LONGEST_LABEL: Final = 60
MILLION: Final = 10**6
_HALVINGS: Final = 40
_SLACK: Final = 0.5
"""Rupiah by which a sum of whole rupiah may seem to miss a ceiling through rounding."""
_ROUNDING: Final = 1e-6
_A_FEW: Final = 50
_KNOWN: Final = 4
_NEW_MENTORS: Final = "contract"
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Kinds of characters that nobody sees: controls, formats, halves of pairs, and line separators."""


@dataclass(frozen=True)
class Lever:
    """A programme whose money can be moved."""

    name: str
    kind: str
    """PROGRAMME (for households) or COMMUNITY (for villages)."""
    label: Mapping[str, str]
    """Language -> what people call it."""
    meaning: str
    used: bool
    """Whether a policy of the file runs it."""


@dataclass(frozen=True)
class LiveMix:
    """A mix: what is decided anew; all else stands as in the policy that it is like."""

    name: str
    """Name of the policy that it becomes."""
    label: str
    """What its maker calls it; shown as it is, in every language."""
    like: str
    """Policy of the file whose other settings hold: types of mentors, rules, targeting."""
    money: tuple[tuple[str, int], ...] = ()
    """Programme and IDR a year; what is not named gets nothing."""
    posts: int = 0
    """Mentors, full-time posts."""
    runs_for: int | None = None
    """Months after which it stops; None: to the end."""

    def of(self, lever: str) -> int:
        """IDR a year of a programme."""
        return dict(self.money).get(lever, 0)


@dataclass(frozen=True)
class Need:
    """What a mix asks for a year, all places filled."""

    money: float
    """IDR a year, mentors and villages in."""
    mentors: float
    """Part of it for mentors: pay, trips, sessions, desk."""
    posts: float


def clean_label(text: str) -> str:
    """A name as somebody typed it, on one line, without what nobody sees, at most `LONGEST_LABEL` characters."""
    spaced = "".join(" " if character in "\n\r\t\v\f\u2028\u2029" else character for character in text)
    seen = "".join(character for character in spaced if unicodedata.category(character) not in _UNSEEN)
    return " ".join(seen.split())[:LONGEST_LABEL].strip()


class LiveFile:
    """A scenario file, read once, of which files with other policies are made."""

    def __init__(self, root: Node, shown: str, *, survey: str = "") -> None:
        """`root` is a merged tree (`document.read_with_parents`). Raises `ScenarioError` with all problems."""
        self.shown, self.survey = shown, survey
        # whoever asks for both worlds is asked which of them is looked at
        self.scenario: Scenario = finish(root, shown, [], survey)
        self._root = root
        self._known: dict[str, Scenario] = {}
        self.place: Place = place_with(self.scenario.world)

    @property
    def both_worlds(self) -> bool:
        """Whether the file asks for a world with a poverty trap and one without."""
        return self.scenario.world.trap is BOTH

    @property
    def reference(self) -> str:
        """Policy that all others are compared with."""
        return str(self.scenario.reference)

    @property
    def represents(self) -> float:
        """Households that stand behind money and posts."""
        from empowersim.scenario.survey_source import SurveySource

        if self.scenario.survey is None:
            return float(self.place.households)
        return SurveySource(self.scenario, self.scenario.survey, self.place).represents

    def try_households(self) -> None:
        """Make a few households, so that what is wrong with a survey is told now. Raises `PopulationError`."""
        from empowersim.scenario.compile import compile_scenario
        from empowersim.scenario.worlds import NO_TRAP, in_world

        scenario = in_world(self.scenario, NO_TRAP) if self.both_worlds else self.scenario
        compile_scenario(scenario).population(_A_FEW, self.scenario.settings.seed, 0)

    @cached_property
    def levers(self) -> tuple[Lever, ...]:
        """Programmes whose money can be moved: those of the file's policies first, then all others there are."""
        found: dict[str, Lever] = {}
        for policy in self.scenario.policies.values():
            for one in policy.programmes:
                if one.unit_cost > 0.0:
                    found.setdefault(one.name, Lever(one.name, PROGRAMME, one.label, one.meaning, True))
            for village in policy.community:
                found.setdefault(village.name, Lever(village.name, COMMUNITY, village.label, village.meaning, True))
        defined = self._root.get("define")
        names = dict.fromkeys([*((defined.entries or {}) if defined is not None else {}), *library.programmes()])
        probe = self._probe(
            {
                PROGRAMME: {name: {"places": "1 place/year"} for name in names},
                COMMUNITY: {name: {"coverage": "1 %"} for name in library.community()},
            }
        )
        for one in probe.programmes:
            if one.unit_cost > 0.0:
                found.setdefault(one.name, Lever(one.name, PROGRAMME, one.label, one.meaning, False))
        for village in probe.community:
            found.setdefault(village.name, Lever(village.name, COMMUNITY, village.label, village.meaning, False))
        return tuple(found.values())

    def start(self, policy: str, name: str, label: str) -> LiveMix:
        """The mix that a policy of the file is, in whole millions of rupiah a year and whole posts that those pay."""
        document = self.scenario.policies[policy]
        months = self.scenario.settings.months
        spent = {one.name: one.cost_per_year for one in document.programmes if one.unit_cost > 0.0}
        bare = replace(document, programmes=(), mentors=replace(document.mentors, count=None, budget=None))
        for one in document.community:
            spent[one.name] = cost_per_year(replace(bare, community=(one,)), self.place, months)
        return LiveMix(
            name=name,
            label=label,
            like=policy,
            money=tuple((lever, round(cost / MILLION) * MILLION) for lever, cost in spent.items()),
            posts=int(plan_mentors(document, self.place).posts + _ROUNDING),
            runs_for=document.runs_for,
        )

    def free_name(self, taken: Iterable[str]) -> str:
        """A name for a new policy that neither the file nor `taken` has."""
        used = {*self.scenario.policies, *taken}
        number = 1
        while f"mix_{number}" in used:
            number += 1
        return f"mix_{number}"

    def text(
        self,
        policies: Sequence[LiveMix | str],
        asked: Asked,
        *,
        reference: str = "",
        trap: bool | None = None,
        head: Sequence[str] = (),
    ) -> str:
        """The scenario file of mixes and policies of the file (by name), which compares the same on any machine.

        The reference of the file stands first, then `policies` in their order, each with all that it does, so that the
        file needs no other. `reference` is a policy among them that the others are compared with (empty: that of the
        file); `trap` chooses a world where the file has both; `head` are lines of a comment at the top.
        """
        entries = dict(self._root.entries or {})
        base = dict(entries["base"].entries or {})
        shared = {key: node for key, node in base.items() if key.startswith(SHARED_KEYS)}
        start = Node(self.shown, 1, "base", entries=shared)
        raw = entries["policies"].entries or {}
        own = {key: node for key, node in base.items() if key not in shared}
        entries["base"] = replace(entries["base"], entries=self._sized(own, asked, trap))
        written = {self.reference: self._whole(self.reference, raw, start)}
        for one in policies:
            if isinstance(one, LiveMix):
                written[one.name] = self._policy_of(one, raw, start)
            else:
                written.setdefault(one, self._whole(one, raw, start))
        entries["policies"] = replace(entries["policies"], entries=written)
        entries["reference"] = _leaf(reference or self.reference)
        body = yaml_of(replace(self._root, entries=entries), "").decode().partition("\n")[2]
        return "".join(f"# {line}".rstrip() + "\n" for line in head) + body

    def read(self, text: str) -> Scenario:
        """Read a file that `text` gave; the last few are remembered. Raises `ScenarioError`."""
        if text not in self._known:
            found = loads(text, self.shown)
            while len(self._known) >= _KNOWN:
                del self._known[next(iter(self._known))]
            self._known[text] = replace(found, survey_path=self.survey) if self.survey else found
        return self._known[text]

    def need(self, policy: PolicyDocument, months: int) -> Need:
        """What a policy asks for a year in a run of `months`."""
        staff = plan_mentors(policy, self.place)
        return Need(cost_per_year(policy, self.place, months), float(staff.cost), float(staff.posts))

    def fitted(self, mix: LiveMix, policy: PolicyDocument, months: int, *, money: float, posts: float) -> LiveMix:
        """The mix cut back, all parts alike, until it keeps both ceilings (IDR a year, posts); kept where it does.

        `policy` is what the mix became. Amounts are whole millions, posts whole, both rounded down.
        """
        most = min(mix.posts, int(posts))
        if most == mix.posts and self.need(policy, months).money <= money + _SLACK:
            return mix

        def cut(share: float) -> LiveMix:
            parts = tuple((lever, int(share * amount) // MILLION * MILLION) for lever, amount in mix.money)
            return replace(mix, money=parts, posts=int(share * most) if share < 1.0 else most)

        def fits(tried: LiveMix) -> bool:
            return self.need(_with_amounts(policy, tried), months).money <= money + _SLACK

        whole = cut(1.0)
        if fits(whole):
            return whole
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if fits(cut(middle)) else (low, middle)
        return cut(low)

    # ------------------------------------------------------------ the tree

    def _probe(self, said: Mapping[str, Mapping[str, Mapping[str, str]]]) -> PolicyDocument:
        """What a policy with these settings would be in the file."""
        sections = {
            kind: _mapping(
                {name: _mapping({key: _leaf(text) for key, text in own.items()}) for name, own in named.items()}
            )
            for kind, named in said.items()
        }
        over = _mapping({"policies": _mapping({_PROBE: _mapping(sections)})})
        return finish(merge(self._root, over), self.shown, [], self.survey).policies[_PROBE]

    @staticmethod
    def _sized(base: dict[str, Node], asked: Asked, trap: bool | None) -> dict[str, Node]:
        sizes = {"months": asked.months, "replicates": asked.futures}
        if asked.households is not None:
            sizes["households"] = asked.households
        if asked.seed is not None:
            sizes["seed"] = asked.seed
        over = {"simulation": _mapping({key: _leaf(str(value)) for key, value in sizes.items()})}
        if trap is not None:
            over["world"] = _mapping({"trap": _leaf("yes" if trap else "no")})
        return dict(merge(_mapping(base), _mapping(over)).entries or {})

    def _whole(self, name: str, raw: Mapping[str, Node], start: Node) -> Node:
        """A policy of the file with all that it does, what it is like laid under it."""
        entry = raw[name]
        own = entry if entry.entries is not None else _mapping({})
        asks = own.get("like")
        if asks is None or asks.text is None:
            return merge(start, own)
        under = self._whole(asks.text, raw, start)
        kept = {key: node for key, node in (under.entries or {}).items() if key not in ("label", "note")}
        rest = {key: node for key, node in (own.entries or {}).items() if key != "like"}
        return merge(_mapping(kept), replace(own, entries=rest))

    def _policy_of(self, mix: LiveMix, raw: Mapping[str, Node], start: Node) -> Node:
        document = self.scenario.policies[mix.like]
        under = dict(self._whole(mix.like, raw, start).entries or {})
        under.pop("note", None)
        label = clean_label(mix.label) or mix.name
        over: dict[str, Node] = {"label": _mapping({lang: _leaf(label, quoted=True) for lang in ("en", "id")})}
        kinds = {lever.name: lever.kind for lever in self.levers}
        for kind, there in (
            (PROGRAMME, {one.name: one.unit_cost > 0.0 for one in document.programmes}),
            (COMMUNITY, {one.name: True for one in document.community}),
        ):
            paid = {name: amount for name, amount in mix.money if amount > 0 and kinds[name] == kind}
            gone = [name for name, costs in there.items() if costs and name not in paid]
            made = {name: _mapping({"budget": _leaf(money(amount))}) for name, amount in paid.items()}
            made |= {name: _leaf("null") for name in gone}
            if made:
                over[kind] = _mapping(made)
        if mix.posts > 0:
            staff = {"count": _leaf(str(mix.posts))}
            over["mentors"] = _mapping(staff if document.mentors.any else {**staff, "type": _leaf(_NEW_MENTORS)})
        elif document.mentors.any:
            over["mentors"] = _leaf("null")
        if mix.runs_for is not None:
            over["runs_for"] = _leaf(f"{mix.runs_for} months")
        elif document.runs_for is not None:
            over["runs_for"] = _leaf("null")
        for key in [key for key in under if key.startswith("runs_for")]:
            if "runs_for" in over:
                del under[key]
        made_of = merge(_mapping(under), _mapping(over))
        return replace(
            made_of, entries={key: node for key, node in (made_of.entries or {}).items() if not node.is_null}
        )


def _with_amounts(policy: PolicyDocument, mix: LiveMix) -> PolicyDocument:
    """The policy with the amounts of a mix, for its cost; programmes that cost nothing stay."""
    amounts = dict(mix.money)
    programmes = tuple(
        replace(one, budget=float(amounts.get(one.name, 0)), places=None) if one.unit_cost > 0.0 else one
        for one in policy.programmes
    )
    villages = tuple(replace(one, budget=float(amounts.get(one.name, 0)), coverage=None) for one in policy.community)
    staff = replace(policy.mentors, count=float(mix.posts), budget=None)
    return replace(policy, programmes=programmes, community=villages, mentors=staff)


_PROBE: Final = "probe_of_levers"


def _leaf(text: str, *, quoted: bool = False) -> Node:
    return Node("", 0, "", text=text, quoted=quoted)


def _mapping(entries: Mapping[str, Node]) -> Node:
    return Node("", 0, "", entries=dict(entries))


__all__ = [
    "COMMUNITY",
    "LONGEST_LABEL",
    "MILLION",
    "PROGRAMME",
    "Lever",
    "LiveFile",
    "LiveMix",
    "Need",
    "clean_label",
]
