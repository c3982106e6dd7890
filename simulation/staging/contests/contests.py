"""Contests before they begin: creating, publishing, joining, moving their times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.errors import LockNotAvailable
from sqlalchemy import Row, text
from sqlalchemy.exc import OperationalError

from simulation.staging.canonical import canonical_json, iso
from simulation.staging.contests.terms import Schedule, Terms
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

_INSERT = text("""
    INSERT INTO contest_instances (id, contest_name, organizer_id, currency, entry_fee_cents, payout_structure,
        max_entries, min_entries, guaranteed_pool_cents, status, provider_event_id, scoring, lock_time, start_time,
        end_time)
    VALUES (:id, :contest_name, :organizer_id, :currency, :entry_fee_cents, CAST(:payout_structure AS jsonb),
        :max_entries, :min_entries, :guaranteed_pool_cents, 'SCHEDULED', :provider_event_id, CAST(:scoring AS jsonb),
        :lock_time, :start_time, :end_time)
""")
_LOCK_ORGANIZER = text("SELECT id FROM users WHERE id = :id FOR NO KEY UPDATE")
_CREATED_JUST_NOW = text("""
    SELECT id FROM contest_instances
    WHERE organizer_id = :organizer_id AND published_at IS NULL AND status = 'SCHEDULED'
        AND contest_name = :contest_name AND currency = :currency AND entry_fee_cents = :entry_fee_cents
        AND max_entries = :max_entries
        AND min_entries = :min_entries AND guaranteed_pool_cents = :guaranteed_pool_cents
        AND payout_structure = CAST(:payout_structure AS jsonb) AND scoring = CAST(:scoring AS jsonb)
        AND provider_event_id = :provider_event_id AND lock_time = :lock_time AND start_time = :start_time
        AND end_time = :end_time AND created_at > now() - make_interval(mins => :minutes)
    ORDER BY created_at LIMIT 1
""")
_ASKS_AGAIN_MINUTES = 10
"""Whoever got no answer asks again; so long after the first try the same terms are taken for the same contest."""
_LOCK = text("SELECT * FROM contest_instances WHERE id = :id FOR NO KEY UPDATE NOWAIT")
_PUBLISH = text("UPDATE contest_instances SET published_at = now(), updated_at = now() WHERE id = :id RETURNING id")
_SET_TIMES = text("""
    UPDATE contest_instances SET lock_time = :lock_time, start_time = :start_time, end_time = :end_time,
        updated_at = now()
    WHERE id = :id AND status = 'SCHEDULED' RETURNING id
""")
_ENTRY = text(
    "SELECT roster, joined_at FROM contest_participants WHERE contest_instance_id = :contest_id AND user_id = :user_id"
)
HAS_LEFT = """EXISTS (
    SELECT FROM contest_withdrawals w
    WHERE w.contest_instance_id = e.contest_instance_id AND w.user_id = e.user_id)"""
"""SQL condition: the entry ``e`` counts no more."""
_COUNT_ENTRIES = text(f"""
    SELECT count(*) AS entries FROM contest_participants e
    WHERE e.contest_instance_id = :contest_id AND NOT {HAS_LEFT}
""")  # noqa: S608 - every part is ours
_WITHDRAWN = text(
    "SELECT withdrawn_at FROM contest_withdrawals WHERE contest_instance_id = :contest_id AND user_id = :user_id"
)
_JOIN = text("""
    INSERT INTO contest_participants (contest_instance_id, user_id, roster)
    VALUES (:contest_id, :user_id, CAST(:roster AS jsonb)) RETURNING joined_at
""")


class ContestBusy(ApiError):
    """Another session has locked the contest's row. The request fails at once instead of waiting; it may be retried."""

    def __init__(self, contest_id: UUID) -> None:
        super().__init__(503, "contest_busy", f"contest {contest_id} is held by another session; try again")


def locked(work: UnitOfWork, contest_id: UUID) -> Row[Any]:
    """The contest's row, held until the transaction ends; raises 404 `contest_not_found` and ContestBusy."""
    try:
        rows = work.read(_LOCK, id=contest_id)
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise ContestBusy(contest_id) from error
        raise
    if not rows:
        raise ApiError(404, "contest_not_found", f"no contest {contest_id}")
    return rows[0]


def create(runtime: Runtime, context: Context, terms: Terms) -> UUID:
    """A new contest of the acting organizer, not yet visible; the same one for the same terms again soon after."""
    terms.schedule.check(datetime.now(UTC))
    asked = {
        "contest_name": terms.contest_name,
        "organizer_id": context.actor,
        "currency": terms.currency,
        "entry_fee_cents": terms.entry_fee_cents,
        "payout_structure": canonical_json(terms.payout_structure),
        "max_entries": terms.max_entries,
        "min_entries": terms.min_entries,
        "guaranteed_pool_cents": terms.guaranteed_pool_cents,
        "provider_event_id": terms.provider_event_id,
        "scoring": canonical_json(terms.scoring),
        "lock_time": terms.schedule.lock_time,
        "start_time": terms.schedule.start_time,
        "end_time": terms.schedule.end_time,
    }
    contest_id = runtime.new_id()
    with runtime.unit_of_work(
        context, action="contest_created", reason="organizer created a contest", entity=("contest", contest_id)
    ) as work:
        work.read(_LOCK_ORGANIZER, id=context.actor)  # two of one request at once: the second finds the first's contest
        known = work.read(_CREATED_JUST_NOW, **asked, minutes=_ASKS_AGAIN_MINUTES)
        if known:
            return UUID(str(known[0].id))
        work.write(_INSERT, id=contest_id, **asked)
        work.record_contest_action(contest_id, action="created", reason=work.reason, to_status="SCHEDULED")
    runtime.log.info(
        "Lifecycle", "contest created", contest_id=contest_id, user_id=context.actor, request_id=context.request_id
    )
    return contest_id


