"""What a run needs of an environment: a database on the simulated clock, with a role for each of its users."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ROLES = ("platform", "observer", "founder", "witness", "maintenance")
"""``platform``: the app; ``observer``: only reads; ``founder``: revoked before day 0; ``witness``: reads the WAL;
``maintenance``: the hosting provider's own scripts, which no trigger stops; used by a fault only."""


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database of one run. Connection strings hold throw-away passwords: never print or record them."""

    name: str
    clock_file: Path
    """The clock file that the server reads."""

    host: str
    port: int
    passwords: dict[str, str] = field(repr=False)

    def conninfo(self, role: str, *, application: str) -> str:
        """libpq connection string of a role."""
        return (
            f"host={self.host} port={self.port} dbname={self.name} user={role} "
            f"password={self.passwords[role]} application_name={application}"
        )

    def url(self, role: str, *, application: str) -> str:
        """The same as an SQLAlchemy URL (psycopg 3)."""
        return (
            f"postgresql+psycopg://{role}:{self.passwords[role]}@/{self.name}"
            f"?host={self.host}&port={self.port}&application_name={application}"
        )
