"""A copy of the backend Points League, as it stands or with some of its defects, for a test to run."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

BACKEND = Path(__file__).with_name("points_league")
SCENARIO = BACKEND / "scenario.yaml"
_ONCE = 'f"{kind}:{about}:{wallet}"'

DEFECTS: dict[str, tuple[tuple[str, str], ...]] = {
    "rake-a-cent": (("+ 50) // 100\n", "+ 50) // 100 + 1\n"),),
    "fewest-points-win": (("(-item[0], item[1])", "(item[0], item[1])"),),
    "credited-twice": (
        (_ONCE, 'f"{kind}:{about}:{wallet}:{os.urandom(4).hex()}"'),
        ('for one in standings["rankings"]:\n', 'for one in standings["rankings"] + standings["rankings"][:1]:\n'),
    ),
    "wrong-person": (
        (
            'for one in standings["rankings"]:\n',
            'for one, other in zip(standings["rankings"], standings["rankings"][::-1]):\n',
        ),
        (
            'cents, winner = one["payout_cents"], one["user_id"]',
            'cents, winner = one["payout_cents"], other["user_id"]',
        ),
    ),
    "entry-for-nothing": (('cents = -waiting["entry_cents"]', "cents = 0"),),
    "stripe-fee-taken": (('intent["amount_received"]', 'intent["amount_received"] - 74'),),
    "rake-not-booked": (('write_line(connection, member=None, kind="rake"', "(lambda *_, **__: None)(connection"),),
    "wrong-actor": (
        (
            'move(connection, pool["id"], "open", "closed", who=DOORS',
            'move(connection, pool["id"], "open", "closed", who="captain"',
        ),
    ),
    "closed-late": (("closes_at <= now()", "closes_at <= now() - interval '1 hour'"),),
    "board-unexplained": (
        ('with change(SCORES, "board kept", "the feed has news") as connection:', "with silently() as connection:"),
        ("from db import change, read", "from db import change, read, silently"),
    ),
}
"""Defect → what it replaces in league.py, and by what."""
_SILENTLY = """

@contextmanager
def silently() -> Iterator[psycopg.Connection[Any]]:
    with _LOCK, _connection().transaction():
        yield _connection()
"""


def copy_of_league(folder: Path, *defects: str) -> Path:
    """The backend in ``folder``, with these defects; the folder of its target."""
    copy = Path(shutil.copytree(BACKEND, folder / "league", ignore=shutil.ignore_patterns("__pycache__")))
    league, db = copy / "league.py", copy / "db.py"
    for old, new in (change for defect in defects for change in DEFECTS[defect]):
        text = league.read_text()
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        league.write_text(text.replace(old, new))
    db.write_text(db.read_text() + _SILENTLY)
    return copy / "target"


def stated_checks() -> dict[str, set[str]]:
    """Defect → the checks that tests/targets/points_league/DEFECTS.md says must find it."""
    rows = re.findall(r"^\| (\w[\w-]+) \| [^|]+ \| ([^|]+) \|$", (BACKEND / "DEFECTS.md").read_text(), re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", checks)) for name, checks in rows if name != "defect"}
