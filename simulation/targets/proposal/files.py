"""The proposal as files: observe.sql, contract.yaml, and the audit trail of target.toml. A guess has a ``?``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from simulation.contract.business import Lacking
from simulation.targets.proposal.matching import Match, Shown, matched
from simulation.targets.proposal.tables import Column, Table
from simulation.targets.queries import RELATIONS, load_queries

_CONTESTS = {
    "SCHEDULED": "scheduled draft open created upcoming published",
    "LOCKED": "locked closed",
    "LIVE": "live playing running started active in_progress",
    "COMPLETE": "complete completed finished done settled",
    "CANCELLED": "cancelled canceled",
    "ERROR": "error failed",
}
_TRANSFERS = {
    "pending": "pending queued new created",
    "processing": "processing sending in_flight",
    "retryable": "retryable retry waiting",
    "completed": "completed complete sent paid succeeded done",
    "failed_terminal": "failed_terminal failed dropped given_up rejected",
}
_STATUSES = {"contests": _CONTESTS, "transfers": _TRANSFERS}
"""Relation → canonical status → words that mean it."""
_SINGLE = ("direction", "transaction_id")
"""Columns that a ledger of single entries does not have."""
_APPEND_ONLY = ("postings", "ingestion_events", "ingestion_errors", "settlements", "contest_audit", "stripe_events")
_AUDIT = ("transaction_id", "actor", "action", "reason", "request_id", "created_at")
_CONTEST_AUDIT = ("contest_id", "actor", "action", "reason", "from_status", "to_status", "created_at")
_MAY_LACK: frozenset[str] = frozenset(Lacking.__args__)  # type: ignore[attr-defined]
_MEANINGS = {
    "payment": "topup top_up deposit payment charge",
    "entry_fee": "entry entry_fee buy_in stake join",
    "refund": "refund payback",
    "prize": "prize winning winnings win",
    "remainder": "rake fee commission remainder",
    "payout": "cashout payout withdrawal transfer",
}
"""Meaning of an entry type → words for it."""
_GOVERNANCE = "# --- the audit trail"
_GOVERNANCE_HEAD = f"""\
{_GOVERNANCE} ------------------------------------------------------------------------------------------------
# Proposed from your tables; a line with a ? is a guess. What you leave out makes the checks that need it `unknown`.

[governance]""".splitlines()
_OBSERVE_HEAD = (
    "-- What the jury reads of your database at the end, proposed from the tables that it has. A line with a ? is a",
    "-- guess: correct it, or take the column out. The names after AS are fixed; what each of them holds is explained",
    "-- in the queries for the documented platform, which `simulate target init` writes without --schema.",
    "",
)
_CONTRACT_HEAD = """\
# What your backend must write, proposed from its tables. A line with a ? is a guess. What is not declared is not
# judged, and each report says how much that is; `simulate contract RUN_DIR --target DIR` tries a change on a stored
# run.
business:
  model: undeclared                  # ? documented (strokes, see fixtures/spec/platform.md), or model.py
  ledger: undeclared                 # ? documented, or a chart of your accounts:""".splitlines()


def canonical_columns(template: Path) -> Mapping[str, Sequence[str]]:
    """Canonical relation → its columns, as the queries of a template name them."""
    return {name: re.findall(r"\bAS (\w+)", query) for name, query in load_queries(template).items()}


def proposal(tables: Sequence[Table], *, template: Path, folder: Path, schema: Path | None) -> Mapping[str, str]:
    """File name → text.

    :param template: the folder of the template; ``schema``: the SQL file from which the tables were read.
    """
    matches = matched(tables, canonical_columns(template / "observe.sql"))
    return {
        "target.toml": _target(matches, tables, (template / "target.toml").read_text(encoding="utf-8"), folder, schema),
        "observe.sql": "\n".join(_observe(matches, canonical_columns(template / "observe.sql"))),
        "contract.yaml": "\n".join(_contract(matches, tables)) + "\n",
        "people.py": (template / "people.py").read_text(encoding="utf-8"),
    }


# --- observe.sql ------------------------------------------------------------------------------------------------------


