"""``simulate faults`` tells of every kind what a scenario may say of it."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner

from simulation.cli.faults import faults
from simulation.errors import UsageError
from simulation.scenario.faults.registry import KINDS


def said(*arguments: str) -> str:
    result = CliRunner().invoke(faults, arguments, catch_exceptions=False, standalone_mode=False)
    assert result.return_value == 0
    return result.output


def test_every_kind_is_listed_with_all_that_there_is_to_say() -> None:
    text = " ".join(said().split())
    for kind in KINDS.values():
        assert f"{kind.name()}: {' '.join(kind.title.split())}" in text
        assert all(" ".join(words.split()) in text for words in (kind.what(), kind.recovery, kind.origin))


@pytest.mark.parametrize("name", KINDS)
def test_the_example_of_a_kind_is_a_fault_of_it(name: str) -> None:
    _, _, example = said(name).partition("in a scenario:\n")
    (document,) = yaml.safe_load(example)["faults"]
    fault = KINDS[name].model_validate({**document, "at": "2026-03-03T10:00:00Z"} if "at" in document else document)
    assert fault.kind == name
    assert fault.expect == KINDS[name].expects
    assert not list(fault.out_of_range())


def test_ranges_are_those_that_a_scenario_is_held_to() -> None:
    def values(kind: str) -> dict[str, str]:
        return {field["name"]: field["values"] for field in json.loads(said(kind, "--json"))["kinds"][0]["fields"]}

    assert values("transfer_error") == {
        "contest": "a text",
        "nth": "1 or more",
        "times": "1 or more",
        "status": "400 to 599",
    }
    assert values("provider_outage")["minutes"] == "6 or more"
    assert values("contest_row_held")["minutes"] == "1 to 360"
    assert values("authentication_outage") == {"at": "a time", "minutes": "60 or more"}
    assert values("chargeback")["delay_hours"] == "0 or more"


def test_json_has_every_kind_and_what_it_needs_of_a_target() -> None:
    documents = {document["kind"]: document for document in json.loads(said("--json"))["kinds"]}
    assert list(documents) == list(KINDS)
    assert "can be killed" in documents["backend_killed"]["needs"][0]
    assert documents["webhook_lost"]["needs"] == []
    assert documents["webhook_lost"]["ends"] == "runbook payment_webhook_missing"


def test_a_name_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        said("webhook_lots")
    assert "did you mean 'webhook_lost'?" in caught.value.remedy
