"""Columns that an observation query passes on as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.targets.columns import plain_columns
from simulation.targets.new_folder import TEMPLATE
from simulation.targets.queries import load_queries

JOINED = """
-- of games and their batches
SELECT g.id AS contest_id, g.title AS name, b.closed_at AS paid_out_at, created_on AS created_at, state
FROM games g LEFT JOIN prize_batches b ON b.game_id = g.id AND b.state = 'complete' ORDER BY 1;
"""


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("SELECT id, cents AS amount_cents FROM charges", {"id": "id", "amount_cents": "cents"}),
        (JOINED, {"contest_id": "id", "name": "title", "created_at": "created_on", "state": "state"}),
        ("SELECT j.id AS job_id FROM public.jobs AS j", {"job_id": "id"}),
        ("SELECT jobs.id AS job_id, 'USD' AS currency, NULL AS error, 1 FROM jobs", {"job_id": "id"}),
        (
            "SELECT id, CASE account WHEN 'cash, all' THEN 'stripe' ELSE account END AS account FROM lines ORDER BY id",
            {"id": "id"},
        ),
        ("SELECT substr(account, 4) AS account, (SELECT max(n) FROM other) AS n, side FROM lines", {"side": "side"}),
        ("SELECT error ->> 'code' AS error_code, extract(epoch FROM at) AS at FROM runs", {}),
        ('SELECT "id" AS "user_id" FROM "people"', {"user_id": "id"}),
        ("WITH x AS (SELECT 1) SELECT id FROM x", {}),
        ("SELECT 1 AS one", {}),
    ],
)
def test_what_is_passed_on_as_it_is(query: str, columns: dict[str, str]) -> None:
    assert plain_columns(query) == columns


def test_of_the_template_every_relation_passes_on_its_key() -> None:
    queries = load_queries(Path(TEMPLATE) / "observe.sql")
    keys = {"id", "settlement_run_id", "contest_instance_id", "stripe_event_id"}
    assert {name for name, query in queries.items() if not keys & set(plain_columns(query).values())} == set()
