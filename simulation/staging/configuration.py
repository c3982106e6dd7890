"""Settings that operations may change while the platform runs: published as a version, validated, activated, reverted.

A version is the whole set of changed settings. Nothing is ever edited: each publication, validation and
activation of a version is a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, text

from simulation.staging.canonical import canonical_json, row_json
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.runtime import Runtime
from simulation.staging.settings import DEPLOYED, Settings
from simulation.staging.unit_of_work import UnitOfWork

CHANGEABLE: Mapping[str, tuple[int, int]] = {
    "payout_jobs_per_run": (1, 100),
    "payout_transfers_per_job": (1, 500),
    "refunds_per_run": (1, 500),
    "attempt_lease_seconds": (60, 3600),
    "reconciliation_grace_seconds": (300, 86_400),
}
"""Name → least and greatest value allowed. Jobs read the current value at every run."""

_EVENTS = text("SELECT * FROM configuration_events ORDER BY sequence_number")
ACTIVE_VERSION = text(
    "SELECT version FROM configuration_events WHERE event = 'activated' ORDER BY sequence_number DESC LIMIT 1"
)
"""The version in force; no row where none was ever activated."""
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('configuration'))")
_INSERT = text("""
    INSERT INTO configuration_events (id, version, event, settings, findings, reason, admin_user_id)
    VALUES (:id, :version, :event, CAST(:settings AS jsonb), CAST(:findings AS jsonb), :reason, :actor)
""")


def resume(runtime: Runtime) -> None:
    """Load the active version."""
    events = runtime.database.read(_EVENTS)
    runtime.live.use(_active(events), _settings_of(events, _active(events)))


def follow(runtime: Runtime, active_version: int | None) -> None:
    """Load the active version if this process has another one: another process may have activated it since.

    A version is never edited, so its number tells whether it is the one that is loaded.
    """
    if (DEPLOYED if active_version is None else active_version) != runtime.live.version:
        resume(runtime)


def page(runtime: Runtime) -> dict[str, object]:
    """The version in force, its values, which settings may be changed, and the history of every version."""
    resume(runtime)
    events = runtime.database.read(_EVENTS)
    return {
        "active_version": runtime.live.version,
        "settings": {name: getattr(runtime.settings, name) for name in sorted(CHANGEABLE)},
        "limits": {name: {"least": least, "most": most} for name, (least, most) in sorted(CHANGEABLE.items())},
        "events": [row_json(row) for row in events],
    }


def publish(runtime: Runtime, context: Context, settings: object, reason: str) -> int:
    """Store a new version, not yet in force. Raises ApiError 400 if `settings` is not a set of changeable settings."""
    if not isinstance(settings, dict) or not settings:
        raise ApiError(400, "invalid_field", "settings must be an object of names and whole numbers")
    for name, value in settings.items():
        if name not in CHANGEABLE:
            raise ApiError(400, "invalid_field", f"{name} may not be changed; only {', '.join(sorted(CHANGEABLE))}")
        if not isinstance(value, int) or isinstance(value, bool):
            raise ApiError(400, "invalid_field", f"{name} must be a whole number")
    with _changing(runtime, context, "published", reason) as work:
        version = max((row.version for row in _locked(work)), default=DEPLOYED) + 1
        _say(work, context, version, "published", reason, settings=settings)
        work.result = version
    return version


def validate(runtime: Runtime, context: Context, version: int) -> list[str]:
    """Check a version against every rule and record what is wrong with it. Raises 404."""
    with _changing(runtime, context, "validated", f"validation of version {version}") as work:
        changes = _settings_of(_existing(_locked(work), version), version)
        findings = _findings(runtime.live.deployed, changes)
        event = "rejected" if findings else "validated"
        _say(work, context, version, event, f"validation of version {version}", findings=findings)
        work.result = findings
    return findings


def activate(runtime: Runtime, context: Context, version: int, reason: str) -> None:
    """Put a validated version into force. Raises 404; 409 `configuration_not_validated`, `configuration_active`."""
    with _changing(runtime, context, "activated", reason) as work:
        events = _existing(_locked(work), version)
        said = [row.event for row in events if row.version == version and row.event in ("validated", "rejected")]
        if version != DEPLOYED and said[-1:] != ["validated"]:
            raise ApiError(409, "configuration_not_validated", f"version {version} was not found valid")
        if version == _active(events):
            raise ApiError(409, "configuration_active", f"version {version} is active already")
        _say(work, context, version, "activated", reason)
        changes = _settings_of(events, version)
    runtime.live.use(version, changes)
    runtime.log.warning("Admin", "configuration activated", version=version, request_id=context.request_id)


def _findings(deployed: Settings, changes: Mapping[str, int]) -> list[str]:
    """What is wrong with the changed values: out of range, or in conflict with another setting."""
    found = [
        f"{name} must be {least} to {most}, not {changes[name]}"
        for name, (least, most) in sorted(CHANGEABLE.items())
        if name in changes and not least <= changes[name] <= most
    ]
    settings = replace(deployed, **dict(changes))  # type: ignore[arg-type]
    if settings.attempt_lease_seconds <= settings.stripe_timeout_seconds:
        found.append("attempt_lease_seconds must be longer than a Stripe call may take")
    if settings.reconciliation_grace_seconds >= settings.reconciliation_overlap_seconds:
        found.append("reconciliation_grace_seconds must be shorter than the overlap of two reconciliations")
    return found


def _active(events: list[Row[Any]]) -> int:
    return next((row.version for row in reversed(events) if row.event == "activated"), DEPLOYED)


def _settings_of(events: list[Row[Any]], version: int) -> dict[str, int]:
    return next((dict(row.settings) for row in events if row.version == version and row.event == "published"), {})


def _existing(events: list[Row[Any]], version: int) -> list[Row[Any]]:
    if version != DEPLOYED and not any(row.version == version for row in events):
        raise ApiError(404, "configuration_not_found", f"no version {version}")
    return events


def _locked(work: UnitOfWork) -> list[Row[Any]]:
    work.read(_LOCK)
    return list(work.read(_EVENTS))


def _changing(runtime: Runtime, context: Context, what: str, reason: str) -> Any:
    return runtime.unit_of_work(
        context, action=f"configuration_{what}", reason=reason, entity=("configuration", "settings")
    )


def _say(
    work: UnitOfWork,
    context: Context,
    version: int,
    event: str,
    reason: str,
    *,
    settings: dict[str, Any] | None = None,
    findings: list[str] | None = None,
) -> None:
    work.write(
        _INSERT,
        id=work.new_id(),
        version=version,
        event=event,
        settings=None if settings is None else canonical_json(settings),
        findings=None if findings is None else canonical_json(findings),
        reason=reason,
        actor=context.actor,
    )
