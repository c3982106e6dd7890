"""Defects by which people in good standing are turned away: occasional errors, and rules that the specification does
not have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.access import users
from simulation.staging.contests import contests
from simulation.staging.errors import ApiError
from simulation.staging.money import payments

DEFECTS = DefectRegistry("contests")
_LONGEST_NAME = 13
_ROOM_LEFT = 4


@DEFECTS.sabotage("nobody_turned_away", origin="a race in a cache: one request in four finds it half filled")
def join_fails_now_and_then(patches: Patches) -> None:
    """Every fourth join answers 500."""
    _every_fourth(patches, contests, "join", KeyError("roster"))


@DEFECTS.sabotage("nobody_turned_away", origin="a rate limit for all people together that was meant for each of them")
def fourth_payment_is_one_too_many(patches: Patches) -> None:
    """Every fourth request to open a payment answers 429."""
    _every_fourth(patches, payments, "create_intent", ApiError(429, "too_many_requests", "try again later"))


@DEFECTS.sabotage(
    "nobody_turned_away",
    origin="a client library that was initialized in the first worker process only: in the others each call fails",
)
def accounts_refused_without_asking_stripe(patches: Patches) -> None:
    """Every fourth request for a payout account answers 502, though Stripe was never asked."""
    _every_fourth(patches, users, "connect_account", ApiError(502, "STRIPE_API_ERROR", "Stripe did not answer"))


@DEFECTS.sabotage("nobody_turned_away", "promised_events", origin="a limit of a trial version that was never lifted")
def full_too_early(patches: Patches) -> None:
    """A contest takes four entries, whatever its maximum is."""

    def make(real: Any) -> Any:
        def check_open(work: Any, contest: Any) -> None:
            real(work, contest)
            if work.read(contests._COUNT_ENTRIES, contest_id=contest.id)[0].entries >= _ROOM_LEFT:
                patches.trigger()
                raise ApiError(409, "contest_full", f"the contest has its {_ROOM_LEFT} entries")

        return check_open

    patches.replace(contests, "_check_open", make)


@DEFECTS.sabotage("nobody_turned_away", "promised_events", origin="a lock time compared in the server's own time zone")
def closed_an_hour_early(patches: Patches) -> None:
    """Within the last hour before the lock a contest takes no entries."""

    def make(real: Any) -> Any:
        def check_open(work: Any, contest: Any) -> None:
            real(work, contest)
            if contest.lock_time - timedelta(hours=1) <= datetime.now(UTC):
                patches.trigger()
                raise ApiError(409, "contest_not_open", "the contest takes no entries")

        return check_open

    patches.replace(contests, "_check_open", make)


@DEFECTS.sabotage("nobody_turned_away", origin="a column that a migration made shorter than the longest name in it")
def long_names_refused(patches: Patches) -> None:
    """Nobody whose name has more than thirteen characters can sign up: 400."""

    def make(real: Any) -> Any:
        def create(*arguments: Any, name: str, **facts: Any) -> Any:
            if len(name) > _LONGEST_NAME and not facts.get("is_admin"):
                patches.trigger()
                raise ApiError(400, "invalid_field", "name is too long")
            return real(*arguments, name=name, **facts)

        return create

    patches.replace(users, "create", make)


def _every_fourth(patches: Patches, module: Any, name: str, error: Exception) -> None:
    calls = 0

    def make(real: Any) -> Any:
        def sometimes(*arguments: Any, **facts: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls % 4 == 0:
                patches.trigger()
                raise error
            return real(*arguments, **facts)

        return sometimes

    patches.replace(module, name, make)
