"""A stranger's schema in the run's database: what it may hold, and what is said of what it may not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from simulation.environment.embedded import EmbeddedPostgres
from simulation.errors import UsageError
from simulation.targets.process import schema
from simulation.targets.process.schema import grant_to_backend, load_dump, load_seed

_numbers = count()


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[psycopg.Connection[Any]]:
    """An empty database, as its owner."""
    name = f"schema_{next(_numbers)}"
    with postgres.superuser("postgres") as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    with postgres.superuser(name) as connection:
        yield connection
    with postgres.superuser("postgres") as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _file(folder: Path, text: str) -> Path:
    file = folder / "schema.sql"
    file.write_text(text)
    return file


_TABLE = "CREATE TABLE people (id int PRIMARY KEY, name text);\n"


@pytest.mark.parametrize(
    ("text", "line", "problem", "remedy"),
    [
        (_TABLE + "\nCREATE TABEL two (id int);\n", 3, "syntax error", "correct the statement"),
        (_TABLE + "SELECT 1;\nINSERT INTO people\n VALUES (1, 'a'), (1, 'b');\n", 3, "duplicate key", "correct"),
        (_TABLE + "SELECT 1;\nCREATE VIEW v AS\n  SELECT id,\n nmae\n  FROM people;\n", 5, "nmae", "people.name"),
        ("CREATE TABLE t (a citext);\n", 1, 'type "citext" does not exist', 'CREATE EXTENSION IF NOT EXISTS "citext"'),
        ("CREATE TABLE t (\n id uuid DEFAULT public.uuid_generate_v4());\n", 2, "uuid_generate_v4", '"uuid-ossp"'),
        (_TABLE + "CREATE INDEX i ON people USING gin (name gin_trgm_ops);\n", 2, "gin_trgm_ops", '"pg_trgm"'),
        ("CREATE TABLE t (a int, EXCLUDE USING gist (a WITH =));\n", 1, "access method", "btree_gist"),
        (_TABLE + "\nALTER TABLE people OWNER TO heroku;\n", 3, 'role "heroku"', "--no-owner"),
        ("SELECT 1;\nSET shop.x = 1;\nSET shopx = 1;\n", 3, "shopx", 'skip_settings = ["shopx"]'),
        ("CREATE TABLE app.t (id int);\n", 1, 'schema "app"', "CREATE SCHEMA app"),
        ("\nCREATE TABLE t (id int REFERENCES people);\n", 2, 'relation "people"', "create people above it"),
        (_TABLE + "COPY people FROM stdin;\n1\ta\ntwo\tb\n\\.\n", 4, "invalid input syntax", "correct"),
        ('CREATE EXTENSION "postgis";\n', 1, "postgis", "postgis"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_what_to_do(
    empty: psycopg.Connection[Any], tmp_path: Path, text: str, line: int, problem: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as refused:
        load_dump(empty, _file(tmp_path, text))
    assert refused.value.place.endswith(f"schema.sql:{line}")
    assert problem in refused.value.problem
    assert remedy in refused.value.remedy


_DUMP = """\
-- Dumped from database version 11.22
\\restrict abc

SET statement_timeout = 0;
SET transaction_timeout = 0;
SET default_with_oids = false;
SELECT pg_catalog.set_config('search_path', '', false);
SET row_security = off;
CREATE SCHEMA shop;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
CREATE TABLE shop.people (id bigint NOT NULL, mail public.citext, said text);
COPY shop.people (id, mail, said) FROM stdin;
1\tAnn@shop.test\tit's; fine
2\tbob@shop.test\t\\N
\\.
CREATE INDEX CONCURRENTLY people_mail ON shop.people (mail);
"""


def test_a_dump_of_another_version_with_rows_and_a_schema_of_its_own_is_loaded(
    empty: psycopg.Connection[Any], tmp_path: Path
) -> None:
    load_dump(empty, _file(tmp_path, _DUMP))
    grant_to_backend(empty)

    empty.execute("SET ROLE platform")
    assert empty.execute("SELECT id, said FROM shop.people WHERE mail = 'ann@SHOP.test'").fetchall() == [
        (1, "it's; fine")
    ]


def test_a_setting_that_is_named_may_be_skipped_and_is_told(empty: psycopg.Connection[Any], tmp_path: Path) -> None:
    file = _file(tmp_path, "SET old_snapshot_threshold_x = 1;\n" + _TABLE)
    assert load_dump(empty, file, skip_settings=["old_snapshot_threshold_x"]) == [
        f"{file}:1: the setting old_snapshot_threshold_x, which this server lacks"
    ]
    assert empty.execute("SELECT count(*) FROM people").fetchone() == (0,)


def test_what_a_newer_dump_begins_with_is_skipped_where_it_asks_for_nothing(
    empty: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(schema._WRITTEN_BY_PG_DUMP, "timeout_of_2030", "0")
    assert len(load_dump(empty, _file(tmp_path, "SET timeout_of_2030 = 0;\n"))) == 1
    with pytest.raises(UsageError, match="timeout_of_2030"):
        load_dump(empty, _file(tmp_path, "SET timeout_of_2030 = 5;\n"))


def test_a_dump_in_pg_dumps_own_format_is_refused_with_the_way_to_sql(
    empty: psycopg.Connection[Any], tmp_path: Path
) -> None:
    file = tmp_path / "shop.dump"
    file.write_bytes(b"PGDMP\x01\x0e\x00")
    with pytest.raises(UsageError, match=r"pg_restore .* shop\.dump"):
        load_dump(empty, file)


def test_a_seed_has_values_of_the_run_as_literals(empty: psycopg.Connection[Any], tmp_path: Path) -> None:
    load_dump(empty, _file(tmp_path, "CREATE TABLE settings (name text, value text);"))
    seed = tmp_path / "seed.sql"
    seed.write_text("INSERT INTO settings VALUES\n  ('hook', ${STRIPE_WEBHOOK_SECRET});\n")

    load_seed(empty, seed, values={"STRIPE_WEBHOOK_SECRET": "whsec_it's"})
    assert empty.execute("SELECT value FROM settings").fetchall() == [("whsec_it's",)]

    seed.write_text("SELECT 1;\nINSERT INTO settings VALUES ('hook', ${STRIPE_SECRET});\n")
    with pytest.raises(UsageError, match=r"seed\.sql:2: \$\{STRIPE_SECRET\} stands for nothing here"):
        load_seed(empty, seed, values={"STRIPE_WEBHOOK_SECRET": "whsec"})
