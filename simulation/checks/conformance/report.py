"""How much of a run a contract covers, and what in the run deviates from it: a report for authors of contracts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from simulation.checks.conformance.engine import Complaint, Conformance, conformance
from simulation.checks.conformance.log_lines import log_lines
from simulation.checks.conformance.metrics import metrics
from simulation.checks.conformance.statements import Statements, answers
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.money import grouped
from simulation.contract.document import Contract
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.words import plural


@dataclass(frozen=True, kw_only=True)
class ContractReport:
    """``cells``: table → how many column values were judged, are free, and have no rule. ``said``: answers, metrics and
    log; None where the history breaks off, so that they cannot be judged."""

    found: Conformance
    cells: dict[str, Counter[str]]
    said: Statements | None = None

    @property
    def exit_code(self) -> int:
        """1 when something deviates from the contract, else 0."""
        return 1 if self.found.complaints or (self.said is not None and self.said.wrong) else 0

    def text(self, *, most: int) -> str:
        """Tables first, then the complaints with equal ones grouped; at most ``most`` groups of each kind."""
        lines = [f"{'table':34} {'judged':>8} {'free':>8} {'no rule':>8}"]
        lines += [
            f"{table:34} {counts['judged']:8} {counts['free']:8} {counts['undeclared']:8}"
            for table, counts in sorted(self.cells.items())
        ]
        alike: dict[tuple[str, str, str, str], list[Complaint]] = {}
        for complaint in self.found.complaints:
            place = (complaint.kind, complaint.table, complaint.column, complaint.write)
            alike.setdefault(place, []).append(complaint)
        lines += ["", plural(len(self.found.complaints), "complaint")]
        for (kind, table, column, write), complaints in list(alike.items())[:most]:
            first = complaints[0]
            lines.append(f"{len(complaints):5} x {kind}: {table}.{column} ({write or 'no write declares it'})")
            lines.append(f"        row {first.row}, expected {first.expected}; actual {first.actual}")
        return "\n".join([*lines, *self._statements(most)])

    def _statements(self, most: int) -> Iterator[str]:
        if self.said is None:
            return
        judged, wrong = self.said.judged, grouped(self.said.wrong, lambda one: str(one.declared))
        yield (
            f"{judged['answers']} answers, {judged['metrics']} readings of metrics and {judged['log']} lines of the"
            f" log, {len(self.said.wrong)} not so"
        )
        for several in list(wrong.values())[:most]:
            first = several[0]
            yield f"{len(several):5} x {first.about} ({first.at:%Y-%m-%d %H:%M:%S})"
            yield f"        expected {first.expected}; actual {first.actual}"
        for what, count in sorted(self.said.not_judged.items()):
            yield f"{count:5} x not judged: {what}"


def contract_report(history: History, contract: Contract | None) -> ContractReport:
    """Judge a history by a contract.

    :param contract: used instead of the one in the history; None: that one.
    """
    started = history.started
    case = Case(history, started.governance if started is not None else NO_GOVERNANCE, contract=contract)
    found = conformance(case)
    cells: dict[str, Counter[str]] = {}
    for (table, _, how), count in found.cells.items():
        cells.setdefault(table, Counter())[how] += count
    contract = case.contract
    if not case.whole or not (contract.answers or contract.metrics or contract.log):
        return ContractReport(found=found, cells=cells)
    said = Statements()
    for told in (answers(case), metrics(case), *((log_lines(case),) if contract.log is not None else ())):
        said.wrong += told.wrong
        said.judged += told.judged
        said.not_judged += told.not_judged
    return ContractReport(found=found, cells=cells, said=said)
