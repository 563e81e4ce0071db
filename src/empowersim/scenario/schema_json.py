"""JSON Schema of scenario files, for editors: made from the same tables as the check."""

from __future__ import annotations

from typing import Any, Final

from empowersim.scenario.fields import Choice, Flag, Label, Open, Quantity, Section, Text
from empowersim.scenario.model import (
    COMMUNITY,
    CONDITION,
    FILE,
    GIVES,
    MENTORS,
    PAID_BY,
    PROGRAMME,
    ROLE_MIX,
    SECTIONS,
    VILLAGE_GIVES,
)

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NEEDED: Final = ("name", "base", "policies")
_FEW: Final = 10
"""Names of a choice that the manual lists."""
_WITH_PASSPORTS: Final = (PROGRAMME, CONDITION, GIVES, MENTORS, COMMUNITY, VILLAGE_GIVES, PAID_BY, ROLE_MIX)
"""Sections in which a number may stand as {value, source, confidence, bounds, meaning}."""


def schema_json() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a scenario file.

    It knows keys, kinds and names; units, bounds and combinations are left to ``empowersim check``.
    """
    top = _section(FILE)
    return {
        "$schema": DIALECT,
        "title": "empowersim scenario",
        **top,
        "type": "object",
        "anyOf": [{"required": ["extends"]}, {"required": list(_NEEDED)}],
        "$defs": {
            **{_key(section): _section(section) for section in SECTIONS if section is not FILE},
            "passport": _PASSPORT,
        },
    }


_PASSPORT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "value": {"type": ["string", "number", "boolean"]},
        "source": {"type": "string"},
        "confidence": {"enum": ["A", "B", "C"]},
        "bounds": {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 2, "maxItems": 2},
        "meaning": {"type": "string"},
    },
    "required": ["value"],
    "additionalProperties": False,
}


def _key(section: Section) -> str:
    return section.name.replace(" ", "_")


def _section(section: Section) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for field in section.fields:
        value = {**_value(field.type, section), "description": _describe(field.meaning, field.default)}
        properties[field.name] = value
        if isinstance(field.type, Quantity):
            for suffix in field.type.kind.suffixes:
                properties[field.name + suffix] = {
                    "type": ["number", "string", "null"],
                    "description": f"{field.meaning}; the unit is in the key",
                }
    return {
        "type": ["object", "null"],
        "description": section.meaning,
        "properties": properties,
        "additionalProperties": False,
    }


def _describe(meaning: str, default: str) -> str:
    return f"{meaning} (default: {default})" if default else meaning


def _value(kind: Any, section: Section) -> dict[str, Any]:
    """Schema of one value; null is always allowed, since it takes a key away."""
    if isinstance(kind, Section):
        return {"$ref": f"#/$defs/{_key(kind)}"}
    if isinstance(kind, Open):
        inner = {"$ref": f"#/$defs/{_key(kind.section())}"}
        if kind.names is None:
            return {"type": ["object", "null"], "additionalProperties": inner}
        names = dict.fromkeys(kind.names(), inner)
        return {"type": ["object", "null"], "properties": names, "additionalProperties": False}
    choices = [kind.json(), {"type": "null"}]
    if section in _WITH_PASSPORTS and isinstance(kind, (Quantity, Text, Flag)):
        choices.append({"$ref": "#/$defs/passport"})
    return {"anyOf": choices}


def tables_markdown() -> str:
    """All tables of fields as Markdown, for the manual."""
    parts = []
    for section in SECTIONS:
        parts.append(
            f"### {section.name[0].upper()}{section.name[1:]}\n\n{section.meaning[0].upper()}{section.meaning[1:]}.\n"
        )
        parts.append("| key | what | written as | otherwise |\n|--|--|--|--|")
        for field in section.fields:
            written = _written(field.type)
            default = "required" if field.required else field.default
            suffixes = list(field.type.kind.suffixes) if isinstance(field.type, Quantity) else []
            if suffixes:
                written += "; or " + ", ".join(f"`{field.name}{suffix}: number`" for suffix in suffixes[:2])
            parts.append(f"| `{field.name}` | {field.meaning} | {written} | {default} |")
        parts.append("")
    return "\n".join(parts)


def _written(kind: Any) -> str:
    if isinstance(kind, Section):
        return f"see {kind.name}"
    if isinstance(kind, Label):
        return "a text, or `{en: ..., id: ...}`"
    if isinstance(kind, Choice) and len(kind.names()) <= _FEW:
        return ", ".join(f"`{name}`" for name in kind.names())
    return str(kind.expected)
