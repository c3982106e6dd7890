"""The schema snapshot at the start and the end of an iteration.

Source: fixtures/spec/requirements.md, Database snapshot ritual.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg

from simulation.environment.git import commit_of, is_committed
from simulation.environment.protocol import Database
from simulation.errors import command
from simulation.paths import SCHEMA_SNAPSHOT
from simulation.promotion.snapshot import fresh_database, schema_of, without_header
from simulation.run_directory import shortest
from simulation.targets.builtin import migration_versions

_HEADER = ("Iteration", "Generated", "Changes", "Commit", "Migration")
_UNINDEXED = """
SELECT conrelid::regclass || '.' || string_agg(attname, ', ' ORDER BY attnum) AS key
FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
WHERE contype = 'f' AND NOT EXISTS (
    SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid
    AND (string_to_array(i.indkey::text, ' ')::smallint[])[1:cardinality(c.conkey)] @> c.conkey)
GROUP BY conrelid, c.oid ORDER BY 1
"""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The state of the schema from which an iteration begins."""

    migration: str
    tables: int
    sha256: str
    """Hash of the schema without the snapshot's header."""
    commit: str
    pending: tuple[str, ...]
    """Migrations that are not in the snapshot yet."""


def baseline(snapshot: Path) -> Baseline:
    """Read the baseline from the snapshot file."""
    text = snapshot.read_text(encoding="utf-8")
    noted = _noted(text).get("Migration", "")
    body = without_header(text)
    return Baseline(
        migration=noted or "not noted",
        tables=body.count("CREATE TABLE "),
        sha256=hashlib.sha256(body.encode()).hexdigest(),
        commit=commit_of(snapshot.parent),
        pending=_after(noted),
    )


def _after(noted: str) -> tuple[str, ...]:
    """Migrations that come after ``noted``; none when it is empty or unknown."""
    versions = migration_versions()
    return versions[versions.index(noted) + 1 :] if noted in versions else ()


def closing_snapshot(*, iteration: str, title: str, changes: str, on: date, folder: Path) -> str:
    """The snapshot file's text: the specification's header, then the schema that all migrations make."""
    with fresh_database() as database:
        body = without_header(schema_of(database))
    return (
        f"-- Iteration {iteration}: {title}\n"
        f"-- Generated: {on.isoformat()}\n"
        f"-- Changes: {changes}\n"
        f"-- Commit: {commit_of(folder)}\n"
        f"-- Migration: {migration_versions()[-1]}\n"
        f"{body}"
    )


def problems(snapshot: Path) -> Iterator[str]:
    """Problems of a snapshot file: an incomplete header, drift, foreign keys without an index, not committed."""
    text = snapshot.read_text(encoding="utf-8")
    noted = _noted(text)
    for name in _HEADER:
        if not noted.get(name):
            yield f"the header has no line '{name}'"
    with fresh_database() as database:
        if without_header(text) != without_header(schema_of(database)):
            yield "the snapshot is not what the migrations make"
        yield from (f"foreign key without an index: {key}" for key in unindexed_foreign_keys(database))
    if not is_committed(snapshot):
        yield "the file is not committed as it stands"


def remedies(snapshot: Path, found: Sequence[str], *, iteration: str) -> tuple[str, ...]:
    """What mends the problems of a snapshot file, in order."""
    if not found:
        return ()
    usual = Path.cwd() / "fixtures" / SCHEMA_SNAPSHOT.name
    named = () if snapshot.resolve() == usual.resolve() else ("--snapshot", shortest(snapshot))
    titled = ("--iteration", iteration, "--title", "TITLE", "--changes", "WHAT CHANGED")
    keys = ("write a migration with an index for each foreign key",) if "foreign key" in " ".join(found) else ()
    anew = (command("snapshot", "end", *titled, *named),) if any("not committed" not in one for one in found) else ()
    message = f"docs: update schema snapshot iteration {iteration}"
    file = shortest(snapshot)
    return (*keys, *anew, f"{shlex.join(('git', 'add', file))} && {shlex.join(('git', 'commit', file, '-m', message))}")


def unindexed_foreign_keys(database: Database) -> list[str]:
    """``table.column`` of each foreign key whose columns are not the first columns of any index."""
    with psycopg.connect(database.conninfo("superuser", application="snapshot")) as connection:
        return [str(row[0]) for row in connection.execute(_UNINDEXED)]


def _noted(text: str) -> dict[str, str]:
    """The header's ``-- Name: value`` lines as name → value; from ``-- Iteration 3: title`` the title is kept."""
    noted: dict[str, str] = {}
    for line in text.splitlines():
        match = re.match(r"-- (Iteration|Generated|Changes|Commit|Migration)\b[^:]*: (.+)", line)
        if match is None:
            break
        noted[match[1]] = match[2].strip()
    return noted