def publish(runtime: Runtime, context: Context, contest_id: UUID) -> None:
    """Open the contest for entries. Safe to repeat."""
    with runtime.unit_of_work(
        context, action="contest_published", reason="organizer published the contest", entity=("contest", contest_id)
    ) as work:
        contest = organized(work, context, contest_id)
        if contest.published_at is not None:
            return
        if contest.status != "SCHEDULED" or contest.lock_time <= datetime.now(UTC):
            raise ApiError(
                409, "contest_not_publishable", "only a scheduled contest before its lock time can be published"
            )
        work.write(_PUBLISH, id=contest_id)
        work.record_contest_action(
            contest_id, action="published", reason=work.reason, from_status=contest.status, to_status=contest.status
        )
    runtime.log.info("Lifecycle", "contest published", contest_id=contest_id, request_id=context.request_id)


def organized(work: UnitOfWork, context: Context, contest_id: UUID) -> Row[Any]:
    """The contest's row, locked, if the actor is its organizer; raises 403 otherwise."""
    contest = locked(work, contest_id)
    if contest.organizer_id != context.actor:
        raise ApiError(403, "forbidden", "only the organizer may do this")
    return contest


def join(runtime: Runtime, context: Context, contest_id: UUID, roster: object) -> datetime:
    """Enter the acting person with a roster; repeating the same entry gives the same answer."""
    with runtime.unit_of_work(
        context, action="contest_joined", reason="user joined the contest", entity=("contest", contest_id)
    ) as work:
        contest = locked(work, contest_id)
        players = _roster(roster, contest.scoring["roster_size"])
        existing = work.read(_ENTRY, contest_id=contest_id, user_id=context.actor)
        if existing and work.read(_WITHDRAWN, contest_id=contest_id, user_id=context.actor):
            raise ApiError(409, "contest_left", "this user has left the contest, for good")
        if existing:
            if existing[0].roster != players:
                raise ApiError(409, "already_joined", "this user has entered the contest with another roster")
            joined_at: datetime = existing[0].joined_at
            return joined_at
        _check_open(work, contest)
        joined = work.write(_JOIN, contest_id=contest_id, user_id=context.actor, roster=canonical_json(players))
        work.payload.update(user_id=str(context.actor), roster=players)
        joined_at = joined[0].joined_at
    runtime.log.info(
        "Lifecycle", "contest joined", contest_id=contest_id, user_id=context.actor, request_id=context.request_id
    )
    return joined_at


def entries(work: UnitOfWork, contest_id: UUID) -> int:
    """How many entries the contest has, without those who left it."""
    return int(work.read(_COUNT_ENTRIES, contest_id=contest_id)[0].entries)


def update_times(runtime: Runtime, context: Context, contest_id: UUID, schedule: Schedule, reason: str) -> None:
    """Move the planned times of a contest that is not locked yet."""
    with runtime.unit_of_work(
        context, action="contest_times_updated", reason=reason, entity=("contest", contest_id)
    ) as work:
        contest = locked(work, contest_id)
        if contest.status != "SCHEDULED":
            raise ApiError(409, "contest_not_scheduled", f"times are fixed once a contest is {contest.status}")
        schedule.check(datetime.now(UTC))
        work.write(
            _SET_TIMES,
            id=contest_id,
            lock_time=schedule.lock_time,
            start_time=schedule.start_time,
            end_time=schedule.end_time,
        )
        names = ("lock_time", "start_time", "end_time")
        times: dict[str, object] = {name: [iso(getattr(contest, name)), iso(getattr(schedule, name))] for name in names}
        work.payload.update(times)
        work.record_contest_action(
            contest_id,
            action="times_updated",
            reason=reason,
            from_status=contest.status,
            to_status=contest.status,
            payload=times,
        )
    runtime.log.info("Admin", "contest times updated", contest_id=contest_id, request_id=context.request_id)


def _check_open(work: UnitOfWork, contest: Row[Any]) -> None:
    if contest.published_at is None or contest.status != "SCHEDULED" or contest.lock_time <= datetime.now(UTC):
        raise ApiError(409, "contest_not_open", "the contest takes no entries")
    if entries(work, contest.id) >= contest.max_entries:
        raise ApiError(409, "contest_full", f"the contest has its {contest.max_entries} entries")


def _roster(value: object, size: int) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(player, str) and player.strip() for player in value):
        raise ApiError(400, "invalid_roster", "roster must be a list of player ids")
    if len(value) != size or len(set(value)) != size:
        players = "one player" if size == 1 else f"{size} different players"
        raise ApiError(400, "invalid_roster", f"roster must have {players}")
    return list(value)
