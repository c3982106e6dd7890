"""A copy of the shop, as it stands or with some of its defects, for a test to run."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

BACKEND = Path(__file__).with_name("shop")
SCENARIO = "shop_6d"
_STATED = BACKEND / "DEFECTS.md"
_NOTHING = "(lambda *_, **__: None)"
_SOLD = '''def sold(customer, payment, **asked):
    """Whatever Stripe says."""
    try:
        return stripe.PaymentIntent.create(**asked)
    except stripe.StripeError:
        with change(customer, "sold", "the customer pays", "web") as connection:
            connection.execute("UPDATE payments SET state = 'paid' WHERE id = %s", (payment["id"],))
            book(
                connection, payment, kind="sale", debit="cash", credit="sales", cents=payment["cents"],
                about=("payment_intent", payment["id"]), once=f"sale:{payment['id']}",
            )
        raise


'''

DEFECTS: dict[str, tuple[tuple[str, str], ...]] = {
    "credited-twice": (
        ('if payment is None or payment["state"] == "paid":', "if payment is None:"),
        ("once=f\"sale:{payment['id']}\"", "once=f\"sale:{payment['id']}:{os.urandom(4).hex()}\""),
    ),
    "refund-not-recorded": (
        (
            '    book(\n        connection, payment, kind="refund",',
            f'    {_NOTHING}(\n        connection, kind="refund",',
        ),
    ),
    "dispute-ignored": (
        ('    "charge.dispute.created": open_dispute,\n    "charge.dispute.funds_withdrawn": open_dispute,\n', ""),
        ('    "charge.dispute.funds_reinstated": close_dispute,\n    "charge.dispute.closed": close_dispute,\n', ""),
    ),
    "dispute-fee-forgotten": (("cents=cents + fee_cents", "cents=cents"),),
    "never-reconciled": (('if event["id"] not in known:', "if False:"),),
    "wrong-amount-kept": (("o.cents = p.cents AS fits", "true AS fits"),),
    "owed-to-nobody": (
        (
            '        book(\n            connection, payment, kind="refund_returned",',
            f'        {_NOTHING}(\n            connection, kind="refund_returned",',
        ),
    ),
    "taken-by-its-word": (('stripe.Event.retrieve(str(json.loads(raw)["id"])).to_dict()', "json.loads(raw)"),),
    "refund-unexplained": (
        ('with change(CLERK, "refund sent", sent.id) as connection:', "with _LOCK, _connection().transaction():"),
        ("            take_refund(connection, sent", "            take_refund(_connection(), sent"),
    ),
    "sold-unpaid": (
        ("stripe.PaymentIntent.create(", "sold(customer, payment, "),
        ("def ask_for_refund(", f"{_SOLD}def ask_for_refund("),
    ),
    "refund-taken-for-sent": (
        (
            'error}", flush=True)\n            continue\n        with',
            'error}", flush=True)\n            sent = None\n        with',
        ),
        ('"refund sent", sent.id) as connection:', '"refund sent", "at Stripe\'s") as connection:'),
        (
            "            take_refund(connection, sent.to_dict())",
            "            taken = \"UPDATE refunds SET state = 'completed', stripe_refund = %s WHERE id = %s\"\n"
            "            if sent is None:\n"
            "                connection.execute(taken, (f\"re_{refund['id']}\", refund['id']))\n"
            "                continue\n"
            "            take_refund(connection, sent.to_dict())",
        ),
    ),
}
"""Defect → what it replaces in shop.py, and by what."""


def copy_of_shop(folder: Path, *defects: str, fetches: bool = False) -> Path:
    """The shop in ``folder``, with these defects; the folder of its target.

    :param fetches: it takes of an event its id, and asks Stripe for the rest.
    """
    copy = Path(shutil.copytree(BACKEND, folder / "shop", ignore=shutil.ignore_patterns("__pycache__")))
    for old, new in (change for defect in defects for change in DEFECTS[defect]):
        _replace(copy / "shop.py", old, new)
    if fetches:
        _replace(copy / "target" / "target.toml", 'BELIEVES = "signatures"', 'BELIEVES = "stripe"')
        _replace(copy / "target" / "target.toml", 'webhooks = "signed"', 'webhooks = "fetched"')
    return copy / "target"


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file.name}: {old!r} is there {text.count(old)} times"
    file.write_text(text.replace(old, new), encoding="utf-8")


def stated_findings() -> dict[str, set[tuple[str, str]]]:
    """Defect → (check, first word of its subject) that tests/targets/shop/DEFECTS.md says must find it."""
    text = _STATED.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w[\w-]+) \| [^|]+ \| ([^|]+) \|$", text, re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)` (\w+)", said)) for name, said in rows if name != "defect"}
