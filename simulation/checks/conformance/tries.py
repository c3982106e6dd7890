"""Requests that were made again after an error of the server: their tries, and which of them left the rows.

A platform that dies between its COMMIT and its answer has done what it was asked, and whoever asked does not know. They
ask again, and are told what they would have been told before. So the rows of a request may be those of a try that was
answered by an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from simulation.checks.evidence.case import Case
from simulation.events import Exchange

_ERROR = 500
_AGAIN_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Try:
    """One of several tries. ``answered``: the last one, which was answered as asked.

    ``left_rows``: rows of the log name it, or no try is named and it is the last. ``required``: its rows must exist,
    since it is the last try with rows, and somebody was told that it is done.
    """

    answered: Exchange
    left_rows: bool
    required: bool


def tries(case: Case) -> Mapping[str, Try]:
    """Request id → its part, for all requests that were made again and answered at last. Ask through
    :meth:`Case.remembered`."""
    found: dict[str, Try] = {}
    for several in _made_again(case):
        named = [one.request_id for one in several if one.request_id in case.remembered(_named_in_rows)]
        counts = named or [several[-1].request_id]
        for one in several:
            found[one.request_id] = Try(
                answered=several[-1], left_rows=one.request_id in counts, required=one.request_id == counts[-1]
            )
    return found


def _made_again(case: Case) -> Iterator[list[Exchange]]:
    failed: dict[str, list[Exchange]] = {}
    ever_failed = {exchange.path for exchange in case.events(Exchange) if exchange.status >= _ERROR}
    for exchange in case.events(Exchange):
        if exchange.method == "GET" or exchange.path not in ever_failed:
            continue
        asked = _asked(exchange)
        before = [one for one in failed.pop(asked, []) if exchange.at - one.at <= _AGAIN_WITHIN]
        if exchange.status >= _ERROR:
            failed[asked] = [*before, exchange]
        elif before and exchange.status < 300:
            yield [*before, exchange]


def _asked(exchange: Exchange) -> str:
    """What was asked, and by whom: the same for each try."""
    who = (exchange.actor, exchange.token_subject, exchange.user_id, exchange.execution_id)
    what = (exchange.method, exchange.path, exchange.query, exchange.request_body, exchange.idempotency_key)
    return json.dumps([*who, *what], sort_keys=True)


def _named_in_rows(case: Case) -> frozenset[str]:
    column = case.governance.audit_columns.get("request_id", "")
    return frozenset(
        str(change.new[column])
        for transaction in case.wal.transactions
        for change in transaction.changes
        if change.table == case.governance.audit_table and change.new is not None and column in change.new
    )
