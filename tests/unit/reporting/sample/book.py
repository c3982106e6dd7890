"""Where the sample's events and rows are gathered before they become a history."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from simulation.events import Event, Observation, Row
from simulation.history import History

START = datetime(2026, 3, 1, tzinfo=UTC)
SYSTEM = "00000000-0000-0000-0000-000000000000"
OPERATOR = str(uuid.uuid5(uuid.NAMESPACE_OID, "operator"))


def day(number: float, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """An instant of the sample's window."""
    return START + timedelta(days=number, hours=hour, minutes=minute, seconds=second)


def make_id(*parts: object) -> str:
    """A stable UUID for a thing of the sample."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, ":".join(str(part) for part in parts)))


@dataclass(kw_only=True)
class Book:
    """Events in any order; relations by name."""

    entries: list[tuple[datetime, str, Event]] = field(default_factory=list)
    relations: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, at: datetime, event: Event, *, cause: str = "setup") -> None:
        self.entries.append((at, cause, event))

    def row(self, relation: str, **columns: object) -> Row:
        row: Row = {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in columns.items()
        }  # type: ignore[misc]
        self.relations.setdefault(relation, []).append(row)
        return row

    def audit(self, at: datetime, *, actor: str, action: str, reason: str, entity: str, entity_id: str) -> None:
        number = len(self.relations.get("audit_records", ())) + 1
        self.row(
            "audit_records",
            audit_id=make_id("audit", number),
            transaction_id=number,
            actor=actor,
            action=action,
            reason=reason,
            entity_type=entity,
            entity_id=entity_id,
            request_id=f"req-{number}" if actor != SYSTEM else f"job:{action}:{at:%Y-%m-%dT%H:%M}",
            created_at=at,
        )

    def post(
        self,
        at: datetime,
        *,
        contest: str,
        user: str | None,
        entry: str,
        debit: str,
        credit: str,
        cents: int,
        reference: tuple[str, str],
    ) -> None:
        """One balanced business event of the ledger."""
        transaction = make_id("posting", entry, *reference, len(self.relations.get("postings", ())))
        for direction, account in (("DEBIT", debit), ("CREDIT", credit)):
            self.row(
                "postings",
                posting_id=make_id(transaction, direction),
                transaction_id=transaction,
                contest_id=contest,
                user_id=user,
                account=account,
                entry_type=entry,
                direction=direction,
                amount_cents=cents,
                currency="USD",
                reference_type=reference[0],
                reference_id=reference[1],
                idempotency_key=f"{entry.lower()}:{reference[1]}:{direction.lower()}",
                stripe_event_id=None,
                created_at=at,
            )

    def history(self, *, first: Event, last: Event, end: datetime) -> History:
        """Everything in order of time, stamped, with the relations observed at the end."""
        ordered = sorted(self.entries, key=lambda entry: entry[0])
        stamped = [(START, "setup", first), *ordered]
        for name in sorted(self.relations):
            rows = tuple(sorted(self.relations[name], key=lambda row: str(row.get("created_at") or "")))
            stamped.append((end, "observer", Observation(relation=name, rows=rows)))
        stamped.append((end, "setup", last))
        return History(
            event.model_copy(update={"seq": seq, "at": at, "cause": cause})
            for seq, (at, cause, event) in enumerate(stamped, start=1)
        )
