"""Alerts and runbooks that come with the project lead to each other, and the index names them all."""

from __future__ import annotations

from simulation.paths import ALERTS_FOLDER, ROOT, RUNBOOKS_FOLDER
from simulation.world.monitoring.alert_rules import load_rules
from simulation.world.operator.parser import load_runbooks


def test_every_link_leads_to_a_runbook_that_names_the_alert() -> None:
    linked = {rule.runbook: rule.alert for rule in load_rules(ALERTS_FOLDER).alerts if rule.runbook is not None}
    books = load_runbooks(RUNBOOKS_FOLDER)
    assert linked == {runbook.name: runbook.alert for runbook in books if runbook.alert is not None}


def test_every_runbook_url_is_a_file_of_the_project() -> None:
    urls = [
        line.split()[-1]
        for file in sorted(ALERTS_FOLDER.glob("*.yml"))
        for line in file.read_text().splitlines()
        if "runbook_url:" in line
    ]
    assert len(urls) >= 5
    assert [url for url in urls if not (ROOT / url).is_file()] == []


def test_the_index_has_every_runbook_and_every_alert() -> None:
    index = (RUNBOOKS_FOLDER / "README.md").read_text()
    missing = [runbook.name for runbook in load_runbooks(RUNBOOKS_FOLDER) if f"({runbook.name}.md)" not in index]
    missing += [rule.alert for rule in load_rules(ALERTS_FOLDER).alerts if rule.alert not in index]
    assert missing == []
