"""How the report says things: money, counts, outcomes, fault kinds. Said once, so that all formats say it alike."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.checks.evidence.money import dollars as dollars


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 contest``, ``4 contests``, ``1,204 records``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(things: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}" if things else "none"


def ordinal(rank: int) -> str:
    """``1st``, ``2nd``, ``11th``."""
    suffix = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{suffix}"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """An outcome in a word, a symbol and a tone; the symbol and the word read without the colour."""

    word: str
    symbol: str
    tone: str
    """``good``, ``bad``, ``doubt`` or ``plain``."""


_MARKS = {
    "pass": Mark(word="pass", symbol="✓", tone="good"),
    "fail": Mark(word="fail", symbol="✗", tone="bad"),
    "unknown": Mark(word="unknown", symbol="?", tone="doubt"),
    "not_verified": Mark(word="not verified", symbol="–", tone="plain"),
}


def mark(outcome: str) -> Mark:
    """The mark of a verdict's or a criterion's outcome. Anything else than the four known outcomes is doubt."""
    return _MARKS.get(outcome, Mark(word=outcome, symbol="?", tone="doubt"))


HEADLINES = {
    "pass": "The platform lived through the absence by itself",
    "fail": "The platform did not live through the absence",
    "unknown": "It cannot be said whether the platform lived through the absence",
}

_FAULTS = {
    "transfer_timeout_before": "A transfer to Stripe times out before Stripe did anything",
    "transfer_timeout_after": "Stripe makes a transfer, but its answer never arrives",
    "transfer_error": "Stripe answers a transfer with an error",
    "transfer_reset": "The connection to Stripe drops during a transfer",
    "transfer_then_killed": "The platform is killed between Stripe's transfer and its own commit",
    "webhook_then_killed": "The platform is killed between its commit and its answer to a notice of payment",
    "backend_killed": "Every program of the platform is killed, and started again",
    "transfer_refused": "Stripe refuses a transfer for its amount",
    "transfer_key_taken": "Stripe has a transfer's key from a request for another amount",
    "transfer_winner_deleted": "A winner deletes their account before the prize gets through",
    "destination_invalid": "A winner's payout account is closed",
    "destination_suspended": "A winner's payout account is suspended",
    "stripe_outage": "Stripe does not answer for a while",
    "stripe_reserve": "Stripe holds the available balance back for a while",
    "payout_timer_stopped": "The payout scheduler's timer stops for a while",
    "webhook_duplicated": "The notice of a payment arrives twice",
    "webhook_delayed": "The notice of a payment arrives late",
    "webhook_lost": "The notice of a payment never arrives",
    "two_events_for_one_payment": "Stripe gives notice of one payment under two event ids",
    "provider_outage": "The score provider does not answer",
    "provider_malformed": "The score provider sends broken data",
    "provider_incomplete_final": "The score provider calls a tournament final with scores missing",
    "signing_secret_rolled": "Stripe signs with a secret that the platform does not have",
    "provider_correction": "The score provider corrects a score after the settlement",
    "contest_row_held": "Another session holds a contest's row when it is to be locked",
    "database_connections_exhausted": "Another program takes every database connection that is left",
    "contest_rows_lost": "A maintenance script deletes a contest's scores from the database",
    "authentication_outage": "The identity service's key is gone, and no token can be verified",
    "refund_requested": "An entrant asks for the entry fee",
    "chargeback": "A cardholder charges a payment back",
}


def fault_title(kind: str) -> str:
    """A fault kind as a sentence for people."""
    return _FAULTS.get(kind, kind.replace("_", " ").capitalize())
