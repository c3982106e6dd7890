"""Where the key that verifies admins' tokens is read from, and the failover when it cannot be read.

The identity service signs tokens and keeps its key in a file that is mounted into the platform; a replica of the
service keeps the same key in another. The file is read for every token, so that a rotated key takes effect at once;
when it cannot be read, no token can be verified. Operations then switch the platform to the replica's file.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import text

from simulation.staging import operations_log
from simulation.staging.database import Database
from simulation.staging.errors import ApiError
from simulation.staging.settings import Settings
from simulation.staging.unit_of_work import UnitOfWork

Source = Literal["primary", "replica"]
_LATEST = text("""
    SELECT event, reason, created_at FROM operations_events WHERE subject = 'authentication'
    ORDER BY sequence_number DESC LIMIT 1
""")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('authentication'))")
ENTITY = ("authentication", "signing_key")
"""Entity type and id of a switch in the audit trail."""
FAILED_OVER, SWITCHED_BACK = "failed_over", "switched_back"


class AuthenticationUnavailable(Exception):
    """The key cannot be read, so that no token can be verified."""


class SigningKey:
    """The key in force in this process."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self._own = settings.admin_jwt_secret
        self._files: Mapping[Source, str] = {
            "primary": settings.admin_jwt_key_file,
            "replica": settings.admin_jwt_replica_key_file,
        }
        self._active: Source | None = None

    def read(self) -> str:
        """The key that tokens are signed with now. Raises :class:`AuthenticationUnavailable`."""
        source = self._active or self.active()
        try:
            return self.of(source)
        except AuthenticationUnavailable:
            if self.active() == source:
                raise
            return self.of(self.active())  # another process has switched

    def active(self) -> Source:
        """Which source is in force, according to the record that all processes share."""
        latest = self._database.read(_LATEST)
        self._active = "replica" if latest and latest[0].event == FAILED_OVER else "primary"
        return self._active

    def latest(self) -> Any | None:
        """The last switch that was made."""
        rows = self._database.read(_LATEST)
        return rows[0] if rows else None

    def of(self, source: Source) -> str:
        """The key of one source. Raises :class:`AuthenticationUnavailable`."""
        if source == "primary" and not self._files[source]:
            return self._own
        try:
            key = Path(self._files[source]).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else error  # where it lies is the host's own affair
            raise AuthenticationUnavailable(f"the {source}'s signing key cannot be read: {why}") from error
        if not key:
            raise AuthenticationUnavailable(f"the {source}'s signing key is empty")
        return key

    def is_readable(self, source: Source) -> bool:
        """Whether a source gives a key now."""
        try:
            return bool(self.of(source))
        except AuthenticationUnavailable:
            return False

    def is_available(self) -> bool:
        """Whether tokens can be verified now."""
        try:
            return bool(self.read())
        except AuthenticationUnavailable:
            return False

    def agree(self) -> bool | None:
        """Whether both sources have the same key; None while one cannot be read."""
        try:
            return hmac.compare_digest(self.of("primary"), self.of("replica"))
        except AuthenticationUnavailable:
            return None

    def fail_over(self, work: UnitOfWork) -> None:
        """Use the replica's key from now on. Raises ApiError 409 `already_failed_over`, `replica_unavailable`."""
        work.read(_LOCK)
        if self.active() == "replica":
            raise ApiError(409, "already_failed_over", "the replica's signing key is in force already")
        if not self.is_readable("replica"):
            raise ApiError(409, "replica_unavailable", "the replica's signing key cannot be read either")
        operations_log.note(work, subject="authentication", event=FAILED_OVER, detail={"source": "replica"})

    def switch_back(self, work: UnitOfWork) -> None:
        """Use the primary's key from now on, even if it cannot be read: this restores the state before the failover.

        Raises ApiError 409 `not_failed_over`.
        """
        work.read(_LOCK)
        if self.active() == "primary":
            raise ApiError(409, "not_failed_over", "the primary's signing key is in force already")
        operations_log.note(work, subject="authentication", event=SWITCHED_BACK, detail={"source": "primary"})
