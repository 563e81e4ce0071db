"""How a result shows itself in a notebook."""

from __future__ import annotations

from importlib import import_module
from typing import Final

FRONT: Final = "empowersim.fronts.notebook"
"""The module that words and formats results for notebooks. Results do not depend on it: it is looked up by name when a
notebook asks a result to show itself."""


class Shown:
    """A result that a notebook shows as HTML."""

    def _repr_html_(self) -> str:
        """HTML for notebooks, in English."""
        text: str = import_module(FRONT).html(self)
        return text
