"""Every kind of file that is read: an example of each, and what the product does with it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from simulation.checks.verdict import judge
from simulation.contract.file import load_contract
from simulation.documents.text import read_text
from simulation.environment.engine_address import text_at
from simulation.faults.plan import FaultPlan, load_plan
from simulation.faults.swarm import swarm
from simulation.history import History, line_of
from simulation.paths import ALERTS_FOLDER, OPENAPI, PLATFORM_FACTS, ROOT, RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.promotion.checks import changes_between
from simulation.promotion.release import load_release
from simulation.promotion.separation import read_env
from simulation.reporting.html import render_html
from simulation.reporting.view import build_report
from simulation.run_directory import RunDirectory
from simulation.runbook_lint.lint import lint
from simulation.runbook_lint.material import Material
from simulation.scenario.faults.needs import MET_INSIDE
from simulation.scenario.file import load_scenario
from simulation.scenario.results_csv import read_results
from simulation.sealing.envelope import PAYLOAD_TYPE
from simulation.sealing.folder import SEAL
from simulation.sealing.keys import load_private_key, load_public_key
from simulation.sealing.seal import verify
from simulation.stored_run import refuse_contradictions, stored_history, stored_verdict
from simulation.targets.columns import plain_columns
from simulation.targets.process.people_file import load_people
from simulation.targets.process.target_file import load_target_file
from simulation.targets.queries import KEYS, load_queries
from simulation.world.monitoring.alert_rules import load_rules
from simulation.world.operator.parser import load_runbook
from tests.unit.checks.story import passing

RUNBOOK = "payout_transfer_stuck_in_retryable"
RELEASE = """\
version: v2.0.0
previous: v1.3.0
tests: [python, -m, pytest, -q]
rollback_procedure: rollback.md
rollback_snapshot: schema.sql
dashboards: [payouts_total]
on_call: {engineer: Ann Ace, reach: "+1 555 0100"}
"""
KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FIXTURES = ROOT / "fixtures"
TEMPLATE = ROOT / "simulation" / "targets" / "template"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of file.

    ``name`` of the file, whose folder holds nothing else. ``examples``: texts that are accepted. ``read`` uses the
    file as the product does, and raises :class:`simulation.errors.UsageError` for what it does not accept.
    """

    name: str
    examples: Callable[[], Sequence[str]]
    read: Callable[[Path], object]
    share: int = 10
    """How much of a budget it gets: less where an input takes long."""
    refuses: bool = True
    """A file that it cannot use is refused. Otherwise it counts as one that says nothing."""


def _texts(*files: Path) -> Sequence[str]:
    return tuple(file.read_text(encoding="utf-8") for file in files)


def _read_scenario(file: Path) -> None:
    scenario = load_scenario(file)
    FaultPlan.from_scenario(scenario, 1).to_json()
    scenario.to_yaml()
    swarm(scenario, 1, met=MET_INSIDE)


@cache
def _smoke() -> Any:
    return load_scenario(SCENARIOS_FOLDER / "smoke_2d.yaml")


def _plan() -> Sequence[str]:
    return (FaultPlan.from_scenario(_smoke(), 1).to_json(),)


def _read_queries(file: Path) -> None:
    for relation, query in load_queries(file).items():
        plain_columns(query, key=KEYS[relation])


def _lint(file: Path) -> None:
    """By the rules for a single runbook or scenario; the project's other files are as they are."""
    lint(
        Material(
            runbooks=RUNBOOKS_FOLDER,
            alerts=ALERTS_FOLDER,
            scenarios=SCENARIOS_FOLDER,
            facts=PLATFORM_FACTS,
            repeatable=(),
            files=[file],
        )
    )


@cache
def _story() -> History:
    return passing().history()


def _history() -> Sequence[str]:
    return ("".join(line_of(event) + "\n" for event in _story().events),)


def _read_history(file: Path) -> None:
    history = stored_history(RunDirectory(path=file.parent))
    render_html(build_report(history, judge(history)))


def _beside_history(file: Path) -> None:
    directory = RunDirectory(path=file.parent)
    refuse_contradictions(directory, _story(), stored_verdict(directory))


