"""Make the values of a calibration the shipped ones: ``python scripts/adopt_fit.py out/fit.yaml``.

Writes each fitted value (four significant digits) into its passport, keeps the value before the fit as `prior`, grades
it B where the evidence identifies it at least weakly and C where it does not, and copies the parameter file into the
package. Afterwards: ``python3 go.py docs``, ``empowersim validate --out docs``, and a line in the changelog.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from empowersim.calibration.store import load_fit, overrides
from empowersim.fronts.evidence_page import SHIPPED_FIT
from empowersim.parameters import FOLDER, TOPICS, passports

SOURCE = "joint fit to the evidence rows (empowersim calibrate, src/empowersim/evidence/fit.yaml)"


def adopted(text: str, name: str, value: float, known: bool) -> str:
    """Return the text of a topic's file with the passport of `name` changed."""
    match = re.search(rf"(?m)^{name}:\n(?:  .*\n)+", text)
    if match is None:
        return text
    block = match[0]
    old = re.search(r"(?m)^  value: (.*)$", block)
    assert old is not None
    lines = f"  value: {value:.4g}"
    if "\n  prior:" not in block:
        lines += f"\n  prior: {old[1]}"
    block = block.replace(old[0], lines, 1)
    block = re.sub(r"(?m)^  confidence: .*$", f"  confidence: {'B' if known else 'C'}", block)
    block = re.sub(r"(?m)^  source: .*$", f'  source: "{SOURCE}"', block)
    return text[: match.start()] + block + text[match.end() :]


def main() -> None:
    path = Path(sys.argv[1])
    found = load_fit(path)
    values = overrides(found)
    for topic in TOPICS:
        file = FOLDER / f"{topic}.yaml"
        text = file.read_text(encoding="utf-8")
        if not text.endswith("\n"):
            text += "\n"
        for name, value in values.items():
            if passports()[name].topic == topic:
                status = found.parameters[name].get("status", "identified")
                text = adopted(text, name, value, status != "not identified")
        file.write_text(text, encoding="utf-8")
    shutil.copyfile(path, SHIPPED_FIT)
    print(f"{len(values)} values adopted; fit {found.digest}")


if __name__ == "__main__":
    main()
