"""An SQL file is taken apart as psql does it: what only looks like the end of a statement is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import UsageError
from simulation.targets.process.sql_script import Statement, statements_of

_FILE = Path("schema.sql")


def _statements(text: str) -> list[tuple[int, str]]:
    return [(statement.line, statement.text) for statement in statements_of(text, file=_FILE)]


@pytest.mark.parametrize(
    "one",
    [
        "INSERT INTO a VALUES ('it''s; here')",
        r"INSERT INTO a VALUES (E'it\'s; here')",
        'CREATE TABLE "a;b" (id int)',
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $body$ SELECT $$;$$; SELECT 1; $body$",
        "CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; "
        "SELECT CASE WHEN x > 1 THEN 2 ELSE 3 END; END",
        "SELECT 1 -- not yet; nor here",
        "SELECT /* a; /* nested; */ b; */ 1",
        "CREATE RULE r AS ON DELETE TO a DO ALSO (DELETE FROM b; DELETE FROM c)",
        "SELECT a$b, c$d FROM t",
    ],
)
def test_what_is_quoted_or_nested_ends_no_statement(one: str) -> None:
    assert _statements(f"{one}\n;\nSELECT 2;") == [(1, f"{one}\n"), (2 + one.count("\n") + 1, "SELECT 2")]


def test_a_statement_has_the_line_at_which_it_begins() -> None:
    text = (
        "-- a dump\n\n\\restrict aB3\n\nCREATE TABLE a (\n  id int\n);;\n/* b */ CREATE TABLE b ();\nCREATE TABLE c ()"
    )
    assert [line for line, _ in _statements(text)] == [5, 8, 9]
    (first, *_) = statements_of(text, file=_FILE)
    assert (first.line_of(0), first.line_of(1), first.line_of(len("CREATE TABLE a (\n  i"))) == (5, 5, 6)


def test_rows_follow_a_copy_up_to_their_end() -> None:
    text = "COPY a (id, name) FROM stdin;\n1\tO'Hara;\n2\t\\N\n\\.\n\nCREATE INDEX ON a (id);\n"
    assert list(statements_of(text, file=_FILE)) == [
        Statement(text="COPY a (id, name) FROM stdin", line=1, rows="1\tO'Hara;\n2\t\\N\n"),
        Statement(text="CREATE INDEX ON a (id)", line=6),
    ]


def test_a_command_of_psql_that_brings_sql_in_is_refused_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"schema\.sql:3: \\i is a command of psql") as refused:
        _statements("SELECT 1;\n\n\\i tables.sql\n")
    assert "migrate" in refused.value.remedy


@pytest.mark.parametrize("empty", ["", "\n\n", "-- nothing\n", "/* open", ";;\n;"])
def test_a_file_without_a_statement_has_none(empty: str) -> None:
    assert _statements(empty) == []