def _seal() -> Sequence[str]:
    statement = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "a", "digest": {"sha256": "0" * 64}}]}
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    envelope = {"payloadType": PAYLOAD_TYPE, "payload": payload, "signatures": [{"sig": "AA=="}]}
    return (json.dumps(envelope),)


def _private_keys() -> Sequence[str]:
    keys = (KEY, ec.derive_private_key(7, ec.SECP256R1()))
    return [key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode() for key in keys]


def _public_keys() -> Sequence[str]:
    keys = (KEY.public_key(), ec.derive_private_key(7, ec.SECP256R1()).public_key())
    return [key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode() for key in keys]


KINDS = {
    "scenario": Kind(
        name="scenario.yaml",
        examples=partial(_texts, SCENARIOS_FOLDER / "smoke_2d.yaml", SCENARIOS_FOLDER / "founder_absence_14d.yaml"),
        read=_read_scenario,
    ),
    "results": Kind(
        name="results.csv",
        examples=partial(_texts, FIXTURES / "tournaments" / "desert_invitational.csv"),
        read=read_results,
        share=16,
    ),
    "faults": Kind(name="faults.json", examples=_plan, read=lambda file: load_plan(file, _smoke()), share=16),
    "target": Kind(
        name="target.toml",
        examples=partial(_texts, TEMPLATE / "target.toml", FIXTURES / "targets" / "staging" / "target.toml"),
        read=lambda file: load_target_file(file.parent),
        share=16,
    ),
    "queries": Kind(name="observe.sql", examples=partial(_texts, TEMPLATE / "observe.sql"), read=_read_queries),
    "contract": Kind(
        name="contract.yaml",
        examples=partial(_texts, FIXTURES / "targets" / "staging" / "contract" / "people.yaml"),
        read=lambda file: load_contract(file.parent),
    ),
    "alert rules": Kind(
        name="rules.yml",
        examples=lambda: _texts(*sorted(ALERTS_FOLDER.glob("*.yml"))),
        read=lambda file: load_rules(file.parent),
    ),
    "runbook": Kind(
        name=f"{RUNBOOK}.md", examples=partial(_texts, RUNBOOKS_FOLDER / f"{RUNBOOK}.md"), read=load_runbook
    ),
    "linted runbook": Kind(
        name=f"{RUNBOOK}.md",
        examples=partial(_texts, RUNBOOKS_FOLDER / f"{RUNBOOK}.md"),
        read=_lint,
        share=1,
        refuses=False,
    ),
    "history": Kind(name="history.jsonl", examples=_history, read=_read_history, share=2),
    "verdict": Kind(name="verdict.json", examples=lambda: (judge(_story()).to_json(),), read=_beside_history, share=2),
    "stored scenario": Kind(
        name="scenario.yaml", examples=partial(_texts, SCENARIOS_FOLDER / "smoke_2d.yaml"), read=_beside_history
    ),
    "stored faults": Kind(name="faults.json", examples=_plan, read=_beside_history),
    "release": Kind(
        name="release.yaml",
        examples=lambda: (RELEASE,),
        read=load_release,
        share=16,
    ),
    "environment": Kind(name="staging.env", examples=lambda: ("A=1\nexport B='2'\n# x\n",), read=read_env, share=16),
    "OpenAPI document": Kind(
        name="openapi.json",
        examples=partial(_texts, OPENAPI),
        read=lambda file: changes_between(
            read_text(file, kind="a document"), OPENAPI.read_text(encoding="utf-8"), place=str(file)
        ),
        share=1,
    ),
    "people": Kind(
        name="people.py", examples=partial(_texts, TEMPLATE / "people.py"), read=lambda file: load_people(file.parent)
    ),
    "seal": Kind(
        name=SEAL,
        examples=_seal,
        read=lambda file: verify(RunDirectory(path=file.parent), KEY.public_key()),
        refuses=False,
        share=16,
    ),
    "private key": Kind(name="seal.key", examples=_private_keys, read=load_private_key, share=16),
    "public key": Kind(name="seal.pub", examples=_public_keys, read=load_public_key, share=16),
    "docker": Kind(
        name="config.json",
        examples=lambda: ('{"currentContext": "colima", "Endpoints": {"docker": {"Host": "unix:///x"}}}',),
        read=lambda file: (text_at(file, "currentContext"), text_at(file, "Endpoints", "docker", "Host")),
        refuses=False,
    ),
}
