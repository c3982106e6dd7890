"""``simulate target init --schema``: what is proposed from tables can be read, fits them, and marks its guesses."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from simulation.cli.target_init import target_init
from simulation.contract.file import load_contract
from simulation.environment.protocol import Database
from simulation.errors import UsageError
from simulation.targets.new_folder import TEMPLATE, write_target_folder
from simulation.targets.process.loader import read_target
from simulation.targets.process.target_file import load_target_file
from simulation.targets.proposal.ask import tables_of_database, tables_of_file
from simulation.targets.proposal.files import canonical_columns, proposal
from simulation.targets.proposal.matching import matched
from simulation.targets.proposal.tables import Table, read_tables
from simulation.targets.queries import load_queries
from tests.targets.points_league_support import BACKEND

_SCHEMA = BACKEND / "schema.sql"


@pytest.fixture(scope="module")
def league() -> tuple[Table, ...]:
    return tuple(tables_of_file(_SCHEMA))


def _relations(tables: tuple[Table, ...]) -> dict[str, str]:
    return {match.relation: match.table.name for match in matched(tables, canonical_columns(TEMPLATE / "observe.sql"))}


def test_the_tables_of_a_stranger_are_recognised(league: tuple[Table, ...]) -> None:
    assert _relations(league) == {
        "contests": "pools",
        "entries": "picks",
        "payments": "topups",
        "postings": "wallet_lines",
        "settlements": "settlements",
        "transfers": "cashouts",
        "stripe_events": "stripe_events",
        "contest_audit": "pool_moves",
        "audit_records": "journal",
        "ingestion_events": "boards",
        "ingestion_errors": "board_errors",
        "users": "members",
    }


def test_the_documented_tables_are_recognised(database: Database) -> None:
    with psycopg.connect(database.conninfo("observer", application="test")) as connection:
        found = _relations(read_tables(connection))

    documented = load_queries(TEMPLATE / "observe.sql")
    assert len(found) >= 15
    for relation, table in found.items():
        assert table in documented[relation], f"{relation} is not {table}"


def test_the_proposal_is_a_target_folder_that_can_be_read(league: tuple[Table, ...], tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    write_target_folder(folder, proposal(league, template=TEMPLATE, folder=folder, schema=_SCHEMA))

    target = load_target_file(folder)
    assert (folder / str(target.database.schema_file)).resolve() == _SCHEMA
    assert (target.governance.audit_table, target.governance.contest_table) == ("journal", "pools")
    assert target.governance.contest_status_column == "phase"
    contract = load_contract(folder)
    assert contract.works.ledger == "undeclared"
    assert contract.works.statuses.contests["playing"] == "LIVE"
    assert set(contract.tables) == {table.name for table in league}
    assert read_target(folder).contract.works.admins_by_sql


def test_what_is_unsure_is_marked_and_nothing_that_is_there_is(league: tuple[Table, ...], tmp_path: Path) -> None:
    files = proposal(league, template=TEMPLATE, folder=tmp_path, schema=_SCHEMA)

    lines = files["observe.sql"].splitlines()
    assert "       title AS name," in lines
    assert "       phase AS status," in lines
    assert "       NULL AS scoring,  -- ? no column of pools looks like it" in lines
    assert "-- ? refunds: no table looks like it." in lines
    assert not any(" AS direction" in line for line in lines)
    assert '  #     "rake": {means: remainder, against: "pot:{contest}"}' in files["contract.yaml"].splitlines()


def test_the_command_writes_it_and_counts_its_guesses(tmp_path: Path) -> None:
    result = CliRunner().invoke(target_init, [str(tmp_path / "mine"), "--schema", str(_SCHEMA)], standalone_mode=False)

    assert result.exception is None, result.output
    assert "proposed from 12 tables" in result.output
    assert (tmp_path / "mine" / "contract.yaml").is_file()


def test_a_schema_that_cannot_be_loaded_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text("CREATE TABLE one (id int);\nCREATE TABEL two (id int);\n")

    with pytest.raises(UsageError) as refused:
        tables_of_file(tmp_path / "schema.sql")

    assert refused.value.place.endswith("schema.sql:2")


def test_a_database_that_is_not_there_is_said() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        tables_of_database("postgresql://nobody@127.0.0.1:1/none")
