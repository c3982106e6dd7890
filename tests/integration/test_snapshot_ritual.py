"""The snapshot at the start and the end of an iteration, against the migrations as they are."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg
import pytest

from simulation.cli.snapshot import snapshot_end, snapshot_start, snapshot_verify
from simulation.environment.git import git
from simulation.environment.protocol import Database
from simulation.errors import UsageError
from simulation.promotion import ritual
from simulation.targets.builtin import migration_versions

IDENTITY = ("-c", "user.name=ops", "-c", "user.email=ops@platform.test")


@pytest.fixture(scope="module")
def closing() -> str:
    return ritual.closing_snapshot(
        iteration="06", title="Runbooks", changes="none", on=date(2026, 11, 24), folder=Path("/")
    )


@pytest.fixture
def checkout(tmp_path: Path, closing: str) -> Path:
    """A snapshot, committed."""
    if git("init", "--quiet", folder=tmp_path) is None:
        pytest.fail("git is needed to test what is committed")
    (tmp_path / "schema.sql").write_text(closing)
    git("add", ".", folder=tmp_path)
    git(*IDENTITY, "commit", "--quiet", "-m", "snapshot", folder=tmp_path)
    return tmp_path / "schema.sql"


def test_the_header_is_the_specifications(closing: str) -> None:
    assert closing.splitlines()[:5] == [
        "-- Iteration 06: Runbooks",
        "-- Generated: 2026-11-24",
        "-- Changes: none",
        "-- Commit: unknown",
        f"-- Migration: {migration_versions()[-1]}",
    ]


@pytest.mark.needs_git
def test_a_committed_closing_snapshot_may_close_the_iteration(checkout: Path) -> None:
    assert list(ritual.problems(checkout)) == []


@pytest.mark.needs_git
@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("-- Changes: none\n", "", "the header has no line 'Changes'"),
        ("    email text NOT NULL,\n", "", "the snapshot is not what the migrations make"),
        ("-- Iteration 06: Runbooks", "-- Iteration 06: Something else", "the file is not committed as it stands"),
    ],
)
def test_a_snapshot_that_a_reviewer_would_send_back(checkout: Path, old: str, new: str, problem: str) -> None:
    checkout.write_text(checkout.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert any(problem in found for found in ritual.problems(checkout))


def test_a_foreign_key_without_an_index_is_found(database: Database) -> None:
    assert ritual.unindexed_foreign_keys(database) == []
    with psycopg.connect(database.conninfo("superuser", application="test"), autocommit=True) as connection:
        connection.execute("CREATE TABLE pets (id int, owner uuid REFERENCES users (id))")
    assert ritual.unindexed_foreign_keys(database) == ["pets.owner"]


@pytest.mark.needs_git
def test_migrations_newer_than_the_snapshot_are_pending(checkout: Path) -> None:
    *_, before, last = migration_versions()
    checkout.write_text(
        checkout.read_text(encoding="utf-8").replace(f"-- Migration: {last}", f"-- Migration: {before}"),
        encoding="utf-8",
    )
    begin = ritual.baseline(checkout)
    assert (begin.migration, begin.pending) == (before, (last,))


@pytest.mark.needs_git
def test_the_commands_say_what_they_did(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = checkout.with_name("baseline.txt")
    file = ["--snapshot", str(checkout)]
    assert snapshot_start.main(["--iteration", "07", "--record", str(record), *file], standalone_mode=False) == 0
    assert record.read_text() == capsys.readouterr().out
    assert "pending migrations: none" in record.read_text()
    said = ["--iteration", "07", "--title", "Next", "--changes", "none"]
    assert snapshot_end.main([*said, *file], standalone_mode=False) == 0
    assert checkout.read_text(encoding="utf-8").startswith("-- Iteration 07: Next\n")
    assert snapshot_verify.main(file, standalone_mode=False) == 1
    printed = capsys.readouterr().out
    assert f"{checkout}: the file is not committed as it stands" in printed
    assert f"remedy 1: git add {checkout} && git commit {checkout} -m 'docs: update schema snapshot" in printed


def test_a_snapshot_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no file"):
        snapshot_verify.main(["--snapshot", str(tmp_path / "missing.sql")], standalone_mode=False)
