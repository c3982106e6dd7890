"""RB032 names whatever lets two requests of one command be under way at once, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.runbook_lint.one_command import found, line_of

REFUSED = {
    "a substitution in a pipeline": 'curl a | jq --argjson made "$(curl b)" .',
    "a loop that reads a loop": "for id in 1 2; do curl a; done | while read -r id; do curl b; done",
    "a pipe with both outputs": "curl a |& curl b",
    "a pipeline inside a condition": 'if curl a | grep -q "$(curl b)"; then echo yes; fi',
    "a pipeline inside a substitution": "x=$(curl a | xargs -n 1 curl)",
    "a pipeline below a here-document": "cat <<END | curl -d @- b\n$(curl a)\nEND",
    "a function of the runbook": 'a() { b() { curl "$@"; }; b "$@"; }; a 1 | while read -r id; do a 2; done',
    "a wait beside a request": "{ sleep 60; echo go; } | while read -r _; do curl a; done",
    "a clock beside a request": 'curl a | jq --argjson now "$(date +%s)" .',
    "bash's clock beside a request": 'curl a | jq --argjson now "$EPOCHSECONDS" .',
    "text for another shell": "bash -c 'curl a | curl b'",
    "a job left running": "curl a &",
    "a group left running": "{ curl a; } & curl b; wait",
    "a loop of jobs": "for id in 1 2; do curl a & done; wait",
    "a list left running": "curl a && curl b & wait",
    "a process substitution": "diff <(curl a) <(curl b)",
    "an output to a process": "curl a > >(tee copy)",
    "a coprocess": "coproc curl a",
    "many at a time by xargs": "echo 1 2 | xargs -n 1 -P 2 curl",
    "many at a time by curl": "curl -sZ a b",
    "many at a time by parallel": "parallel curl ::: a b",
}
ACCEPTED = {
    "one after the other": "made=$(curl a); curl b | jq --argjson made \"$made\" .",
    "a substitution outside a pipeline": 'curl -d "$(curl a)" b',
    "a loop over an answer": "for id in $(curl a | jq -r .id); do curl b; done",
    "a loop into one reader": "for id in 1 2; do sleep 5; curl a | jq .; done | jq -s .",
    "a clock before a request": 'now=$(date +%s); curl a | jq --argjson now "$now" .',
    "a clock in the request itself": 'curl -d "$(date +%s)" a | jq .',
    "two clocks": "date | sed s/x/$(date)/",
    "the word in a text": "curl a | grep curl",
    "redirected outputs": "curl a >/dev/null 2>&1 && curl b &>/dev/null",
    "a bit-wise and": "x=$(( 3 & 5 )); curl a",
    "a function that is not called": "ask() { curl a; }; curl b | jq .",
}  # fmt: skip


@pytest.mark.parametrize("command", REFUSED.values(), ids=REFUSED)
def test_what_runs_at_once_is_refused(tmp_path: Path, command: str) -> None:
    findings = found(tmp_path, command, "RB032")
    assert findings
    assert all("Diagnosis step 1" in flaw.message and "one after the other" in flaw.remedy for flaw in findings)


@pytest.mark.parametrize("command", ACCEPTED.values(), ids=ACCEPTED)
def test_what_runs_in_turn_is_accepted(tmp_path: Path, command: str) -> None:
    assert found(tmp_path, command, "RB032") == []


def test_the_line_is_that_of_the_second_request(tmp_path: Path) -> None:
    (flaw,) = found(tmp_path, 'curl a \\\n  | jq --argjson made "$(curl b)" .', "RB032")
    assert line_of(flaw).startswith("  | jq --argjson made")
