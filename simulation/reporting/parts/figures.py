"""The key figures at the top of the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from simulation.reporting.parts.contests import ContestView
from simulation.reporting.parts.criteria import SectionView
from simulation.reporting.parts.executions import ExecutionView
from simulation.reporting.parts.facts import RunFacts
from simulation.reporting.parts.faults import FaultView
from simulation.reporting.parts.funds import Funds
from simulation.reporting.words import money
from simulation.words import plural

_CONTESTS, _PRIZES = "Contests paid out", "Prizes out"
"""Of which a business without contests has none."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A label, a value and a note, as shown. ``tone`` (colour): ``good``, ``bad`` or ``plain``."""

    label: str
    value: str
    note: str
    tone: str = "plain"


def figures_of(
    sections: tuple[SectionView, ...],
    contests: tuple[ContestView, ...],
    faults: tuple[FaultView, ...],
    executions: tuple[ExecutionView, ...],
    funds: tuple[Funds, ...],
    escalations: int,
    facts: RunFacts,
) -> tuple[Figure, ...]:
    """The key figures, in the order in which they are shown: eight, and of a business without contests six."""
    over = sum(fault.over for fault in faults)
    completed = sum(execution.status == "completed" for execution in executions)
    paid_out = sum(contest.paid_out for contest in contests)
    money_in, prizes = _in_each(funds, lambda one: one.in_cents), _in_each(funds, lambda one: one.prizes_cents)
    fees, refunds = _in_each(funds, lambda one: one.fees_cents), _in_each(funds, lambda one: one.refunds_cents)
    shown = (
        _criteria([criterion.outcome for section in sections for criterion in section.criteria]),
        _of(_CONTESTS, paid_out, len(contests), "of those created"),
        _of("Faults over", over, len(faults), "recovered, or ended as foreseen"),
        _of("Runbooks completed", completed, len(executions), "commands gave what they state"),
        Figure(label="Money in", value=money_in, note=plural(sum(one.charges for one in funds), "payment")),
        Figure(label=_PRIZES, value=prizes, note=plural(sum(one.transfers for one in funds), "transfer")),
        Figure(label="Stripe fees", value=fees, note=f"refunds {refunds}"),
        Figure(
            label="Escalations",
            value=f"{escalations}",
            note="to engineering",
            tone="bad" if escalations else "good",
        ),
    )
    return tuple(one for one in shown if not (facts.without_contests and one.label in (_CONTESTS, _PRIZES)))


def _in_each(funds: tuple[Funds, ...], amount: Callable[[Funds], int]) -> str:
    """What there is of each currency; sums of two are never added."""
    told = [(one.currency, amount(one)) for one in funds if amount(one)] or [(funds[0].currency, 0)]
    return " · ".join(money(cents, currency) for currency, cents in told)


def none_good(figures: tuple[Figure, ...]) -> tuple[Figure, ...]:
    """As they are shown of a run that was not seen to its end, or not by everybody."""
    return tuple(replace(one, tone="plain") if one.tone == "good" else one for one in figures)


def _criteria(outcomes: list[str]) -> Figure:
    """Criteria that are not met are counted in the note; those only not verified do not make the figure ``bad``."""
    told = [
        (outcomes.count("fail"), "not met"),
        (outcomes.count("unknown"), "unknown"),
        (outcomes.count("not_verified"), "not verified"),
    ]
    rest = ", ".join(f"{count} {words}" for count, words in told if count)
    tone = "bad" if told[0][0] or told[1][0] else "good"
    value = f"{outcomes.count('pass')} of {len(outcomes)}"
    return Figure(label="Criteria met", value=value, note=rest or "of the specification", tone=tone)


def _of(label: str, part: int, whole: int, note: str) -> Figure:
    tone = "plain" if not whole else "good" if part == whole else "bad"
    return Figure(label=label, value=f"{part} of {whole}", note=note, tone=tone)
