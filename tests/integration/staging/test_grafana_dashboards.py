"""The dashboards for Grafana: every query is PromQL, and names only metrics and labels that the platform really has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from simulation.paths import ALERTS_FOLDER, ROOT
from simulation.staging.operations import metrics
from simulation.world.monitoring.alert_rules import load_rules
from tests.integration.staging.conftest import StagingPlatform

FILES = sorted((ROOT / "fixtures" / "dashboards").glob("*.json"))
OF_PROMETHEUS = {"up": set[str](), "ALERTS": {"alertname", "alertstate"}}
"""Series that Prometheus itself writes; alerts have the labels of their rules besides."""


def _queries(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Panel, expression, legend."""
    for panel in document["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target["legendFormat"]


def _selectors(node: Any) -> Iterator[Any]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    elif isinstance(node, promql_parser.MatrixSelector):
        yield from _selectors(node.vector_selector)
    else:
        for part in ("expr", "lhs", "rhs"):
            if hasattr(node, part):
                yield from _selectors(getattr(node, part))
        for argument in getattr(node, "args", None) or ():
            yield from _selectors(argument)


def _known_labels() -> dict[str, set[str]]:
    """Metric → its labels, as the page is written."""
    source = Path(str(metrics.__file__)).read_text(encoding="utf-8").partition("_SAMPLES")[2]
    return {
        name: set(re.findall(r"""[',](\w+)=(?:"|'\s*\|\|)""", part))
        for part in source.split("UNION ALL")
        for name in re.findall(r"SELECT\s+'(\w+)'", part)[:1]
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_query_is_promql_over_metrics_and_labels_that_exist(file: Path, stage: StagingPlatform) -> None:
    served = {line.split()[2] for line in stage.client.get("/metrics").text.splitlines() if line.startswith("# TYPE")}
    labels = _known_labels()
    known = served | set(labels) | set(OF_PROMETHEUS)
    rule_labels = {name for rule in load_rules(ALERTS_FOLDER).alerts for name in rule.labels}
    document = json.loads(file.read_text(encoding="utf-8"))
    seen = 0
    for panel, expression, legend in _queries(document):
        for selector in _selectors(promql_parser.parse(expression)):
            seen += 1
            assert selector.name in known, (panel, selector.name)
            allowed = labels.get(selector.name, set()) | OF_PROMETHEUS.get(selector.name, set())
            allowed |= rule_labels if selector.name == "ALERTS" else set()
            asked = {matcher.name for matcher in selector.matchers.matchers} | set(re.findall(r"\{\{(\w+)\}\}", legend))
            assert asked <= allowed, (panel, selector.name, asked - allowed)
    assert seen >= len(document["panels"])


def test_the_four_dashboards_of_the_specification_are_there() -> None:
    assert [file.stem for file in FILES] == ["audit_trail", "contest_status", "error_trends", "operational"]
    documents = [json.loads(file.read_text()) for file in FILES]
    assert len({document["uid"] for document in documents}) == 4
    for document in documents:
        ids = [panel["id"] for panel in document["panels"]]
        assert len(ids) == len(set(ids))
        assert all(panel["datasource"]["uid"] == "${datasource}" for panel in document["panels"])


def test_the_labels_are_read_off_the_page_as_it_is_written() -> None:
    labels = _known_labels()
    assert labels["contests"] == {"status"}
    assert labels["ingestion_lag_seconds"] == {"provider_event_id"}
    assert labels["settlement_status"] == {"contest_id", "status"}
    assert labels["score_audit_mismatches"] == set()


def test_a_query_for_a_metric_that_does_not_exist_would_be_seen() -> None:
    (selector,) = _selectors(promql_parser.parse("sum(rate(no_such_total[5m]))"))
    assert selector.name not in set(_known_labels()) | set(OF_PROMETHEUS)
