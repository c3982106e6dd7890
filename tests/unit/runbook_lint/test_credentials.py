"""RB033 and RB034: a token is shown by its file, neither as an argument nor from a copy that may run out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.runbook_lint.one_command import found, line_of

BY_FILE = 'curl -sS -H @"$ADMIN_AUTH_FILE" "$API_BASE_URL/cause"'
IN_ARGUMENTS = {
    "as a header": 'curl -H "Authorization: Bearer $ADMIN_TOKEN" a',
    "in braces": "curl --oauth2-bearer ${ADMIN_TOKEN} a",
    "inside a function": 'ask() { curl -H "Authorization: Bearer $HOSTING_API_TOKEN" "$@"; }; ask a',
    "by another program": "xargs -n 1 curl -u :$BREAK_GLASS_TOKEN",
    "of a program that is no curl": 'jq -n --arg token "$ADMIN_TOKEN" .',
}
KEPT = {
    "a token": "mine=$ADMIN_TOKEN",
    "a header": 'header="Authorization: Bearer $ADMIN_TOKEN"',
    "a file's content": 'header=$(cat "$ADMIN_AUTH_FILE")',
    "a file's content without a program": 'header=$(<"$ADMIN_AUTH_FILE")',
    "a token used after a wait": 'for round in 1 2; do sleep 300; test -n "$ADMIN_TOKEN"; done',
}
GOOD = {
    "by file": BY_FILE,
    "an answer that is kept": f"answer=$({BY_FILE}); echo \"$answer\"",
    "within bash": 'test -n "$ADMIN_TOKEN" && echo set',
    "a name that is none": 'tokens=$(curl -sS a); echo "$TOKENS_LEFT"',
    "by file after a wait": f"for round in 1 2; do sleep 300; x=$({BY_FILE} -f) || break; done",
}  # fmt: skip


@pytest.mark.parametrize("command", IN_ARGUMENTS.values(), ids=IN_ARGUMENTS)
def test_a_secret_among_the_arguments_is_named(tmp_path: Path, command: str) -> None:
    (flaw,) = found(tmp_path, command, "RB033")
    assert "is an argument of" in flaw.message
    assert "$ADMIN_AUTH_FILE" in flaw.remedy


@pytest.mark.parametrize("command", KEPT.values(), ids=KEPT)
def test_a_credential_that_is_kept_is_named(tmp_path: Path, command: str) -> None:
    assert len(found(tmp_path, command, "RB034")) == 1


@pytest.mark.parametrize("rule", ["RB033", "RB034"])
@pytest.mark.parametrize("command", GOOD.values(), ids=GOOD)
def test_a_credential_shown_by_its_file_is_accepted(tmp_path: Path, command: str, rule: str) -> None:
    assert found(tmp_path, command, rule) == []


def test_the_line_is_that_of_the_secret(tmp_path: Path) -> None:
    (flaw,) = found(tmp_path, 'curl a\ncurl \\\n  -H "$ADMIN_TOKEN" b', "RB033")
    assert line_of(flaw) == '  -H "$ADMIN_TOKEN" b'
