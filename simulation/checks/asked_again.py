"""Commands and requests of operators that came again because nobody answered: for a cause, and without a second effect.

A platform that dies answers nobody for half a minute. What it was asked then may have been done or not. Whoever asks
again does so under the same ``Idempotency-Key``, and is told what they would have been told; or asks for something that
does again only what is still to be done. Source: fixtures/runbooks/README.md (How to follow one).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import NO_KEYS
from simulation.checks.evidence.requests import matches_any
from simulation.events import Exchange, RunbookStep
from simulation.words import plural

_MOST_AGAIN = 3
"""How often a command that nobody answered is typed again (fixtures/runbooks/README.md)."""


def most_tries(case: Case, step: RunbookStep) -> int:
    """How often its command may have been typed: once, and once more for each time that nobody answered it.

    One that writes, only if every request of its that changes something may come again.

    :raises Undeclared: it was typed again, and the target does not declare which requests may come again without a key.
    """
    asked = [exchange for one in step.request_ids for exchange in case.remembered(_operators_requests).get(one, ())]
    changing = [exchange for exchange in asked if exchange.method != "GET" and exchange.idempotency_key is None]
    if step.writes and step.tries > 1 and changing:
        case.need_declared("repeatable_requests")
        if not all(matches_any(case.governance.repeatable_requests, exchange) for exchange in changing):
            return 1
    return 1 + min(sum(_was_unanswered(exchange) for exchange in asked), _MOST_AGAIN)


@check("What an operator asked for several times under one key was done once, recorded once, and was always the same")
def keyed_requests_once(case: Case, inquiry: Inquiry) -> None:
    if case.remembered(_by_key):
        case.need_declared("idempotency_table", "audit_table", "audit_columns.request_id")
    recorded = case.remembered(recorded_requests)
    for key, exchanges in sorted(case.remembered(_by_key).items()):
        inquiry.examine()
        for problem, expected, actual in _problems(exchanges, recorded):
            inquiry.find(
                f"{exchanges[0].method} {exchanges[0].path}",
                f"under the key {key}: {problem}",
                keys=replace(NO_KEYS, request_id=exchanges[-1].request_id),
                expected=expected,
                actual=actual,
                events=tuple(exchanges),
            )
    if not case.remembered(_by_key):
        inquiry.nothing_needed("no operator asked for anything under a key")


def _problems(exchanges: Sequence[Exchange], recorded: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    taken = [one for one in exchanges if one.status < 300]
    asked = {_asked(one) for one in taken}
    if len(asked) > 1:
        yield "different requests were taken", "the first, and 409 for any other", plural(len(asked), "request")
    done = sum(one.request_id in recorded for one in exchanges)
    if done > 1:
        yield "it was done again", "an audit record for one request", f"for {plural(done, 'request')}"
    if taken and not done and _says_done(taken[-1]):
        yield "it was reported as done, and nothing is recorded", "an audit record", "none"


def comes_again(case: Case, exchange: Exchange, told: Collection[str]) -> bool:
    """Whether it is one of the requests ``told``, delivered once more under its key: by a proxy, not by a person."""
    asked = case.remembered(_by_key).get(exchange.idempotency_key or "", ())
    return any(one.request_id in told and _asked(one) == _asked(exchange) for one in asked)


def _says_done(exchange: Exchange) -> bool:
    """Not where a ``false`` or 0 in the answer says that nothing was to be done."""
    answer = exchange.response_body
    return isinstance(answer, dict) and all(value is not False and value != 0 for value in answer.values())


def _asked(exchange: Exchange) -> str:
    who = exchange.token_subject
    return json.dumps([who, exchange.method, exchange.path, exchange.query, exchange.request_body], sort_keys=True)


def _was_unanswered(exchange: Exchange) -> bool:
    """It met a platform that is being restarted."""
    return exchange.status in (502, 503, 504) and "authentication_unavailable" not in str(exchange.response_body)


def _operators_requests(case: Case) -> Mapping[str, Sequence[Exchange]]:
    found: dict[str, list[Exchange]] = {}
    for exchange in case.events(Exchange):
        if exchange.actor == "operator":
            found.setdefault(exchange.request_id, []).append(exchange)
    return found


def _by_key(case: Case) -> Mapping[str, Sequence[Exchange]]:
    found: dict[str, list[Exchange]] = {}
    for exchange in case.events(Exchange):
        if exchange.actor == "operator" and exchange.idempotency_key is not None:
            found.setdefault(exchange.idempotency_key, []).append(exchange)
    return found


def recorded_requests(case: Case) -> frozenset[str]:
    """Ids of the requests that the audit trail names; none where the target does not say where it is."""
    column = case.governance.audit_columns.get("request_id")
    if column is None or not case.governance.audit_table:
        return frozenset()
    return frozenset(str((change.after or {}).get(column)) for change in case.wal.of(case.governance.audit_table))
