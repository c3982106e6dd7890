"""The measurement as a page of Markdown, ``coverage.md`` beside the run: everything that the screen leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulation.proof.coverage.falsehood import AREAS
from simulation.proof.coverage.result import Coverage, Share, Told, by_column, by_subject, top_checks

_TOP_CHECKS = 5


def page(coverage: Coverage) -> str:
    """The whole page."""
    return "\n".join([*_head(coverage), *_by_area(coverage), *_columns(coverage), *_unnoticed(coverage), ""])


def _head(coverage: Coverage) -> Iterator[str]:
    judged = Share.among(coverage.judged)
    yield from (
        "# What the jury would notice",
        "",
        f"Scenario {coverage.scenario}, history `{coverage.digest[:16]}`, verdict {coverage.outcome}."
        f" Rows drawn by seed {coverage.seed}, {coverage.rows} for each falsehood.",
        "",
        f"- Columns, one falsehood each: **{coverage.columns}** noticed.",
        f"- Falsehoods about columns that the contract does not leave free: **{judged}** noticed,"
        f" **{judged.percent:.1f} %**.",
        f"- Lines of the platform's log: {coverage.log_lines}, of which {coverage.log_lines_judged} are judged.",
        "",
    )


def _by_area(coverage: Coverage) -> Iterator[str]:
    yield from (
        "| told falsely | noticed | % | unnoticed, declared | left free | noticed by most |",
        "| --- | --- | --- | --- | --- | --- |",
    )
    for area, name in AREAS.items():
        share, free = coverage.share(area), len(coverage.free(area))
        declared = sum(item.area == area for item in coverage.accepted)
        checks = _checks(coverage.of_area(area))
        yield f"| {name} | {share} | {share.percent:.1f} | {declared} | {free} | {checks} |"
    yield ""


def _columns(coverage: Coverage) -> Iterator[str]:
    yield from ("## Columns", "", "| column | noticed | noticed by most |", "| --- | --- | --- |")
    for subject, told in by_subject(coverage.of_area("table")).items():
        for column, items in by_column(told).items():
            yield f"| `{subject}.{column}` | {Share.among(items)} | {_checks(items)} |"
    yield ""


def _unnoticed(coverage: Coverage) -> Iterator[str]:
    """Each fact with the kinds of falsehood that nobody notices."""
    yield from ("## What nobody notices", "")
    for area, name in AREAS.items():
        missed = [item for item in coverage.unnoticed if item.area == area]
        if missed:
            yield from (f"### {name[0].upper()}{name[1:]}: {len(missed)}", "")
            yield from unnoticed_lines(missed)
            yield ""
    if coverage.accepted:
        yield from (f"### Declared as beyond anybody's notice: {len(coverage.accepted)}", "")
        for subject, kind, reason in sorted(
            {(f"{item.subject}.{item.fact}", item.kind, item.accepted) for item in coverage.accepted}
        ):
            yield f"- `{subject}` {kind}: {reason}"
        yield ""
    free = [item for item in coverage.told if item.free is not None]
    if free:
        yield from (f"### Left free by the contract: {len(free)}", "")
        for subject, reason in sorted({(f"{item.subject}.{item.fact}", item.free) for item in free}):
            yield f"- `{subject}`: {reason}"


def unnoticed_lines(missed: Sequence[Told]) -> Iterator[str]:
    """One line for each fact and operation, with the kinds; ``(unknown)`` where a check became unknown."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for item in missed:
        kind = f"{item.kind} (unknown)" if item.doubted_by else item.kind
        found.setdefault((item.subject, item.fact, item.operation), []).append(kind)
    for (subject, fact, operation), kinds in sorted(found.items()):
        yield f"- `{subject}` `{fact}`{' ' + operation if operation else ''}: {', '.join(dict.fromkeys(kinds))}"


def _checks(told: Sequence[Told]) -> str:
    return ", ".join(f"{check} {count}" for check, count in top_checks(told, _TOP_CHECKS))
