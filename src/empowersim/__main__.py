"""``python -m empowersim`` is the command line."""

from __future__ import annotations

import sys

from empowersim.fronts.cli import main

if __name__ == "__main__":
    sys.exit(main())
