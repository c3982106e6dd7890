"""A contract as a document: tables, the writes each may have, a rule for every column of each write; statements.

The scope of a write, with whose names its paths begin:

- ``row``, ``old``: the row after and before the write;
- ``transaction``: ``xid``, ``at`` of the commit; ``audit``: the audit record of the transaction, if it has one;
- ``with.<table>``: the first row of another table that the same transaction wrote, ``before.<table>`` that row as it
  was before, and ``all.<table>`` all rows of it that the transaction wrote;
- the fact that explains the write, by its kind: ``request``, ``call``, ``event``, or the name of a derived fact;
- each name in ``joins``, such as ``contest``: a row of another table, as it is after the transaction.

The fields of facts: :mod:`simulation.contract.facts`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from simulation.contract.business import DOCUMENTED, Business
from simulation.contract.facts_named import Facts
from simulation.contract.log import Log, LogLine
from simulation.contract.paths import Argument, Path
from simulation.contract.rules import Rule
from simulation.contract.statements import Answer, Metric
from simulation.documents.strict import refusal


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Join(_Part):
    """A row of another table: the first whose columns have these values; with ``all`` every such row, as a list."""

    table: str
    all: bool = False
    where: Annotated[dict[str, Argument], Field(min_length=1)]


class Write(_Part):
    """One way in which a row of a table is inserted or changed.

    A change of the table is this write when its operation is ``op``, the audit record of its transaction has one of the
    ``actions`` (if any are named), the row has the values of ``when`` after it and of ``before`` before it, and the
    transaction writes to each table that ``touching`` maps to true and to none that it maps to false. If several writes
    of a table fit, the first counts.

    ``for_each``: the facts outside that explain it, one row each (``repeated``: one or more); ``match`` finds a row's
    fact. A fact without a row is a finding unless ``every`` is false, a row without a fact always is.
    Columns that an update does not name must stay as they were.
    """

    name: str
    what: str = ""
    op: Literal["insert", "update", "delete"]
    actions: tuple[str, ...] = ()
    when: dict[str, JsonValue | list[JsonValue]] = {}
    before: dict[str, JsonValue | list[JsonValue]] = {}
    touching: dict[str, bool] = {}
    for_each: Facts | None = None
    every: bool = True
    repeated: bool = False
    match: dict[str, Path] = {}
    joins: dict[str, Join] = {}
    columns: dict[str, Rule] = {}

    @model_validator(mode="after")
    def _facts_are_found(self) -> Self:
        if self.for_each is not None and not self.match:
            raise refusal(
                f"write {self.name!r}: for_each needs `match:`, by which a row finds its fact",
                remedy=f"write e.g. `match: {{id: {self.for_each.name}.id}}`",
                path=("for_each",),
            )
        return self


class Table(_Part):
    """A table of the target.

    ``complete``: every column of an insert must have a rule, an update changes nothing that it does not name, and a
    change that is none of the writes is a finding. Without it, what is not named is counted as not judged.
    ``seeded``: the table has rows before the run begins. ``inserted`` and ``updated``: rules shared by all writes of
    that operation.
    """

    what: str = ""
    key: tuple[str, ...] = ("id",)
    complete: bool = False
    seeded: bool = False
    inserted: dict[str, Rule] = {}
    updated: dict[str, Rule] = {}
    writes: tuple[Write, ...] = ()

    def rules_of(self, write: Write) -> dict[str, Rule]:
        """Column → rule for a write; its own rules take precedence over the shared ones."""
        shared = {"insert": self.inserted, "update": self.updated}.get(write.op, {})
        return {**shared, **write.columns}


def write_of(line: LogLine) -> Write:
    """The write of a row that a line of the log is about; its fields stand for columns."""
    return Write(
        name=line.says,
        op=line.op,
        actions=line.actions,
        when=line.when,
        before=line.before,
        touching=line.touching,
        columns=line.fields,
    )


class Contract(_Part):
    """All that a target declares. ``tables``: an empty one judges nothing; ``business``: None is the documented one."""

    tables: dict[str, Table] = {}
    answers: tuple[Answer, ...] = ()
    metrics: dict[str, Metric] = {}
    log: Log | None = None
    business: Business | None = None

    @property
    def document(self) -> dict[str, JsonValue]:
        """What a history keeps of it: all that is not as by default."""
        left_out = {"business"} if self.works == DOCUMENTED else set()
        return self.model_dump(mode="json", exclude_defaults=True, exclude=left_out)

    @property
    def works(self) -> Business:
        """How the business works."""
        return self.business or DOCUMENTED


NO_CONTRACT = Contract()
