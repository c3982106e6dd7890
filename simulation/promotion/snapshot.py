"""The schema snapshot: ``pg_dump`` of a freshly migrated database, without the lines that differ between runs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from simulation.environment.embedded import embedded_postgres
from simulation.environment.installations import install_folder
from simulation.environment.protocol import Database
from simulation.environment.workspace import workspace
from simulation.paths import SCHEMA_SNAPSHOT
from simulation.targets.builtin import load_schema

_HEADER = """\
-- Schema of the staging platform. Written by `make snapshot`; a test compares it with what the migrations make.
"""
_FIRST = "-- PostgreSQL database dump"
_VARYING = re.compile(r"^(-- Dumped |\\(un)?restrict )")


def schema_of(database: Database) -> str:
    """``pg_dump`` of the schema of ``database``, run as superuser, without the lines that differ between runs."""
    dump = subprocess.run(
        [
            install_folder() / "bin" / "pg_dump", "--schema-only", "--no-owner",
            f"--host={database.host}", f"--port={database.port}", "--username=superuser", database.name,
        ],
        env={**os.environ, "PGPASSWORD": database.passwords["superuser"]}, capture_output=True, encoding="utf-8",
        check=True,
    ).stdout  # fmt: skip
    lines = [line for line in dump.splitlines() if not _VARYING.match(line)]
    return _HEADER + re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def fresh_schema() -> str:
    """The snapshot of a temporary database with every migration applied."""
    with fresh_database() as database:
        return schema_of(database)


@contextmanager
def fresh_database() -> Iterator[Database]:
    """A temporary database with every migration applied."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with workspace() as folder, embedded_postgres(folder=folder, now=now) as server:
        server.prepare_template(load_schema)
        yield server.clone("snapshot")


def without_header(snapshot: str) -> str:
    """The output of ``pg_dump`` in a snapshot, without the header (when and why it was taken)."""
    lines = snapshot.splitlines()
    begin = next((number for number, line in enumerate(lines) if not line.startswith("-- ") or line == _FIRST), 0)
    return "\n".join(lines[begin:]) + "\n"


def main() -> None:
    """Write the snapshot of the current migrations, under the header that the file has from its iteration's end.

    The file is read first: a shell that redirects into it would have emptied it by then.
    """
    rewrite(SCHEMA_SNAPSHOT, fresh_schema())


def rewrite(file: Path, schema: str) -> None:
    """Put a schema into a snapshot and keep the header that is there."""
    text = file.read_text(encoding="utf-8")
    header = text.removesuffix(without_header(text))
    file.write_text(header + without_header(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
