"""fixtures/spec/platform.md says what is there: tables, columns, endpoints, errors, metrics, alerts, jobs, settings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from simulation.paths import ROOT
from simulation.staging.operations import metrics
from simulation.staging.settings import Settings

DOCUMENT = (ROOT / "fixtures/spec/platform.md").read_text()
SNAPSHOT = (ROOT / "fixtures/schema.snapshot.sql").read_text()
STAGING = ROOT / "simulation/staging"
_NOT_TABLES_OF_THE_BUSINESS = {"alembic_version"}


def sections(level: int) -> dict[str, str]:
    """Heading to text up to the next heading of this level or a higher one."""
    parts = re.split(rf"^{'#' * level} (.+)$", DOCUMENT, flags=re.MULTILINE)
    higher = re.compile(rf"^#{{1,{level - 1}}} ", flags=re.MULTILINE)
    return {heading.strip("`"): higher.split(text)[0] for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def schema() -> dict[str, list[str]]:
    """Table to columns, by the schema snapshot."""
    found = re.findall(r"^CREATE TABLE public\.(\w+) \(\n(.*?)^\);", SNAPSHOT, flags=re.MULTILINE | re.DOTALL)
    return {
        table: re.findall(r"^    (?!CONSTRAINT)\"?(\w+)\"? ", body, flags=re.MULTILINE)
        for table, body in found
        if table not in _NOT_TABLES_OF_THE_BUSINESS
    }


def first_cells(text: str) -> str:
    """The first cells of a text's tables, without the headings and the rules under them."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return "\n".join(line.split(" | ")[0] for line in lines)


def test_every_table_has_a_section_with_exactly_its_columns() -> None:
    described = {name: text for name, text in sections(3).items() if name in schema()}
    assert sorted(described) == sorted(schema())
    assert f"All {len(schema())}." in sections(2)["Tables"]
    for table, text in described.items():
        assert sorted(re.findall(r"`(\w+)`", first_cells(text))) == sorted(schema()[table]), table


def test_every_endpoint_is_there_and_no_other() -> None:
    paths = json.loads((ROOT / "fixtures/openapi.json").read_text())["paths"]
    built = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    described = set(re.findall(r"`((?:GET|POST|DELETE) /[^`]*)`", first_cells(sections(2)["Endpoints"])))
    assert described == built


def test_every_error_that_a_caller_may_get_is_named() -> None:
    endpoints = sections(2)["Endpoints"]
    raised = re.compile(r"(?:ApiError\(|super\(\).__init__\()\s*[45]\d\d,\s*\"(\w+)\"")
    codes = {code for file in STAGING.rglob("*.py") for code in raised.findall(file.read_text())}
    assert len(codes) > 50, "errors are raised in another way than this test looks for"
    assert {code for code in codes if f"`{code}`" not in endpoints} == set()


def test_ingestion_and_settlement_errors_are_those_of_the_code() -> None:
    named = sections(2)["Enumerated errors"]
    (in_table,) = re.findall(r"error_code = ANY \(ARRAY\[(.*?)\]\)", SNAPSHOT)
    for code in re.findall(r"'(\w+)'", in_table):
        assert code in named
    refused = {code for file in STAGING.rglob("*.py") for code in re.findall(r"\"(SETTLEMENT_\w+)\"", file.read_text())}
    assert {code for code in refused if code not in named} == set()


def test_every_metric_is_there_and_no_other() -> None:
    named = re.findall(r"`(\w+)`", first_cells(sections(2)["Metrics"]))
    assert sorted(named) == sorted(metrics.HELP)


def test_every_alert_has_its_severity_receivers_and_runbook() -> None:
    rules = [
        rule
        for file in sorted((ROOT / "fixtures/alerts").glob("*.yml"))
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]
    rows = [line.strip("| ").split(" | ") for line in sections(2)["Alerts"].splitlines() if line.startswith("| ")][2:]
    assert sorted(row[0] for row in rows) == sorted(rule["alert"] for rule in rules)
    written = {row[0]: row[2:] for row in rows}
    for rule in rules:
        severity, notify, runbook = written[rule["alert"]]
        assert severity == rule["labels"]["severity"]
        assert notify.replace(" ", "") == rule["labels"]["notify"]
        link = rule["annotations"].get("runbook_url")
        assert runbook == Path(link).stem if link else runbook.startswith("none: ")


def test_every_setting_has_its_default() -> None:
    cells = [line.strip("| ").split(" | ") for line in sections(2)["Settings"].splitlines() if line.startswith("| `")]
    written = {re.findall(r"`(\w+)`", row[0])[0]: row[1] for row in cells}
    settings = {field: getattr(Settings, field) for field in Settings.__annotations__ if hasattr(Settings, field)}
    numbers = {name: value for name, value in settings.items() if isinstance(value, int | float | tuple)}
    assert sorted(written) == sorted([*numbers, "environment"])
    for name, value in numbers.items():
        shown = ", ".join(f"{part:g}" for part in value) if isinstance(value, tuple) else str(value)
        assert written[name].strip() == shown, name
    others = set(settings) - set(numbers) | {"stripe_api_key", "database_url", "provider_base_url"}
    for name in others:
        assert f"`{name}`" in sections(2)["Settings"]
