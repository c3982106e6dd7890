"""Which table shows a canonical relation, and which of its columns what, as far as names, types and keys tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simulation.targets.proposal.tables import Column, Table
from simulation.targets.queries import KEYS

_TABLES: Mapping[str, str] = {
    "postings": "posting ledger ledger_entry ledger_line journal_line journal_entry wallet_line wallet_entry"
    " wallet_transaction transaction movement",
    "transfers": "payout_transfer transfer payout cashout withdrawal prize_payment disbursement",
    "payout_jobs": "payout_job payout_batch prize_batch payout_run",
    "payments": "payment_intent payment charge topup top_up deposit",
    "refunds": "refund payback",
    "disputes": "dispute chargeback",
    "stripe_events": "stripe_event stripe_inbox webhook_event webhook processed_event",
    "settlement_runs": "settlement_run settle_run settlement_audit",
    "settlements": "settlement settlement_record result outcome",
    "contest_audit": "contest_audit admin_contest_audit contest_history contest_event pool_move game_trail transition"
    " status_change status_history",
    "audit_records": "audit_log audit audit_record audit_trail audit_event operations_log activity_log journal",
    "runbook_executions": "runbook_execution runbook_run runbook ops_run",
    "ingestion_errors": "ingestion_error board_error feed_error score_error",
    "ingestion_events": "ingestion_event board leaderboard score_snapshot feed_snapshot score_event score",
    "entries": "entry contest_participant participant contest_entry pick signup registration lineup",
    "contests": "contest contest_instance pool game league competition match",
    "users": "user member player person people account customer profile",
}
"""Canonical relation → words for its table, in the singular; the narrower relations first."""
_COLUMNS: Mapping[str, str] = {
    "name": "name title label contest_name",
    "status": "status state phase",
    "organizer_id": "organizer_id organizer host_id host captain owner_id owner created_by",
    "entry_fee_cents": "entry_fee_cents fee_cents entry_cents entry_fee fee buy_in price_cents stake",
    "payout_structure": "payout_structure prize_split split prizes payouts",
    "scoring": "scoring score_rules rules",
    "tournament": "tournament tournament_id provider_event_id event_id",
    "created_at": "created_at made_at created_on requested_at asked_at noted_at written_at booked_at inserted_at"
    " moved_at queued_at at",
    "lock_time": "lock_time locks_at closes_at deadline entry_deadline",
    "start_time": "start_time starts_at begins_at",
    "end_time": "end_time ends_at",
    "completed_at": "completed_at finished_at done_at closed_at",
    "settled_at": "settled_at settle_time settled_on made_at",
    "paid_out_at": "paid_out_at paid_at",
    "joined_at": "joined_at signed_up_at picked_at entered_at created_at",
    "roster": "roster picks golfers lineup selection players",
    "stripe_payment_intent_id": "stripe_payment_intent_id payment_intent_id stripe_intent intent_id intent",
    "amount_cents": "amount_cents cents amount total_cents",
    "transaction_id": "transaction_id xact txn transaction txid",
    "account": "account wallet account_name",
    "entry_type": "entry_type kind type what",
    "direction": "direction side dr_cr",
    "currency": "currency",
    "reference_type": "reference_type about_kind ref_type",
    "reference_id": "reference_id about_id about ref_id",
    "idempotency_key": "idempotency_key idem_key once line_key request_key",
    "stripe_event_id": "stripe_event_id event_id stripe_event",
    "participant_count": "participant_count players participants paid_players entries",
    "total_pool_cents": "total_pool_cents pot_cents pool_cents pot",
    "results": "results standings rankings",
    "settlement_id": "settlement_id result_id",
    "total_payouts": "total_payouts prizes total",
    "completed_count": "completed_count sent completed",
    "failed_count": "failed_count failed",
    "attempt_count": "attempt_count attempts tries",
    "max_attempts": "max_attempts max_tries",
    "stripe_transfer_id": "stripe_transfer_id stripe_transfer transfer_ref stripe_id",
    "stripe_refund_id": "stripe_refund_id stripe_refund stripe_id",
    "stripe_dispute_id": "stripe_dispute_id stripe_id",
    "failure_reason": "failure_reason failure dropped_because error",
    "payment_id": "payment_id charge_id topup_id payment_intent_row",
    "reason": "reason why note",
    "event_type": "event_type kind type",
    "processing_status": "processing_status status state",
    "received_at": "received_at got_at fetched_at created_at",
    "processed_at": "processed_at handled_at",
    "error": "error",
    "error_code": "error_code code",
    "actor": "actor who admin_user_id by_whom",
    "action": "action what",
    "from_status": "from_status from_state from_phase old_status",
    "to_status": "to_status to_state to_phase new_status",
    "entity_type": "entity_type about_kind",
    "entity_id": "entity_id about_id",
    "request_id": "request_id request",
    "payload_hash": "payload_hash body_hash sha256 hash",
    "payload_sha256": "payload_sha256 sha256 body_hash",
    "payload": "payload body",
    "validation_status": "validation_status valid good",
    "is_admin": "is_admin is_staff staff admin",
    "stripe_account_id": "stripe_account_id stripe_connected_account_id payout_account stripe_account",
    "deleted_at": "deleted_at removed_at",
}
"""Canonical column → names that it has elsewhere, the likeliest first."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A canonical column and what shows it; ``sure`` is False where the name does not say so."""

    canonical: str
    column: Column | None
    sure: bool


