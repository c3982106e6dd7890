"""The witness of the database: every committed row change, read from a logical replication slot (``test_decoding``).

The slot is created before the first row, so no change is missed. The platform cannot influence it: not by triggers or
session settings, nor by leaving a table out of its audit trail.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import psycopg
from pydantic import JsonValue

from simulation.documents.canonical import canonical_sha256
from simulation.environment.protocol import Database
from simulation.events import Change, Row, Transaction, WitnessSummary
from simulation.history import Recorder
from simulation.untrusted import plain_or_digest

_TABLE = re.compile(
    r'^table (?:(?:"([^"]+)"|([^.\s]+))\.)(?:"([^"]+)"|([^:\s]+)): (INSERT|UPDATE|DELETE|TRUNCATE): ?(.*)$', re.S
)
_COMMIT = re.compile(r"^COMMIT (\d+) \(at (.+)\)$")
_COLUMN = re.compile(
    r"""(?:"((?:[^"]|"")+)"|([^\s\["]+))\[((?:[^\[\]]|\[\])+)\]:(?:'([^']*(?:''[^']*)*)'|((?!')[^ ]*))(?: |\Z)"""
)
_FLUSH_MARK = "wal-witness-flush"
_OUR_MESSAGE = f"message: transactional: 1 prefix: {_FLUSH_MARK},"
_LARGEST_VALUE_CHARACTERS = 2_048
_LARGEST_LIST_CHARACTERS = 65_536
"""Of a list: the jury counts what is in it, and looks through it."""
LATEST = 20
"""How many of the rows last inserted into each table are kept in memory during the run."""
_WHOLE_SECONDS_CHARACTERS = len("2026-03-01 00:00:00+00")


class WalError(Exception):
    """The slot's output has a form that this witness does not know; the run then has no such witness."""


@dataclass(kw_only=True)
class RawTransaction:
    """A committed transaction as decoded, with the server's own transaction id."""

    server_xid: str
    committed_at: datetime
    changes: list[Change] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    """Of each change, where it stands in the log: changes of transactions at once are in the order of their doing."""


def read_transactions(connection: psycopg.Connection[Any], *, slot: str) -> Iterator[RawTransaction]:
    """All transactions since the last call, in commit order, without those that changed no row.

    First a message of our own is committed, so that the flushed log ends with a complete record. Otherwise it may end
    within one (the WAL writer flushes whole pages), and the reader would wait for a next commit that may never come.
    """
    connection.execute("SELECT pg_logical_emit_message(true, %s, '')", (_FLUSH_MARK,))
    rows = connection.execute(
        "SELECT (lsn - '0/0')::bigint, data FROM pg_logical_slot_get_changes(%s, NULL, NULL, VARIADIC %s)",
        (slot, ["include-timestamp", "on", "skip-empty-xacts", "on"]),
    )
    yield from parse(rows)


def parse(lines: Iterable[tuple[int, str]]) -> Iterator[RawTransaction]:
    """Lines of ``test_decoding``, each with its position in the log, as transactions.

    :raises WalError: a line that fits no known form.
    """
    changes: list[Change] = []
    positions: list[int] = []
    for position, line in lines:
        if line.startswith("BEGIN"):
            changes, positions = [], []
        elif match := _COMMIT.match(line):
            if changes:
                yield RawTransaction(
                    server_xid=match[1], committed_at=_instant(match[2]), changes=changes, positions=positions
                )
        elif not line.startswith(_OUR_MESSAGE):
            changes.append(_change(line))
            positions.append(position)


def _change(line: str) -> Change:
    match = _TABLE.match(line)
    if match is None:
        raise WalError(f"not a line of test_decoding: {line[:200]!r}")
    table, op, rest = match[3] or match[4], match[5].lower(), match[6]
    if op == "truncate":
        return Change(table=table, op="truncate")
    if op == "delete":
        return Change(table=table, op="delete", key={} if rest.startswith("(no-tuple") else _columns(rest))
    if rest.startswith("old-key: "):
        old, _, rest = rest.removeprefix("old-key: ").partition(" new-tuple: ")
        return Change(table=table, op="update", new=_columns(rest), key=_columns(old))
    return Change(table=table, op="insert" if op == "insert" else "update", new=_columns(rest))


def _columns(text: str) -> Row:
    """Columns as ``name[type]:value``, the value quoted (quotes doubled) or bare, with a blank between two."""
    row: Row = {}
    position = 0
    while position < len(text):
        match = _COLUMN.match(text, position)
        if match is None:
            raise WalError(f"not a column of test_decoding: {text[position : position + 200]!r}")
        quoted_name, name, column_type, quoted, bare = match.groups()
        position = match.end()
        if bare == "unchanged-toast-datum":
            continue
        literal = quoted.replace("''", "'") if bare is None else bare
        is_null = bare == "null"
        row[name or quoted_name.replace('""', '"')] = None if is_null else _value(column_type, literal)
    return row


def _value(column_type: str, literal: str) -> JsonValue:
    """A value converted by its column type: integers, booleans, JSON, ISO 8601 UTC times; everything else as text."""
    convert = _CONVERSIONS.get(column_type)
    return literal if convert is None else convert(literal)


def _document(literal: str) -> JsonValue:
    return _small(plain_or_digest(literal), literal)


def _time(literal: str) -> str:
    """ISO 8601 with a ``T`` and UTC as ``+00:00``; the server writes a blank and ``+00``."""
    if literal.endswith("+00") and len(literal) == _WHOLE_SECONDS_CHARACTERS:
        return f"{literal[:10]}T{literal[11:]}:00"
    return _instant(literal).isoformat()


def _small(document: JsonValue, literal: str) -> JsonValue:
    """The document, or the hash of its canonical JSON if it is large (a whole leaderboard, a very long list)."""
    most = _LARGEST_LIST_CHARACTERS if isinstance(document, list) else _LARGEST_VALUE_CHARACTERS
    if len(literal) <= most:
        return document
    return {"sha256": canonical_sha256(document), "characters": len(literal)}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


_CONVERSIONS: Mapping[str, Callable[[str], JsonValue]] = {
    "smallint": int,
    "integer": int,
    "bigint": int,
    "boolean": "true".__eq__,
    "json": _document,
    "jsonb": _document,
    "timestamp with time zone": _time,
    "xid8": "xid8:{}".format,
}
"""By column type; other types stay text."""


class WalWitness:
    """Reads the slot whenever asked and records transactions, numbered from 1.

    ``xid8`` values (where a platform stores its transaction id) are replaced by that number, too, so that histories do
    not depend on the server's numbering; an id of no transaction with changes is kept as ``xid8:<id>``.
    """

    def __init__(
        self, *, database: Database, slot: str, recorder: Recorder, cause_of: Callable[[RawTransaction], str]
    ) -> None:
        self._database = database
        self.reconnect()
        self._slot = slot
        self._recorder = recorder
        self._cause_of = cause_of
        self._numbers: dict[str, int] = {}
        self._latest: dict[str, deque[tuple[int, Row]]] = {}
        """Table → the rows last inserted, in the order of their commits, each with its position in the log. Twice as
        many as are asked for: whoever asks for those last written may have others than who asks for those last
        committed."""
        self._wanted: dict[str, Callable[[Row], bool]] = {}
        self._kept: dict[str, list[Row]] = {}
        self.rows = 0

    def reconnect(self) -> None:
        """Connect again after a restart of the server; the slot still exists then."""
        conninfo = self._database.conninfo("witness", application="witness-wal")
        self._connection = psycopg.connect(conninfo, autocommit=True)

    def collect(self) -> None:
        """Record what has been committed since the last call."""
        for raw in read_transactions(self._connection, slot=self._slot):
            self._numbers[raw.server_xid] = len(self._numbers) + 1
            self.rows += len(raw.changes)
            self._remember(raw)
            self._recorder.record(
                Transaction(
                    xid=self._numbers[raw.server_xid],
                    changes=tuple(
                        change.model_copy(update={"new": self.renumbered(change.new)}) for change in raw.changes
                    ),
                ),
                at=raw.committed_at,
                cause=self._cause_of(raw),
            )

    def _remember(self, raw: RawTransaction) -> None:
        for position, change in zip(raw.positions, raw.changes, strict=True):
            if change.op == "insert":
                self._latest.setdefault(change.table, deque(maxlen=2 * LATEST)).append((position, change.new))
                wanted = self._wanted.get(change.table)
                if wanted is not None and wanted(change.new):
                    self._kept[change.table].append(change.new)

    def keep(self, table: str, wanted: Callable[[Row], bool]) -> None:
        """From now on keep the rows inserted into ``table`` that are ``wanted``, for :meth:`kept`."""
        self._wanted[table] = wanted
        self._kept[table] = []

    def kept(self, table: str) -> Sequence[Row]:
        """The rows that :meth:`keep` asked for, oldest first, as of the last :meth:`collect`."""
        return self._kept.get(table, ())

    def latest(self, table: str) -> list[Row]:
        """The last rows committed, at most :data:`LATEST`, newest first, as of the last :meth:`collect`."""
        return [row for _, row in reversed(self._latest.get(table, ()))][:LATEST]

    def latest_written(self, table: str) -> list[Row]:
        """The last rows written, as :meth:`latest`: of two transactions at once, the first to write may commit last."""
        by_position = sorted(self._latest.get(table, ()), key=itemgetter(0), reverse=True)
        return [row for _, row in by_position[:LATEST]]

    def renumbered(self, row: Row) -> Row:
        """The row with server transaction ids replaced by this run's numbers."""
        return {
            column: self._numbers.get(value.removeprefix("xid8:"), value)
            if isinstance(value, str) and value.startswith("xid8:")
            else value
            for column, value in row.items()
        }

    def summarise(self) -> None:
        """Record how many row changes were seen in all."""
        self._recorder.record(WitnessSummary(witness="wal", records=self.rows), cause="monitor")

    def close(self) -> None:
        self._connection.close()
