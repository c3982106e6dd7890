"""What a fault struck (its victims): the transfers, payments, postings, webhooks or tournament that it affected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.events import FaultInjected, FaultScheduled, ProviderAnswer, Row, WebhookAttempt
from simulation.reporting.parts.fields import instant, number, text
from simulation.reporting.parts.source import ReportSource
from simulation.reporting.words import listed, money
from simulation.scenario.faults.payments import PaymentFault
from simulation.scenario.faults.registry import KINDS


@dataclass(frozen=True, kw_only=True)
class Victims:
    """The rows and deliveries that have one of the ids recorded when the fault was injected."""

    transfers: tuple[Row, ...]
    payments: tuple[Row, ...]
    postings: tuple[Row, ...]
    deliveries: tuple[WebhookAttempt, ...]
    answers: tuple[ProviderAnswer, ...]
    """The provider's answers about a struck tournament, from the first injection on."""
    tournament: str | None
    repeated: bool
    """The fault delivers a webhook more than once: it is over when the last delivery is answered."""
    named: str
    """The victims in words, for the report."""

    @property
    def found(self) -> bool:
        """There are records from which recovery can be determined."""
        return bool(self.transfers or self.payments or self.tournament)

    def restored_at(self, struck: datetime, struck_last: datetime, window_end: datetime | None) -> datetime | None:
        """When all victims were in order again or in a terminal state; None when they never were.

        The provider's "nothing new" answers are not recorded, so the end of an outage (``window_end``) counts too.
        """
        if self.transfers:
            ends = [self._transfer_final(row) for row in self.transfers]
            return max((end for end in ends if end), default=None) if all(ends) else None
        if self.payments:
            return self._payment_restored(struck)
        good = [a.at for a in self.answers if a.valid and a.fault_id is None and a.at > struck_last]
        return min([*good, *([window_end] if window_end else [])], default=None)

    def _transfer_final(self, transfer: Row) -> datetime | None:
        """When a transfer became terminal: its ``completed_at``, else its last posting's time; None while open."""
        if transfer.get("status") not in ("completed", "failed_terminal"):
            return None
        mine = (row for row in self.postings if text(row, "reference_id") == text(transfer, "transfer_id"))
        posted = [at for row in mine if (at := instant(row, "created_at")) is not None]
        return instant(transfer, "completed_at") or max(posted, default=None)

    def _payment_restored(self, struck: datetime) -> datetime | None:
        posted = [at for row in self.postings if (at := instant(row, "created_at")) is not None]
        if not posted:
            return None
        answered = [d.at for d in self.deliveries if d.status is not None and d.status < 300 and d.at >= struck]
        return max(answered, default=None) if self.repeated or min(posted) < struck else min(posted)


def victims_of(source: ReportSource, scheduled: FaultScheduled, injected: tuple[FaultInjected, ...]) -> Victims:
    """Find the rows and deliveries that match the ids of all injections of one fault."""
    keys = {value for event in injected for value in event.keys.values()}
    tournament = next((event.keys["tournament"] for event in injected if "tournament" in event.keys), None)
    tournament = tournament or scheduled.keys.get("tournament")
    transfers = tuple(row for row in source.rows("transfers") if text(row, "transfer_id") in keys)
    payments = tuple(
        row
        for row in source.rows("payments")
        if {text(row, "payment_id"), text(row, "stripe_payment_intent_id")} & (keys - {""})
    )
    references = {text(row, "transfer_id") for row in transfers} | {text(row, "payment_id") for row in payments}
    intents = {text(row, "stripe_payment_intent_id") for row in payments}
    first = injected[0].at if injected else source.calendar.end
    return Victims(
        transfers=transfers,
        payments=payments,
        postings=tuple(row for row in source.rows("postings") if text(row, "reference_id") in references),
        deliveries=tuple(
            attempt
            for attempt in source.history.of(WebhookAttempt)
            if attempt.event_id in keys or attempt.fault_id == scheduled.fault_id or attempt.object_id in intents
        ),
        answers=tuple(
            answer
            for answer in source.history.of(ProviderAnswer)
            if answer.tournament == tournament and answer.at >= first
        ),
        tournament=tournament,
        repeated=_is_repeated(scheduled),
        named=_named(source, scheduled, transfers, payments, tournament),
    )


def _is_repeated(scheduled: FaultScheduled) -> bool:
    kind = KINDS.get(scheduled.fault_kind)
    return kind is not None and issubclass(kind, PaymentFault) and kind.repeats


def _named(
    source: ReportSource,
    scheduled: FaultScheduled,
    transfers: tuple[Row, ...],
    payments: tuple[Row, ...],
    tournament: str | None,
) -> str:
    def told(what: str, row: Row) -> str:
        person, contest = source.names.person(text(row, "user_id")), source.names.contest(text(row, "contest_id"))
        return f"{what} of {money(number(row, 'amount_cents'), source.currency(row))}, {person} in {contest}"

    parts = [told("prize", row) for row in transfers] + [told("entry fee", row) for row in payments]
    if not parts and tournament:
        contests = [text(row, "name") for row in source.rows("contests") if text(row, "tournament") == tournament]
        parts = [f"tournament {tournament}" + (f", on which {listed(contests)} depend" if contests else "")]
    if not parts and "contest" in scheduled.keys:
        parts = [f"contest {source.names.contest(scheduled.keys['contest'])}"]
    return listed(parts)
