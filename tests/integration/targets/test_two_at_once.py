"""Two sides on a real server: a naive victim pays twice in the orders that show it, a careful one in none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from simulation.clock import SimulationClock
from simulation.environment.embedded import EmbeddedPostgres
from simulation.environment.protocol import Database
from simulation.events import Interleaved
from simulation.faults.statements import Passing, StatementEffect
from simulation.proof.interleave.orders import every_order
from simulation.scenario.faults.concurrency import TwoAtOnce
from simulation.scenario.faults.expectation import SELF_HEALS
from simulation.scenario.faults.planned import PlannedFault
from simulation.targets.builtin.statement_point import StatementPoint

START = datetime(2026, 3, 1, tzinfo=UTC)
Credit = Callable[[Connection], None]


def naive(connection: Connection) -> None:
    """Check, then act: whoever looks before the other one has committed credits once more."""
    if not connection.execute(text("SELECT 1 FROM credits WHERE event = 'e'")).all():
        connection.execute(text("INSERT INTO credits VALUES ('e', 100)"))


def lost_update(connection: Connection) -> None:
    """Reads a balance, computes, and writes it back."""
    cents = connection.execute(text("SELECT cents FROM balance")).scalar_one()
    connection.execute(text("UPDATE balance SET cents = :cents"), {"cents": cents + 100})


def careful(connection: Connection) -> None:
    """Locks what it is about before it looks."""
    connection.execute(text("SELECT cents FROM balance FOR UPDATE"))
    naive(connection)


class Meets:
    """Lets the second side begin at the first statement of the first one, once."""

    front = None
    two_at_once = False

    def __init__(self, order: tuple[int, ...]) -> None:
        self.order = order
        self.told: list[Interleaved] = []
        self.begun = False

    def on_statement(self, passing: Passing) -> StatementEffect | None:
        if passing.operation != "credit" or passing.at != "statement" or self.begun:
            return None
        self.begun = True
        fault = PlannedFault(
            fault_id="f",
            kind=TwoAtOnce.name(),
            expect=SELF_HEALS,
            starts_at=START,
            over_by=START,
            transaction="credit",
            other="again",
            order=" ".join(map(str, self.order)),
        )
        return StatementEffect(deed="race", after=False, sqlstate="", fault=fault)

    def on_interleaved(self, interleaved: Interleaved) -> None:
        self.told.append(interleaved)


@pytest.fixture(autouse=True)
def tables(postgres: EmbeddedPostgres, database: Database) -> None:
    with postgres.superuser(database.name) as session:
        session.execute("CREATE TABLE credits (event text, cents int)")
        session.execute("CREATE TABLE balance (cents int)")
        session.execute("INSERT INTO balance VALUES (0)")
        session.execute("GRANT ALL ON credits, balance TO platform")


@contextmanager
def engine_of(database: Database) -> Iterator[Engine]:
    engine = sqlalchemy.create_engine(database.url("platform", application="test"))
    with engine.connect():  # what SQLAlchemy asks of a server that it does not know yet
        pass
    try:
        yield engine
    finally:
        engine.dispose()


def meet(credit: Credit, order: tuple[int, ...], database: Database, *, second: Credit | None = None) -> Interleaved:
    """Two instances credit at once."""
    meets = Meets(order)
    point = StatementPoint(meets, clock=SimulationClock(start=START), database=database)
    with point.installed(), engine_of(database) as one, engine_of(database) as other:

        def carry_out(engine: Engine, credit: Credit) -> None:
            with point.during("credit"), engine.begin() as connection:
                credit(connection)

        point.second_side = lambda _: lambda: carry_out(other, second or credit)
        carry_out(one, credit)
    (told,) = meets.told
    return told


def credits(database: Database) -> tuple[int, int]:
    with psycopg.connect(database.conninfo("platform", application="look")) as session:
        row = session.execute("SELECT (SELECT count(*) FROM credits), (SELECT sum(cents) FROM balance)").fetchone()
        session.execute("DELETE FROM credits")
        session.execute("UPDATE balance SET cents = 0")
    assert row is not None
    return int(row[0]), int(row[1])


def test_a_naive_victim_is_caught_in_every_order_that_shows_it_and_in_no_other(database: Database) -> None:
    doubled = {}
    for order in every_order(6, alone=(6, 6), switches=1):
        meet(naive, order, database)
        doubled[order] = credits(database)[0] == 2

    assert not doubled[()]
    assert {order for order, twice in doubled.items() if twice} == {(1,), (2,), (0, 1), (0, 2)}


@pytest.mark.parametrize("order", [(1,), (0, 1)])
def test_an_update_is_lost_where_both_read_first(order: tuple[int, ...], database: Database) -> None:
    told = meet(lost_update, order, database)

    assert credits(database)[1] == 100, "of 200"
    assert [step.what.split()[0] for step in told.steps[:3]] == ["SELECT", "SELECT", "UPDATE"]


def test_a_careful_one_credits_once_in_every_order(database: Database) -> None:
    waited = 0
    for order in every_order(7, alone=(7, 7), switches=2):
        told = meet(careful, order, database)
        waited += any("waits" in step.note for step in told.steps)
        assert credits(database)[0] == 1, order
    assert waited, "in some of them a side waits for the other one's lock"


def test_the_same_order_is_the_same_sequence(database: Database) -> None:
    told = []
    for _ in range(10):
        told.append(meet(careful, (1, 3), database).steps)
        credits(database)
    assert len(set(told)) == 1


def locking(*names: str) -> Credit:
    def lock(connection: Connection) -> None:
        for name in names:
            connection.execute(text(f"LOCK TABLE {name} IN EXCLUSIVE MODE"))

    return lock


def test_a_deadlock_is_the_servers_40p01_for_one_of_the_two(database: Database) -> None:
    with pytest.raises(OperationalError) as caught:
        meet(locking("balance", "credits"), (1,), database, second=locking("credits", "balance"))
    assert getattr(caught.value.orig, "sqlstate", None) == "40P01"
