"""``make figures``: the counts in README and its pages, each written between the marks that name it.

``<!--defects-->150<!---->`` holds the figure ``defects``. A test holds the pages against what this module would write.
"""

from __future__ import annotations

import re
from collections import Counter

from simulation.checks.catalogue import CHECKS
from simulation.checks.criteria import RULES
from simulation.paths import ROOT, RUNBOOKS_FOLDER
from simulation.sabotage.catalogue import CATALOGUE
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.file import available_scenarios
from simulation.world.operator.parser import load_runbooks

PAGES = (ROOT / "README.md", *sorted((ROOT / "simulation" / "docs").glob("*.md")))
_MARKED = re.compile(r"<!--(\w+)-->(.*?)<!---->")


def figures() -> dict[str, str]:
    """Name of a figure to what the pages say."""
    families = Counter(entry.family for entry in CATALOGUE.values())
    harness = families.pop("harness")
    of_families = ", ".join(f"{count} {family}" for family, count in families.items())
    return {
        "defects": f"{len(CATALOGUE)}: {of_families}, {harness} of the harness itself",
        "checks": str(len(CHECKS)),
        "criteria": str(len(RULES)),
        "runbooks": str(len(load_runbooks(RUNBOOKS_FOLDER))),
        "scenarios": str(len(available_scenarios())),
        "faults": str(len(KINDS)),
    }


def written(text: str) -> str:
    """The text with every figure as it is today. Raises ``KeyError`` for a mark that names none."""
    today = figures()
    return _MARKED.sub(lambda found: f"<!--{found[1]}-->{today[found[1]]}<!---->", text)


def main() -> None:
    """Write them into the pages."""
    for page in PAGES:
        page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
