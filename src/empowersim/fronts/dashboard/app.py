"""The script that Streamlit runs: one call, so that all else can be tested and imported."""

from __future__ import annotations

import sys

from empowersim.fronts.dashboard.options import from_arguments
from empowersim.fronts.dashboard.page import show

show(**from_arguments(sys.argv[1:]))