def _observe(matches: Sequence[Match], columns: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield from _OBSERVE_HEAD
    for match in matches:
        yield from _query(match)
        yield ""
    for relation in columns:
        if relation not in {match.relation for match in matches}:
            yield f"-- ? {relation}: no table looks like it."


def _query(match: Match) -> Iterator[str]:
    if not match.sure:
        yield f"-- ? {match.table.name}: another table may be meant"
    yield f"-- name: {match.relation}"
    single = _is_single(match)
    shown = [one for one in match.shown if not (single and one.canonical in _SINGLE)]
    for place, one in enumerate(shown):
        text, guess = _expression(match, one)
        comma = "," if place < len(shown) - 1 else ""
        begin, mark = "SELECT" if not place else "      ", f"  -- ? {guess}" if guess else ""
        yield f"{begin} {text} AS {one.canonical}{comma}{mark}"
    order = [one.column.name for one in match.shown if one.column and one.canonical.endswith("_at")][:1]
    key = list(match.table.key) or [match.table.columns[0].name]
    yield f"FROM {match.table.name} ORDER BY {', '.join(map(_name, dict.fromkeys([*order, *key])))};"


def _expression(match: Match, one: Shown) -> tuple[str, str]:
    """SQL for a canonical column, and what is unsure about it."""
    if one.column is None:
        return "NULL", f"no column of {match.table.name} looks like it"
    return _name(one.column.name), "" if one.sure else "is it this one?"


def _statuses(match: Match, one: Shown) -> Mapping[str, str]:
    """The target's words for a status → the canonical ones; empty where they are the same or not all are known."""
    if one.canonical != "status" or one.column is None or match.relation not in _STATUSES:
        return {}
    known = {word: status for status, words in _STATUSES[match.relation].items() for word in words.split()}
    found = {word: known.get(word.lower(), "") for word in one.column.values}
    return found if all(found.values()) and any(word != status for word, status in found.items()) else {}


def _is_single(match: Match) -> bool:
    return match.relation == "postings" and not any(
        one.column for one in match.shown if one.canonical in ("direction",)
    )


def _name(column: str) -> str:
    return column if re.fullmatch(r"[a-z_][a-z0-9_]*", column) else '"' + column.replace('"', '""') + '"'


# --- contract.yaml ----------------------------------------------------------------------------------------------------


def _contract(matches: Sequence[Match], tables: Sequence[Table]) -> Iterator[str]:
    found = {match.relation: match for match in matches}
    yield from _CONTRACT_HEAD
    yield from _chart(found.get("postings"))
    yield "  # system_actors: [cron]            # ? who acts when nobody does, as the trail names them"
    yield "  # paid_out: wallet                 # ? where prizes are not transferred"
    yield from _words(found)
    lacking = sorted(name for name in _MAY_LACK if name not in found and name in RELATIONS)
    if lacking:
        yield "  # without:                         # ? what your business does not have, each with the reason:"
        yield from (f"  #   {name}: no table looks like it" for name in lacking)
    yield "tables:"
    keys = {table.name: table.key for table in tables}
    for table in tables:
        yield from _table(table, keys)


def _chart(postings: Match | None) -> Iterator[str]:
    if postings is None:
        return
    kinds = next((one.column.values for one in postings.shown if one.canonical == "entry_type" and one.column), ())
    single = _is_single(postings)
    yield f"  #   entries: {'single' if single else 'double'}"
    yield '  #   accounts: {"wallet:{user}": liability, "pot:{contest}": clearing, house: own, at Stripe: asset}'
    yield "  #   movements:"
    for kind in kinds or ("…",):
        means = next((meaning for meaning, words in _MEANINGS.items() if kind.lower() in words.split()), "nothing")
        against = "at Stripe" if means in ("payment", "payout", "refund") else "pot:{contest}"
        yield f"  #     {json.dumps(kind)}: {{means: {means}{f', against: {json.dumps(against)}' if single else ''}}}"


def _words(found: Mapping[str, Match]) -> Iterator[str]:
    lines = []
    for relation in _STATUSES:
        match = found.get(relation)
        for one in match.shown if match else ():
            if match and (words := _statuses(match, one)):
                lines.append(f"    {relation}: {json.dumps(dict(words))}  # ? which state is which")
    if lines:
        yield "  statuses:"
        yield from lines


def _table(table: Table, keys: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    yield f"  {table.name}:"
    if table.key and table.key != ("id",):
        yield f"    key: {json.dumps(list(table.key))}"
    rules = [(column, *found) for column in table.columns if (found := _rule(column, table, keys))]
    if not rules:
        yield "    writes: []"
        return
    yield "    writes:"
    yield "      - name: inserted               # ? give each way in which a row comes about a write of its own"
    yield "        op: insert"
    yield "        columns:"
    for column, rule, guess in rules:
        yield f"          {column.name}: {rule}{f'  # ? {guess}' if guess else ''}"


def _rule(column: Column, table: Table, keys: Mapping[str, tuple[str, ...]]) -> tuple[str, str] | None:
    """A rule that the schema suggests for a column of inserted rows, and what is unsure about it."""
    default = (column.default or "").lower()
    if table.key == (column.name,):
        return "{identity: unique}", ""
    if column.is_time and ("now()" in default or "current_timestamp" in default):
        return "{instant: commit}", "its default is now()"
    key = keys.get(column.references or "", ())
    if len(key) == 1:
        return _or_null(f"{{refers: {column.references}.{key[0]}}}", column), ""
    if len(column.values) > 1:
        return _or_null(f"{{one_of: {json.dumps(list(column.values))}}}", column), ""
    return None


def _or_null(rule: str, column: Column) -> str:
    return f"{{any_of: [{rule}, {{constant: null}}]}}" if column.nullable else rule


# --- target.toml ------------------------------------------------------------------------------------------------------


def _target(matches: Sequence[Match], tables: Sequence[Table], text: str, folder: Path, schema: Path | None) -> str:
    if schema is not None:
        path = json.dumps(os.path.relpath(schema.resolve(), folder.resolve()))
        text = re.sub(r"^schema_file = .*$", lambda _: f"schema_file = {path}", text, count=1, flags=re.MULTILINE)
    head = text[: text.index(_GOVERNANCE)]
    return head + "\n".join(_governance(matches, tables)) + "\n"


def _governance(matches: Sequence[Match], tables: Sequence[Table]) -> Iterator[str]:
    found = {match.relation: match for match in matches}
    audit, trail, contests = found.get("audit_records"), found.get("contest_audit"), found.get("contests")
    yield from _GOVERNANCE_HEAD
    governed = [table.name for table in tables if audit is None or table.name != audit.table.name]
    yield f"governed_tables = {json.dumps(governed)}  # ? those whose every change the audit trail must explain"
    kept = [found[name].table.name for name in _APPEND_ONLY if name in found]
    yield f"append_only_tables = {json.dumps(kept)}  # ?"
    if audit is not None:
        yield f"audit_table = {json.dumps(audit.table.name)}{_guess(audit)}"
    if contests is not None:
        yield f"contest_table = {json.dumps(contests.table.name)}{_guess(contests)}"
        yield from _named(contests, {"contest_status_column": "status"})
        times = (one.column.name for one in contests.shown if one.column and one.canonical.endswith("_time"))
        planned = [f"{contests.table.name}.{name}" for name in times]
        yield f"planned_time_columns = {json.dumps(planned)}"
    if trail is not None:
        yield f"contest_audit_table = {json.dumps(trail.table.name)}{_guess(trail)}"
    if "runbook_executions" in found:
        yield f"executions_table = {json.dumps(found['runbook_executions'].table.name)}"
    for header, match, names in (("audit_columns", audit, _AUDIT), ("contest_audit_columns", trail, _CONTEST_AUDIT)):
        if match is not None:
            yield f"\n[governance.{header}]"
            yield from _named(match, {name: name for name in names})


def _named(match: Match, names: Mapping[str, str]) -> Iterator[str]:
    shown = {one.canonical: one for one in match.shown}
    for key, canonical in names.items():
        one = shown.get(canonical)
        if one is not None and one.column is not None:
            yield f"{key} = {json.dumps(one.column.name)}{'' if one.sure else '  # ?'}"


def _guess(match: Match) -> str:
    return "" if match.sure else "  # ? another table may be meant"


def guesses(texts: Iterable[str]) -> int:
    """How many lines are marked as guesses."""
    return sum("# ?" in line or "-- ?" in line for text in texts for line in text.splitlines())
