"""What a target's contract leaves free of answers, metrics and lines of the log, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Sequence

from simulation.checks.conformance.statements import answered_one
from simulation.checks.evidence.case import Case
from simulation.contract.document import Contract
from simulation.contract.rules import Document, Free, Keyed, Listing, Rule
from simulation.events import Exchange
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.proof.coverage.falsehood import Falsehood

_ANY_NUMBER = "the contract says that there may be any number of such lines"
_NOT_CERTAIN = "the contract does not say of each of these lines that it must be there"
_AT_MOST = "the contract knows no more than a bound of it"
_NAMES = re.compile(r"\[\]|[^.\[\]]+")


class FreeStatements:
    """Says of a falsehood about a statement why the contract leaves its fact free."""

    def __init__(self, history: History) -> None:
        started = history.started
        self._case = Case(history, started.governance if started is not None else NO_GOVERNANCE)
        self._contract: Contract = self._case.contract

    def reason(self, falsehood: Falsehood) -> str | None:
        """None: the fact is not free, or nothing is declared about it."""
        match falsehood.area:
            case "answer":
                return self._of_answer(falsehood)
            case "metric":
                return self._of_metric(falsehood)
            case "log":
                return self._of_line(falsehood)
            case _:
                return None

    def _of_answer(self, falsehood: Falsehood) -> str | None:
        """Whether it was answered at all is never free."""
        (position,) = falsehood.edits
        event = self._case.history.events[position]
        if not isinstance(event, Exchange) or falsehood.fact == "(status)":
            return None
        for one in answered_one(self._case, event):
            if one.number is not None:
                declared = self._contract.answers[one.number]
                return declared.not_judged or _reason(declared.body, _NAMES.findall(falsehood.fact))
        return None

    def _of_metric(self, falsehood: Falsehood) -> str | None:
        declared = self._contract.metrics.get(falsehood.subject)
        if declared is None:
            return None
        return declared.not_judged or (_AT_MOST if declared.at_most and falsehood.kind != "plus one" else None)

    def _of_line(self, falsehood: Falsehood) -> str | None:
        """Of several declarations with the same words, any."""
        log = self._contract.log
        number = None if log is None else log.number_of(falsehood.subject)
        if log is None or number is None:
            return None
        for line in log.lines:
            if line.says != log.lines[number].says:
                continue
            rule = line.fields.get(falsehood.fact)
            if isinstance(rule, Free):
                return rule.free
            if falsehood.fact == "(line)" and falsehood.kind in ("left out", "twice"):
                if line.many:
                    return _ANY_NUMBER
                if not line.every:
                    return _NOT_CERTAIN
        return None


def _reason(rule: Rule | None, names: Sequence[str]) -> str | None:
    """``names``: the keys that lead to the place in the document, ``[]`` for an element of a list."""
    if isinstance(rule, Free):
        return rule.free
    if not names:
        return None
    if isinstance(rule, Document):
        return _reason(rule.document.get(names[0]), names[1:])
    if isinstance(rule, (Listing, Keyed)):
        return _reason(rule.each, names[1:])
    return None
