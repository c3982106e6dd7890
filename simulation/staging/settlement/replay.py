"""A settlement computed once more from its checkpoint: the event it applied, its entrants, the contest's terms.

Everything it reads is append-only or immutable, so the result can differ only if the settlement was wrong, or was
tampered with. A replay writes down what it found; scores, record, ledger and transfers stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.canonical import sha256_of
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.runtime import Runtime
from simulation.staging.scores.validation import validate
from simulation.staging.settlement.records import Settlement
from simulation.staging.settlement.settlement import outcome
from simulation.staging.unit_of_work import UnitOfWork

_CHECKPOINT = text("""
    SELECT c.*, r.settlement_run_id, r.results_sha256, h.scores_json, h.scores_hash, s.event_ids_applied
    FROM contest_instances c JOIN settlement_records r ON r.contest_instance_id = c.id
    JOIN settlement_audit s ON s.settlement_run_id = r.settlement_run_id
    JOIN score_history h ON h.settlement_run_id = r.settlement_run_id WHERE c.id = :id
""")
_EVENT = text("""
    SELECT id, provider_data_json FROM ingestion_events WHERE id = :id AND contest_instance_id = :contest_id
""")
_ROSTERS = text("SELECT user_id, roster FROM contest_participants WHERE contest_instance_id = :id ORDER BY user_id")
_TRANSFERS = text("SELECT user_id, amount_cents FROM payout_transfers WHERE contest_id = :id")


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What a settlement says, and what its replay gave."""

    settlement_run_id: UUID
    settled_scores_hash: str
    replayed_scores_hash: str
    settled_results_sha256: str
    replayed_results_sha256: str
    payouts_as_settled: bool
    """Each winner has one transfer of the prize, and nobody else has any."""

    @property
    def follows(self) -> bool:
        """The settlement is what its checkpoint gives, and what is paid is what was settled."""
        return (
            self.settled_scores_hash == self.replayed_scores_hash
            and self.settled_results_sha256 == self.replayed_results_sha256
            and self.payouts_as_settled
        )


def run(runtime: Runtime, context: Context, contest_id: UUID, *, reason: str) -> Replay:
    """Replay a settlement and record that it was done, and with what result. Raises 404 for one that is not settled."""
    with runtime.unit_of_work(
        context, action="settlement_replayed", reason=reason, entity=("contest", contest_id)
    ) as work:
        replay = of_contest(work, contest_id)
        proof: dict[str, object] = {
            "settlement_run_id": str(replay.settlement_run_id),
            "follows": replay.follows,
            "replayed_results_sha256": replay.replayed_results_sha256,
        }
        work.payload.update(proof)
        work.record_contest_action(contest_id, action="settlement_replayed", reason=reason, payload=proof)
    write = runtime.log.info if replay.follows else runtime.log.error
    write("Settlement", "settlement replayed", contest_id=contest_id, request_id=context.request_id, **proof)
    return replay


def of_contest(work: UnitOfWork, contest_id: UUID) -> Replay:
    """The same within a transaction, without a record of its own. Raises 404."""
    rows = work.read(_CHECKPOINT, id=contest_id)
    if not rows:
        raise ApiError(404, "settlement_not_found", f"contest {contest_id} is not settled")
    checkpoint = rows[0]
    replayed = _replayed(work, checkpoint)
    owed = {ranking.user_id: ranking.payout_cents for ranking in replayed.rankings if ranking.payout_cents}
    transfers = [(row.user_id, row.amount_cents) for row in work.read(_TRANSFERS, id=contest_id)]
    return Replay(
        settlement_run_id=checkpoint.settlement_run_id,
        settled_scores_hash=checkpoint.scores_hash,
        replayed_scores_hash=sha256_of(replayed.scores),
        settled_results_sha256=checkpoint.results_sha256,
        replayed_results_sha256=sha256_of(replayed.results()),
        payouts_as_settled=sorted(transfers) == sorted(owed.items()),
    )


def _replayed(work: UnitOfWork, checkpoint: Row[Any]) -> Settlement:
    """The replay of a checkpoint. Raises 409 if the checkpoint itself is incomplete."""
    events = [
        row
        for event_id in checkpoint.event_ids_applied
        for row in work.read(_EVENT, id=event_id, contest_id=checkpoint.id)
    ]
    if len(events) != 1:
        raise ApiError(409, "checkpoint_incomplete", f"{len(events)} of the events that were applied are there")
    found = events[0].provider_data_json["events"][0]["id"]
    board, _ = validate(events[0].provider_data_json, found)
    rosters = settled_rosters(work, checkpoint.id, checkpoint.scores_json)
    if board is None or len(rosters) != len(checkpoint.scores_json):
        raise ApiError(409, "checkpoint_incomplete", "the board or the entrants that were settled are not all there")
    return outcome(checkpoint, events[0].id, board, rosters)


def settled_rosters(work: UnitOfWork, contest_id: UUID, scores: Mapping[str, object]) -> dict[UUID, list[str]]:
    """Rosters of those who were scored in a settlement, by its ``scores_json``."""
    entrants = work.read(_ROSTERS, id=contest_id)
    return {entrant.user_id: entrant.roster for entrant in entrants if str(entrant.user_id) in scores}
