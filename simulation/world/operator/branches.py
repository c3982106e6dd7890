"""How a runbook states where to go on: list items under a step that a person reads and a machine follows.

::

    - if [COUNT] is 0, go to Documentation
    - if [REASON] is not NO_ACCOUNT, escalate
    - otherwise, continue

``otherwise`` is the last and must be there: no condition is left to the reader (`fixtures/spec/requirements.md`, B-18).
Targets: ``continue``, ``go to <Section>``, ``go to <Section> step N``, ``escalate``, ``escalate as partial``.
"""

from __future__ import annotations

import re

from simulation.world.operator.complaints import Complaints, Part
from simulation.world.operator.runbook import Branch, Outcome, Place, Section

_LOOKS_LIKE_ONE = re.compile(r"^(if|otherwise)\b", re.IGNORECASE)
_BRANCH = re.compile(
    r"^(?:if \[(?P<capture>[A-Z][A-Z0-9_]*)\] is (?P<negated>not )?(?P<value>[^,]+)|otherwise), (?P<target>[^,]+?)\.?$",
    re.IGNORECASE,
)
_GO_TO = re.compile(r"^go to (?P<section>[A-Za-z]+)(?: step (?P<step>\d+))?$", re.IGNORECASE)
_REMEDY = (
    "write '- if [NAME] is VALUE, go to Section step N', '- if [NAME] is not VALUE, escalate' "
    "or '- otherwise, continue'"
)


def is_branch(item: str) -> bool:
    """Whether a list item under a step states where to go on."""
    return _LOOKS_LIKE_ONE.match(item) is not None


def parse_branch(item: str, *, line: int, complaints: Complaints) -> Branch | None:
    """Read one list item; None, with a complaint, if it could not be followed without interpretation."""
    match = _BRANCH.match(item.replace("`", ""))
    if match is None:
        problem = f"the branch {item!r} cannot be followed"
        complaints.add(Part.BRANCHES, line=line, problem=problem, remedy=_REMEDY)
        return None
    target = _target(match["target"].lower())
    if target is None:
        problem = f"{match['target'].lower()!r} is no place to go to"
        complaints.add(Part.BRANCHES, line=line, problem=problem, remedy=_REMEDY)
        return None
    return Branch(
        line=line,
        capture=match["capture"],
        negated=match["negated"] is not None,
        value=(match["value"] or "").strip(),
        target=target,
    )


def _target(text: str) -> Place | Outcome | None:
    if text in set(Outcome):
        return Outcome(text)
    match = _GO_TO.match(text)
    if match is None or match["section"] not in set(Section):
        return None
    return Place(section=Section(match["section"]), step=int(match["step"] or 1))
