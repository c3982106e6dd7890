"""The measurement in a terminal: one line for each area, one for each table, and what no check notices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from simulation.proof.coverage.falsehood import AREAS
from simulation.proof.coverage.result import Coverage, Share, Told, by_column, by_subject, top_checks

_TOP_CHECKS = 3


def screen(coverage: Coverage) -> Iterator[RenderableType]:
    """What to print, in order."""
    yield _areas(coverage)
    yield _tables(coverage)
    yield _unnoticed(coverage)
    yield from totals(coverage)


def totals(coverage: Coverage) -> Iterator[Text]:
    """The totals, in two lines; then columns without a rule and lines of the platform's log, if there are any."""
    judged = Share.among(coverage.judged)
    free = len(coverage.free("table"))
    yield Text(f"columns: {coverage.columns}, one falsehood each")
    yield Text(f"falsehoods about columns: {judged} noticed, {judged.percent:.1f} %; {free} more about free columns")
    if coverage.accepted:
        yield Text(f"declared as beyond anybody's notice, each with its reason: {len(coverage.accepted)}")
    if coverage.without_rule:
        yield Text(f"columns without a rule: {', '.join(coverage.without_rule)}")
    if coverage.log_lines:
        yield Text(f"log lines: {coverage.log_lines_judged} of {coverage.log_lines} judged")


def _areas(coverage: Coverage) -> Table:
    table = _table("told falsely", "facts", "noticed", "of", "%", "declared", "left free")
    for area, name in AREAS.items():
        declared = sum(item.area == area for item in coverage.accepted)
        facts, free = len(_facts(coverage.of_area(area))), len(coverage.free(area))
        table.add_row(name, str(facts), *_share(coverage.share(area)), str(declared), str(free))
    return table


def _tables(coverage: Coverage) -> Table:
    table = _table("table", "columns", "in full", "in part", "falsehoods", "noticed by most")
    for subject, told in by_subject(coverage.of_area("table")).items():
        shares = [Share.among(items) for items in by_column(told).values()]
        table.add_row(
            subject,
            str(len(shares)),
            str(sum(share.noticed == share.of for share in shares)),
            str(sum(0 < share.noticed < share.of for share in shares)),
            str(Share.among(told)),
            ", ".join(f"{check} {count}" for check, count in top_checks(told, _TOP_CHECKS)),
        )
    return table


def _unnoticed(coverage: Coverage) -> Table:
    """Unnoticed columns by table; for other areas only the number of facts, which ``coverage.md`` lists."""
    table = _table("nobody notices", "what")
    for area, name in AREAS.items():
        missed = {subject: list(_never(told)) for subject, told in by_subject(coverage.of_area(area)).items()}
        if area == "table":
            for subject, columns in missed.items():
                if columns:
                    table.add_row(subject, ", ".join(columns))
        elif count := sum(map(len, missed.values())):
            table.add_row(name, f"{count} of {len(_facts(coverage.of_area(area)))}")
    return table


def _facts(told: Sequence[Told]) -> set[tuple[str, str, str]]:
    return {(item.subject, item.operation, item.fact) for item in told}


def _never(told: Sequence[Told]) -> Iterator[str]:
    """Columns (or facts) of which no falsehood is noticed, without those that the contract leaves free."""
    for column, items in by_column(told).items():
        if not any(item.noticed or item.free is not None for item in items):
            yield column


def _share(share: Share) -> tuple[str, str, str]:
    return str(share.noticed), str(share.of), f"{share.percent:.1f}"


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
