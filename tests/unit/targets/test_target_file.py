"""``target.toml`` is read strictly: what is wrong is refused with file, line, value and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import UsageError
from simulation.targets.process.target_file import fill_in, load_target_file

_GOOD = """\
[[process]]
name = "web"
command = ["node", "server.js"]
[process.environment]
PORT = "${PORT}"

[[process]]
name = "worker"
command = ["node", "worker.js"]

[web]
port = 3000

[[job]]
name = "pay-winners"
does = "payout"
interval_seconds = 300

[[job]]
name = "nightly"
does = "reconciliation"
daily_at = "02:00"

[database]
schema_file = "schema.sql"

[stripe]
webhook_path = "/stripe/webhook"

[admin]
create_sql = "SELECT 1"
"""


def _load(folder: Path, text: str):
    (folder / "target.toml").write_text(text)
    return load_target_file(folder)


def test_everything_that_may_be_left_out_has_a_default(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    target = _load(folder, _GOOD)
    assert target.name == "shop"
    assert target.step_seconds == 300
    assert target.stripe.hosts == ("api.stripe.com",)
    assert target.governance.governance().audit_table == ""


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("port = 3000", "prot = 3000", 12, "did you mean 'port'?"),
        ("port = 3000", "port = 0", 12, "1 or more"),
        ('does = "payout"', 'does = "payouts"', 16, "did you mean 'payout'?"),
        ("interval_seconds = 300", "", 14, "either interval_seconds or daily_at"),
        ('daily_at = "02:00"', 'daily_at = "2:00"', 22, "daily_at"),
        ('PORT = "${PORT}"', 'PORT = "${PROT}"', 1, "did you mean 'PORT'?"),
        ('schema_file = "schema.sql"', "", 24, "either schema_file or migrate"),
        ('webhook_path = "/stripe/webhook"', 'webhook_path = "stripe/webhook"', 28, "webhook_path"),
        ('webhook_path = "/stripe/webhook"', 'webhook_path = "/hook"\nevents = []', 29, "events"),
        (
            'webhook_path = "/stripe/webhook"',
            'webhook_path = "/hook"\napi_version = "basil"',
            29,
            "api_version",
        ),
        (
            'webhook_path = "/stripe/webhook"',
            'webhook_path = "/hook"\napi_version = "2020-08-27"',
            29,
            "since version 2022-11-15, and not as 2020-08-27",
        ),
        ("[web]", "[web", 11, "is not TOML"),
        ("interval_seconds = 300", "interval_seconds = 300\nseen_in_log = '('", 18, "no regular expression"),
        ("interval_seconds = 300", "interval_seconds = 300\nseen_in_log = '[[a]'", 18, "no regular expression"),
        (
            "interval_seconds = 300",
            "interval_seconds = 300\nrun = ['pay']\nseen_in_log = 'paid'",
            14,
            "leave seen_in_log out: what cron starts is known",
        ),
        ("interval_seconds = 300", "interval_seconds = 300\nrun = ['${HOME}/pay']", 18, "${HOME} stands for nothing"),
        ("interval_seconds = 300", "interval_seconds = 300\nrun = []", 18, "run"),
        (
            "interval_seconds = 300",
            "interval_seconds = 300\nseen_in_log = 'a{9999999999}'",
            18,
            "no regular expression",
        ),
    ],
)
def test_a_mistake_is_refused_with_its_line(tmp_path, old, new, line, said):
    with pytest.raises(UsageError) as refusal:
        _load(tmp_path, _GOOD.replace(old, new))
    assert f"target.toml:{line}:" in str(refusal.value)
    assert said in str(refusal.value)


_STUB = """
[[stripe.stub]]
call = "{call}"
answer = '{answer}'
"""


def test_a_request_that_is_none_is_refused_with_its_line(tmp_path):
    said = _GOOD + '[governance]\nrepeatable_requests = ["POST /jobs/*/run"]\n'
    assert _load(tmp_path, said).governance.governance().repeatable_requests == ("POST /jobs/*/run",)
    with pytest.raises(UsageError, match=r"target.toml:\d+: .*repeatable_requests"):
        _load(tmp_path, said.replace("POST /jobs", "jobs"))


def test_a_stub_and_the_events_it_asked_for_reach_the_twin(tmp_path):
    said = _GOOD.replace('webhook_path = "/stripe/webhook"', 'webhook_path = "/stripe/webhook"\nevents = ["*"]')
    target = _load(tmp_path, said + _STUB.format(call="GET /v1/products/{id}", answer='{"id": "prod_1"}'))
    integration = target.stripe.integration()
    assert integration.events == ("*",)
    (stub,) = integration.stubs
    assert (stub.method, stub.path, stub.answer) == ("GET", "/v1/products/{id}", {"id": "prod_1"})


@pytest.mark.parametrize(
    ("call", "answer", "said"),
    [
        ("products", "{}", "call"),
        ("POST /v1/products", "{", "no JSON"),
        ("POST /v1/products", "[1]", "no JSON object"),
    ],
)
def test_a_stub_that_could_not_answer_is_refused(tmp_path, call, answer, said):
    with pytest.raises(UsageError, match=said):
        _load(tmp_path, _GOOD + _STUB.format(call=call, answer=answer))


def test_a_folder_without_the_file_names_the_command_that_writes_one(tmp_path):
    with pytest.raises(UsageError, match="simulate target init"):
        load_target_file(tmp_path)


def test_placeholders_are_filled_in():
    assert fill_in("http://127.0.0.1:${PORT}/", {"PORT": "3000"}) == "http://127.0.0.1:3000/"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'schema_file = "schema.sql"',
            'migrate = ["flyway", "-url=${MIGRATION_URLS}"]',
            "did you mean 'MIGRATION_URL'?",
        ),
        ('create_sql = "SELECT 1"', 'create = ["add", "${MAIL}"]', "${MAIL} stands for nothing"),
        ('schema_file = "schema.sql"', 'schema_file = "schema.sql"\nmigrate_seconds = 0', "1 or more"),
    ],
)
def test_a_command_that_names_what_is_not_there_is_refused(tmp_path, old, new, said):
    with pytest.raises(UsageError) as refusal:
        _load(tmp_path, _GOOD.replace(old, new))
    assert said in str(refusal.value)