@dataclass(frozen=True, kw_only=True)
class Match:
    """A canonical relation and the table that shows it; ``sure`` is False where another might."""

    relation: str
    table: Table
    sure: bool
    shown: tuple[Shown, ...] = ()


def matched(tables: Sequence[Table], columns: Mapping[str, Sequence[str]]) -> tuple[Match, ...]:
    """The relations for which there is a table, each table once.

    :param columns: canonical relation → its columns.
    """
    ranked = sorted(
        (-_likeness(table.name, _TABLES[relation].split()), place, table.name, relation)
        for place, relation in enumerate(_TABLES)
        for table in tables
        if _likeness(table.name, _TABLES[relation].split())
    )
    chosen: dict[str, str] = {}
    for _, _, name, relation in ranked:
        if relation not in chosen and name not in chosen.values():
            chosen[relation] = name
    known = {table.name: table for table in tables}
    found = []
    for relation, names in columns.items():
        if relation in chosen:
            table = known[chosen[relation]]
            rivals = sum(item[3] == relation for item in ranked)
            shown = tuple(_shown(name, relation, table, chosen) for name in names)
            found.append(Match(relation=relation, table=table, sure=rivals == 1, shown=shown))
    return tuple(found)


def _shown(name: str, relation: str, table: Table, chosen: Mapping[str, str]) -> Shown:
    known = {column.name: column for column in table.columns}
    if name == KEYS[relation] and relation != "entries":
        return Shown(canonical=name, column=known.get(table.key[0]) if len(table.key) == 1 else None, sure=True)
    for of, key in (("contests", "contest_id"), ("users", "user_id")):
        if name == key and of in chosen:
            own = table.key[0] if table.name == chosen[of] and len(table.key) == 1 else table.to(chosen[of])
            return Shown(canonical=name, column=known.get(own or ""), sure=True)
    fitting = [column for column in table.columns if _fits(name, column)]
    for place, word in enumerate(_COLUMNS.get(name, name).split()):
        for column in fitting:
            if column.name == word:
                return Shown(canonical=name, column=column, sure=place == 0 or len(word) > 3)
    return Shown(canonical=name, column=None, sure=False)


def _fits(name: str, column: Column) -> bool:
    if name.endswith(("_at", "_time")):
        return column.is_time
    return column.is_number if name.endswith(("_cents", "_count")) else not column.is_time


def _likeness(table: str, words: Iterable[str]) -> int:
    """How much a table's name says one of the words: 0 for not at all; more for a longer word, and for the whole."""
    name = _singular(table)
    scores = [
        4 * (word.count("_") + 1) + 2 * (name == word) + name.endswith(word)
        for word in map(_singular, words)
        if re.search(rf"(^|_){word}(_|$)", name)
    ]
    return max(scores, default=0)


def _singular(name: str) -> str:
    return "_".join(_singular_word(part) for part in name.lower().split("_"))


def _singular_word(word: str) -> str:
    for ending, singular in (("ies", "y"), ("ches", "ch"), ("sses", "ss"), ("xes", "x"), ("ss", "ss"), ("s", "")):
        if word.endswith(ending):
            return word.removesuffix(ending) + singular
    return word
