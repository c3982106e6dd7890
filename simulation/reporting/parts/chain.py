"""The causal chain of a fault, each link with its time: fault → alert → runbook execution → request → ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from simulation.currency import USD
from simulation.events import Exchange, FaultInjected, StripeCall
from simulation.reporting.parts.executions import AlertView, ExecutionView
from simulation.reporting.parts.fields import instant, number, text
from simulation.reporting.parts.source import ReportSource
from simulation.reporting.parts.victims import Victims
from simulation.reporting.words import money
from simulation.words import plural

_BOOKKEEPING = ("/api/admin/runbooks/",)
"""Requests by which the operator only records the execution; they are left out of the chain."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """One event of the chain, or ``count`` similar ones merged, from ``at`` to ``until``."""

    at: datetime
    stage: str
    """``fault``, ``stripe``, ``webhook``, ``provider``, ``alert``, ``runbook``, ``request`` or ``ledger``."""
    text: str
    count: int = 1
    until: datetime | None = None


def chain_of(
    source: ReportSource,
    fault_id: str,
    injected: tuple[FaultInjected, ...],
    victims: Victims,
    alerts: tuple[AlertView, ...],
    executions: tuple[ExecutionView, ...],
) -> tuple[Link, ...]:
    """All links of one fault in order of time, with similar neighbours merged."""
    links = [Link(at=event.at, stage="fault", text=event.detail or event.fault_kind) for event in injected]
    links += _stripe_calls(source, fault_id)
    links += [
        Link(at=d.at, stage="webhook", text=f"{d.event_type} {d.event_id}, attempt {d.attempt}: {_answer(d.status)}")
        for d in victims.deliveries
    ]
    links += _provider(victims)
    for alert in alerts:
        links.append(Link(at=alert.fired_at, stage="alert", text=f"{alert.name} fires ({alert.severity})"))
        if alert.resolved_at:
            links.append(Link(at=alert.resolved_at, stage="alert", text=f"{alert.name} is resolved"))
    for execution in executions:
        links += _execution(source, execution)
    links += _ledger(victims, injected)
    return _merged(sorted(links, key=lambda link: link.at))


def _answer(status: int | None) -> str:
    return f"answered {status}" if status is not None else "no answer"


def _stripe_calls(source: ReportSource, fault_id: str) -> list[Link]:
    return [
        Link(
            at=call.at,
            stage="stripe",
            text=f"{call.method} {call.path}: {_answer(call.status)}"
            + (f" {call.error_code}" if call.error_code else "")
            + (", but Stripe carried it out" if call.executed and call.status is None else ""),
        )
        for call in source.history.of(StripeCall)
        if call.fault_id == fault_id
    ]


def _provider(victims: Victims) -> list[Link]:
    if victims.tournament is None:
        return []
    links = [
        Link(
            at=a.at,
            stage="provider",
            text=f"scores asked for: {'broken data' if a.status == 200 else _answer(a.status)}",
        )
        for a in victims.answers
        if a.fault_id is not None
    ]
    if links:
        good = (a for a in victims.answers if a.valid and a.fault_id is None and a.at > links[-1].at)
        links += [Link(at=a.at, stage="provider", text="scores asked for: valid answer") for a in list(good)[:1]]
    return links


def _execution(source: ReportSource, execution: ExecutionView) -> list[Link]:
    title = f"runbook {execution.runbook} v{execution.version}"
    links = [Link(at=execution.started_at, stage="runbook", text=f"{title} opened by the operator")]
    if execution.ended_at:
        matched = f"{execution.matched} of {plural(len(execution.steps), 'command')} gave what the runbook states"
        links.append(Link(at=execution.ended_at, stage="runbook", text=f"{title} {execution.status}: {matched}"))
    for exchange in source.history.of(Exchange):
        writes = exchange.method != "GET" and not exchange.path.startswith(_BOOKKEEPING)
        if exchange.execution_id == execution.execution_id and writes:
            text_ = f"{exchange.method} {exchange.path}: {_answer(exchange.status)}"
            links.append(Link(at=exchange.at, stage="request", text=text_))
    return links


def _ledger(victims: Victims, injected: tuple[FaultInjected, ...]) -> list[Link]:
    """Postings since the first injection, one link for each pair of rows, taken from its debit."""
    return [
        Link(
            at=at,
            stage="ledger",
            text=f"{text(row, 'entry_type')} {money(number(row, 'amount_cents'), text(row, 'currency') or USD)}",
        )
        for row in victims.postings
        if (at := instant(row, "created_at")) and row.get("direction") == "DEBIT" and injected and at >= injected[0].at
    ]


def _merged(links: list[Link]) -> tuple[Link, ...]:
    """Merge a link into one of the two before it if they are alike (a refusal and its retry alternate)."""
    merged: list[Link] = []
    for link in links:
        for position in range(len(merged) - 1, max(-1, len(merged) - 3), -1):
            earlier = merged[position]
            if (earlier.stage, earlier.text) == (link.stage, link.text):
                merged[position] = replace(earlier, count=earlier.count + 1, until=link.at)
                break
        else:
            merged.append(link)
    return tuple(merged)
