"""The operator's terminal: a real bash in simulated time that reaches the platform through the loopback door."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from simulation.world.operator.shell import Broken
from simulation.world.operator.simulated_sleep import SleepRequest
from tests.integration.operator.desk import CounterPlatform, shell, typed


def test_a_session_keeps_variables_functions_and_folder() -> None:
    with shell(CounterPlatform()) as session:
        typed(session, "here=$PWD; greet() { echo hello $1; }; cd /")
        assert typed(session, 'greet "$who"; cd "$here" && echo back') == ("hello\nback\n", 0)
        session.assign("who", 'it\'s "me" $HOME')
        assert typed(session, 'echo "$who"') == ('it\'s "me" $HOME\n', 0)


@pytest.mark.parametrize(
    ("command", "output", "status"),
    [
        ("printf 'no newline'", "no newline", 0),
        ("false", "", 1),
        ("(exit 7)", "", 7),
        ("echo out; echo err >&2", "out\nerr\n", 0),
        ("cat", "", 0),
        ("for n in 1 2; do\n  echo $n\ndone", "1\n2\n", 0),
        ("date -u +%FT%TZ", "2026-03-01T00:00:00Z\n", 0),
        ("date -u -d '30 minutes ago' +%H:%M", "23:30\n", 0),
        ("echo '{\"n\": 3}' | jq .n", "3\n", 0),
    ],
)
def test_commands_answer_as_at_any_terminal(command: str, output: str, status: int) -> None:
    with shell(CounterPlatform()) as session:
        assert typed(session, command) == (output, status)


def test_a_syntax_error_is_an_answer_and_the_session_goes_on() -> None:
    with shell(CounterPlatform()) as session:
        output, status = typed(session, "echo 'unfinished")
        assert status != 0
        assert "unexpected EOF" in output
        assert typed(session, "echo fine") == ("fine\n", 0)


def test_nothing_of_the_harness_environment_reaches_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET_OF_THE_HARNESS", "sk_live")
    monkeypatch.setenv("http_proxy", "http://proxy.invalid")
    with shell(CounterPlatform()) as session:
        output, _ = typed(session, "env")
    assert "STRIPE_SECRET" not in output
    assert "proxy" not in output


def test_curl_reaches_the_platform_in_this_very_thread() -> None:
    threads: list[threading.Thread] = []

    def app(environ: object, start_response: object) -> list[bytes]:
        threads.append(threading.current_thread())
        return list(CounterPlatform(stuck=5)(environ, start_response))  # type: ignore[arg-type]

    with shell(app) as session:  # type: ignore[arg-type]
        assert typed(session, 'curl -sS "$API_BASE_URL/count"') == ("5 stuck\n", 0)
    assert threads == [threading.main_thread()]


@pytest.mark.parametrize(
    ("spans", "sim_seconds"), [("120", 120), ("2m", 120), ("1h 30", 3630), ("0.2", 1), ("0", 0), ("1d", 86_400)]
)
def test_sleep_asks_for_simulated_time_and_waits_for_it(spans: str, sim_seconds: int) -> None:
    with shell(CounterPlatform()) as session:
        session.begin(f"sleep {spans} && echo awake")
        request = session.proceed()
        assert isinstance(request, SleepRequest)
        assert request.sim_seconds == sim_seconds
        request.wake()
        answer = session.proceed()
        assert not isinstance(answer, SleepRequest)
        assert answer.output == "awake\n"


def test_a_span_that_sleep_does_not_know_is_refused() -> None:
    with shell(CounterPlatform()) as session:
        output, status = typed(session, "sleep soon")
        assert status != 0
        assert "400" in output


def test_a_command_without_an_end_is_broken_off_and_leaves_nothing_behind() -> None:
    with shell(CounterPlatform(), wall_deadline_seconds=0.3) as session:
        session.begin("echo begun; while :; do :; done")
        answer = session.proceed()
        assert answer == Broken(output="begun\n", reason="no end after 0.3 real seconds")
        pid = session._bash.pid
    assert not Path(f"/proc/{pid}").exists()


def test_output_without_end_is_broken_off() -> None:
    with shell(CounterPlatform()) as session:
        session.begin("yes")
        answer = session.proceed()
        assert isinstance(answer, Broken)
        assert "bytes of output" in answer.reason


def test_a_command_that_ends_the_shell_says_so() -> None:
    with shell(CounterPlatform()) as session:
        session.begin("echo last words; exit 3")
        assert session.proceed() == Broken(output="last words\n", reason="the command ended the shell")


def test_a_shell_that_still_sleeps_can_be_closed() -> None:
    with shell(CounterPlatform()) as session:
        session.begin("sleep 100")
        assert isinstance(session.proceed(), SleepRequest)
        pid = session._bash.pid
    assert not Path(f"/proc/{pid}").exists()
