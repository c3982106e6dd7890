"""Rules RB040 to RB042: alerts link runbooks, and runbooks name their alerts."""

from __future__ import annotations

from collections.abc import Iterator

from simulation.runbook_lint.material import Material, RunbookSet
from simulation.runbook_lint.places import line_starting, split_place
from simulation.runbook_lint.rule import Flaw, book_rule, project_rule


@project_rule("RB040", "Every alert links a runbook that there is, or says why it has none")
def alerts_have_runbooks(material: Material) -> Iterator[Flaw]:
    for rule in material.rules:
        file, line = split_place(rule.place)
        if rule.runbook is None and not rule.no_runbook:
            yield Flaw(
                file=file,
                line=line,
                message=f"the alert {rule.alert} has neither runbook_url nor a reason for having none",
                remedy="add the annotation runbook_url, or no_runbook: <why it is escalated at once>",
            )
        elif rule.runbook is not None and rule.no_runbook:
            yield Flaw(
                file=file,
                line=line,
                message=f"the alert {rule.alert} has a runbook and a reason for having none",
                remedy="remove the annotation no_runbook",
            )
        elif rule.runbook is not None and rule.runbook not in material.names:
            yield Flaw(
                file=file,
                line=line,
                message=f"the alert {rule.alert} links the runbook {rule.runbook}, which does not exist",
                remedy="write it, or correct runbook_url",
            )


@book_rule("RB041", "The alert of a runbook exists and links back to it")
def runbook_has_its_alert(book: RunbookSet, material: Material) -> Iterator[Flaw]:
    if book.runbook is None or book.runbook.alert is None:
        return
    rules = [rule for rule in material.rules if rule.alert == book.runbook.alert]
    if not rules:
        yield Flaw(
            line=line_starting(book.page, "alert:"),
            message=f"no rule is called {book.runbook.alert}",
            remedy="add it to fixtures/alerts, or name the alert that this runbook answers",
        )
    elif rules[0].runbook != book.runbook.name:
        yield Flaw(
            line=line_starting(book.page, "alert:"),
            message=f"the alert {book.runbook.alert} ({rules[0].place}) links {rules[0].runbook or 'no runbook'}",
            remedy="let its runbook_url name this file",
        )


@project_rule("RB042", "No runbook is linked by two alerts")
def one_alert_for_each_runbook(material: Material) -> Iterator[Flaw]:
    seen: dict[str, str] = {}
    for rule in material.rules:
        if rule.runbook in seen:
            file, line = split_place(rule.place)
            yield Flaw(
                file=file,
                line=line,
                message=f"the alerts {seen[rule.runbook]} and {rule.alert} link the same runbook",
                remedy="write one for each: its Detection and Verification speak of one alert's figure",
            )
        elif rule.runbook is not None:
            seen[rule.runbook] = rule.alert
