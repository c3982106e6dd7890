"""A copy of the backend Points League, as it stands or with some of its defects, for a test to run."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

BACKEND = Path(__file__).with_name("points_league")
SCENARIO = BACKEND / "scenario.yaml"
ABSENCE = BACKEND / "scenario_14d.yaml"
"""As long as a founder's absence."""
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
_TRANSFERS = {
    "target.toml": (('PAYS_OUT = "wallet"', 'PAYS_OUT = "transfer"'),),
    "contract.yaml": (
        ("paid_out: wallet", "paid_out: transfer"),
        ("identified_by: [metadata, account_id]", "identified_by: [metadata, idempotency_key]"),
        ("    transfers: a prize is a credit in the winner's wallet\n", ""),
        ("finished: COMPLETE}\n", "finished: COMPLETE}\n    transfers: {queued: retryable, sent: completed}\n"),
    ),
    "observe.sql": (
        (
            "-- name: stripe_events\n",
            """-- name: transfers
SELECT id AS transfer_id, pool_id AS contest_id, member_id AS user_id, cents AS amount_cents, state AS status,
       tries AS attempt_count, 5 AS max_attempts, stripe_transfer AS stripe_transfer_id,
       'cashout-' || id AS idempotency_key, dropped_because AS failure_reason, queued_at AS created_at
FROM cashouts ORDER BY queued_at, id;

-- name: stripe_events
""",
        ),
    ),
}
"""File of the target folder → what is other where prizes go on to the winners' accounts at Stripe."""
_SILENTLY = """

@contextmanager
def silently() -> Iterator[psycopg.Connection[Any]]:
    with _LOCK, _connection().transaction():
        yield _connection()
"""

_NOTE = 'connection.execute(insert, (event["id"], event["type"]))'
_NAIVE = {
    "league.py": (
        (_ONCE, 'f"{kind}:{about}:{wallet}:{os.urandom(4).hex()}"'),
        (
            'connection.execute("INSERT INTO stripe_events (id, kind) VALUES (%s, %s)", (event["id"], event["type"]))',
            'insert = "INSERT INTO stripe_events (id, kind) VALUES (%s, %s) ON CONFLICT DO NOTHING"',
        ),
        ('"payment_intent.succeeded":\n            return', f'"payment_intent.succeeded":\n            return {_NOTE}'),
        ('"received":\n            return', f'"received":\n            return {_NOTE}'),
        (
            "        enter(connection, member=member, pool=pool)\n\n\ndef enter",
            f"        enter(connection, member=member, pool=pool)\n        {_NOTE}\n\n\ndef enter",
        ),
    ),
    "db.py": (
        ("_LOCK = threading.RLock()", "_LOCK = nullcontext()\n_own = threading.local()"),
        ("from contextlib import contextmanager", "from contextlib import contextmanager, nullcontext"),
        ("    if not _open or", '    _open = _own.__dict__.setdefault("open", [])\n    if not _open or'),
    ),
}
"""What makes the backend credit a payment by looking first and acting then, with a connection for each thread, no lock
of a row and no constraint that would stop the second: right, as long as no two deliveries meet."""


def made_naive(target: Path) -> Path:
    """The same backend, which looks whether a payment is credited, and then credits it."""
    for name, changes in _NAIVE.items():
        for old, new in changes:
            text = (target.parent / name).read_text()
            assert text.count(old) == 1, f"{name}: {old!r} is there {text.count(old)} times"
            (target.parent / name).write_text(text.replace(old, new))
    return target


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


def with_transfers(target: Path) -> Path:
    """The same backend, whose prizes go on to the winners' accounts at Stripe, without metadata on its transfers."""
    for name, changes in _TRANSFERS.items():
        for old, new in changes:
            text = (target / name).read_text()
            assert text.count(old) == 1, f"{name}: {old!r} is there {text.count(old)} times"
            (target / name).write_text(text.replace(old, new))
    return target


_FEED = """
def push(tournament, boards):
    yield "POST", f"/boards/{tournament}", {"X-Feed-Key": "a key of the feed's"}, boards[tournament]
"""


def told_by_its_feed(target: Path) -> Path:
    """The same backend, which asks nobody for scores: the feed tells it of each board."""
    (target / "feed.py").write_text(_FEED)
    file = target / "target.toml"
    text = file.read_text()
    given = 'SCORES_COME = "told"\nFEED_KEY = "a key of the feed\'s"\nPAYS_OUT'
    assert text.count("PAYS_OUT") == 1
    file.write_text(text.replace("PAYS_OUT", given))
    return target


def stated_checks() -> dict[str, set[str]]:
    """Defect → the checks that tests/targets/points_league/DEFECTS.md says must find it."""
    rows = re.findall(r"^\| (\w[\w-]+) \| [^|]+ \| ([^|]+) \|$", (BACKEND / "DEFECTS.md").read_text(), re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", checks)) for name, checks in rows if name != "defect"}
