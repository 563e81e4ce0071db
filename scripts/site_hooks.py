"""Hooks of the documentation site.

Pages link to files of the project that are not pages (scenarios, scripts). On the site such a link becomes the
file's name in code, so that no link is dead. The list of decisions is read from their folder.
"""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(((?:\.\./)+[^)#]+)(?:#[^)]*)?\)")


def on_config(config: Any) -> Any:
    """Put the decisions into the navigation, and quieten what is only a notice of the theme's makers."""
    logging.getLogger("mkdocs.structure.nav").setLevel(logging.WARNING)
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    _fill(config["nav"], "decisions/", [f"decisions/{page.name}" for page in pages])
    return config


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links that leave the documents into names of files."""
    here = posixpath.dirname(page.file.src_uri)

    def told(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", here, match[2]))
        if target.startswith("docs/") or target == "docs":
            return match[0]
        if not (ROOT / target).exists():
            raise FileNotFoundError(f"docs/{page.file.src_uri}: a link to {target}, which is not there")
        return f"{match[1]} (`{target}`)" if match[1].strip("`") != target else f"`{target}`"

    return _LINK.sub(told, markdown)


def _fill(node: Any, wanted: str, pages: list[str]) -> None:
    """Replace the entry `wanted` of a navigation by the pages."""
    for entry in node:
        if isinstance(entry, dict):
            for title, below in entry.items():
                if below == wanted:
                    entry[title] = pages
                elif isinstance(below, list):
                    _fill(below, wanted, pages)
