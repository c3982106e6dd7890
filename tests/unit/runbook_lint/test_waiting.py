"""RB035: a loop that waits ends at the first answer that is an error, whichever way its command is put."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.runbook_lint.one_command import found, line_of


def loop(body: str) -> str:
    return f"for look in $(seq 1 9); do\n  sleep 300\n  {body}\ndone"


CARELESS = {
    "no -f": loop("x=$(curl -sS a) || break"),
    "a status lost in a pipeline": loop("x=$(curl -sS -f a | jq .x)"),
    "a status lost in a pipeline that is looked at": loop("x=$(curl -sS -f a | jq .x) || break"),
    "a status nobody looks at": loop("x=$(curl -sS -f a)"),
    "an error that goes on": loop("x=$(curl -sS -f a) || echo trouble"),
    "only success ends it": loop("curl -sS -f a && break"),
    "a status lost in an argument": loop('echo "$(curl -sS -f a)" || break'),
    "a status lost in a test": loop('if [ "$(curl -sS -f a)" = ok ]; then break; fi'),
    "a status lost in a declaration": loop("local x=$(curl -sS -f a) || break"),
    "a condition of the loop": "until curl -sS -f a; do sleep 5; done",
    "a loop inside": loop("for id in 1 2; do curl -sS -f a; done"),
    "a function without -f": 'ask() { curl -sS "$@"; }\n' + loop("x=$(ask a) || break"),
    "a function nobody looks at": 'ask() { curl -sS -f "$@"; }\n' + loop("x=$(ask a)"),
    "a function that waits": "rest() { sleep 5; }\nfor look in 1 2; do rest; curl -sS a; done",
    "a branch the wrong way round": loop("if curl -sS -f a; then break; fi"),
}
CAREFUL = {
    "left at once": loop("x=$(curl -sS -f a) || break"),
    "left from a loop inside": loop("for id in 1 2; do x=$(curl -sS --fail a) || break 2; done"),
    "left with a word": loop("x=$(curl -sSf a) || { x=unknown; break; }"),
    "left by a branch": loop("if ! curl -sS -f a; then break; fi"),
    "left by the other branch": loop("if curl -sS -f a; then echo fine; else exit 1; fi"),
    "a function looked at": 'ask() { curl -sS -f "$@"; }\n' + loop("x=$(ask a) || break"),
    "a loop that does not wait": "for id in 1 2; do curl -sS a | jq .; done",
    "a wait without a loop": "sleep 300; curl -sS a | jq .",
    "a loop that only waits": loop(":") + "; curl -sS a",
}


@pytest.mark.parametrize("command", CARELESS.values(), ids=CARELESS)
def test_an_error_taken_for_not_yet_is_named(tmp_path: Path, command: str) -> None:
    (flaw,) = found(tmp_path, command, "RB035")
    assert "waits in a loop" in flaw.message
    assert "|| break" in flaw.remedy


@pytest.mark.parametrize("command", CAREFUL.values(), ids=CAREFUL)
def test_a_loop_that_ends_at_an_error_is_accepted(tmp_path: Path, command: str) -> None:
    assert found(tmp_path, command, "RB035") == []


def test_the_line_is_that_of_the_request(tmp_path: Path) -> None:
    (flaw,) = found(tmp_path, loop("x=1\n  curl -sS a"), "RB035")
    assert line_of(flaw) == "  curl -sS a"
