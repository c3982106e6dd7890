"""Columns that an observation query passes on as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.targets.columns import is_filtered, plain_columns, table_of_rows
from simulation.targets.new_folder import TEMPLATE
from simulation.targets.queries import KEYS, load_queries

JOINED = """
-- of games and their batches
SELECT g.id AS contest_id, g.title AS name, b.closed_at AS paid_out_at, created_on AS created_at, state
FROM games g LEFT JOIN prize_batches b ON b.game_id = g.id AND b.state = 'complete' ORDER BY 1;
"""


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("SELECT id, cents AS amount_cents FROM charges", {"id": "id", "amount_cents": "cents"}),
        ("SELECT DISTINCT id, cents FROM charges", {"id": "id", "cents": "cents"}),
        ("SELECT DISTINCT ON (id) id, cents FROM charges ORDER BY id", {"id": "id", "cents": "cents"}),
        ("/* paid */ SELECT id, /* in */ cents FROM charges", {"id": "id", "cents": "cents"}),
        ("WITH x AS (SELECT 1) SELECT id, n FROM charges, x", {"id": "id", "n": "n"}),
        (
            "WITH paid AS (SELECT id, cents AS c, upper(s) AS s FROM charges) SELECT id, c AS cents, s FROM paid",
            {"id": "id", "cents": "cents"},
        ),
        ("SELECT id, n FROM (SELECT * FROM charges WHERE n > 1) AS some", {"id": "id", "n": "n"}),
        ("SELECT id, n FROM (SELECT *, 1 AS n FROM charges) AS some", {"id": "id"}),
        ("SELECT id, (n) AS m FROM (SELECT c.* FROM charges c JOIN x ON true) AS some", {"id": "id", "m": "n"}),
        ("SELECT public.jobs.id, 'USD' AS currency, NULL AS error, 1, now() AS at FROM jobs", {"id": "id"}),
        (
            "SELECT id, CASE account WHEN 'cash, all' THEN 'stripe' ELSE account END AS account FROM lines ORDER BY id",
            {"id": "id"},
        ),
        (
            "SELECT id, substr(a, 4) AS a, (SELECT max(n) FROM other) AS n, side FROM lines",
            {"id": "id", "side": "side"},
        ),
        ("SELECT id, error ->> 'code' AS error_code, extract(epoch FROM at) AS at FROM runs", {"id": "id"}),
        ('SELECT "Id" AS id, NAME FROM "People"', {"id": "Id", "name": "name"}),
        ("SELECT id::text, cents::text FROM charges", {"id": "id"}),
        ("SELECT id, n FROM charges;\n\n-- and that is all\n", {"id": "id", "n": "n"}),
        ("SELECT c.id, s.k FROM charges c LEFT JOIN LATERAL (SELECT k FROM u) s ON true", {"id": "id"}),
    ],
)
def test_what_is_passed_on_as_it_is(query: str, columns: dict[str, str]) -> None:
    assert plain_columns(query, key="id") == columns


def test_a_column_without_a_qualifier_may_be_the_tables_own() -> None:
    assert plain_columns(JOINED, key="contest_id") == {
        "contest_id": "id",
        "name": "title",
        "created_at": "created_on",
        "state": "state",
    }


def test_the_table_is_the_one_that_the_key_comes_from_wherever_it_stands() -> None:
    query = "SELECT o.placed_at, p.id AS payment_id, p.cents FROM orders o JOIN payments p ON p.order_id = o.id"

    assert plain_columns(query, key="payment_id") == {"payment_id": "id", "cents": "cents"}


def test_two_rows_of_one_table_are_told_apart() -> None:
    query = "WITH x AS (SELECT id, n FROM t) SELECT a.id, b.n FROM x a JOIN x b ON b.id = a.parent"

    assert plain_columns(query, key="id") == {"id": "id"}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 AS id",
        "SELECT 'tr-' || id AS id, cents FROM charges",
        "SELECT cents FROM charges",
        "SELECT * FROM charges",
        "SELECT id, cents FROM charges UNION ALL SELECT id, cents FROM fees",
        "SELECT id, cents FROM (SELECT id, cents FROM charges UNION ALL SELECT id, cents FROM fees) AS all_of_it",
        "SELECT id, cents FROM charges JOIN fees USING (id)",
        "SELECT FROM WHERE",
        "SELECT 1; SELECT 2",
        "VALUES (1)",
        "",
    ],
)
def test_where_the_rows_are_no_tables_nothing_is(query: str) -> None:
    assert plain_columns(query, key="id") == {}


def test_of_the_template_every_relation_passes_on_its_key() -> None:
    queries = load_queries(Path(TEMPLATE) / "observe.sql")

    assert [name for name, query in queries.items() if KEYS[name] not in plain_columns(query, key=KEYS[name])] == []


@pytest.mark.parametrize(
    ("query", "table"),
    [
        ("SELECT id AS refund_id FROM paybacks", "paybacks"),
        ("SELECT p.id::text AS refund_id FROM games g JOIN public.paybacks p ON p.game = g.id", "paybacks"),
        ("SELECT x.refund_id FROM (SELECT id AS refund_id FROM paybacks) x", "paybacks"),
        ("SELECT number AS refund_id FROM paybacks", None),
        ("SELECT md5(id) AS refund_id FROM paybacks", None),
        ("SELECT id AS refund_id FROM a UNION SELECT id FROM b", None),
        ("SELECT 1 AS other FROM paybacks", None),
    ],
)
def test_the_table_whose_rows_a_query_shows_is_known_by_its_key(query: str, table: str | None) -> None:
    assert table_of_rows(query, key="refund_id") == table


@pytest.mark.parametrize(
    ("query", "filtered"),
    [
        ("SELECT id AS k FROM t ORDER BY id", False),
        ("SELECT t.id AS k FROM t JOIN u ON u.id = t.u ORDER BY t.id", False),
        ("SELECT id AS k FROM t WHERE paid ORDER BY id", True),
        ("SELECT id AS k FROM (SELECT * FROM t WHERE paid) AS s", True),
        ("SELECT id AS k FROM t LIMIT 5", True),
        ("not SQL at all", True),
    ],
)
def test_a_query_with_a_condition_may_leave_rows_out(query: str, filtered: bool) -> None:
    assert is_filtered(query) == filtered
