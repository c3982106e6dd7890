"""The contract of the staging platform says something about each endpoint that there is."""

from __future__ import annotations

import json

from simulation.contract.file import load_contract
from simulation.paths import ROOT

_METHODS = frozenset(("get", "post", "put", "patch", "delete"))


def test_the_answer_of_every_endpoint_has_a_rule_or_a_reason_why_it_is_not_judged() -> None:
    document = json.loads((ROOT / "fixtures/openapi.json").read_text(encoding="utf-8"))
    endpoints = {
        f"{method.upper()} {path}" for path, of in document["paths"].items() for method in of if method in _METHODS
    }
    declared = [answer.to for answer in load_contract(ROOT / "fixtures/targets/staging").answers]
    assert endpoints - set(declared) == set()
    assert set(declared) - endpoints == set()
