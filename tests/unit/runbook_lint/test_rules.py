"""Each rule is silent on a project without a flaw, and names the one that is put in, with its file and line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from simulation.runbook_lint.rule import REGISTRY
from tests.unit.runbook_lint.project import FACTS, GOOD, linted

BOOK, TASK_BOOK, INDEX = "runbooks/mini.md", "runbooks/mini_task.md", "runbooks/README.md"
ALERTS, SCENARIO = "alerts/mini.yml", "scenarios/runbooks/mini.yaml"
CAUSE, UNDO = 'curl -sS "$API_BASE_URL/cause"', 'curl -sS -X POST "$API_BASE_URL/undo'
ABOVE_ZERO = "The counter is above zero."


@dataclass(frozen=True)
class Broken:
    """``old`` becomes ``new`` in ``file``; the finding is at the line that holds ``at``, and speaks of ``says``."""

    rule: str
    file: str
    old: str
    new: str
    at: str
    says: str
    found_in: str | None = None


FLAWS = (
    Broken("RB001", BOOK, "version: 1.0.0", "version: one", "version:", "version"),
    Broken("RB001", BOOK, "date: 2026-03-01", "date: soon", "date:", "date"),
    Broken("RB001", BOOK, "roles: [ops]", "roles: [founder]", "roles:", "roles"),
    Broken("RB001", BOOK, "name: mini", "name: maxi", "name:", "'maxi'"),
    Broken("RB002", BOOK, "## Diagnosis", "## Diagnoses", "## Diagnoses", "'Diagnoses'"),
    Broken("RB003", BOOK, "### 1. Mend each", "### 2. Mend each", "### 2. Mend", "is headed '2. Mend each'"),
    Broken("RB004", BOOK, "if [COUNT] is 0, go", "if it is done, go", "- if it", "cannot be followed"),
    Broken(
        "RB029",
        BOOK,
        UNDO,
        'curl -sS -X POST "$API_BASE_URL/api/admin/undo',
        'curl -sS -X POST "$API_BASE_URL/api/admin/undo',
        "nobody can know whether this was done",
    ),
    Broken(
        "RB029",
        BOOK,
        UNDO,
        'mkdir -m 700 x; curl -sS -X POST -H "Idempotency-Key: undo" "$API_BASE_URL/api/admin/undo',
        "mkdir",
        "the folder is there then",
    ),
    Broken("RB010", BOOK, "verification: [reads]", "verification: [writes]", ': "${COUNT', "Recovery step 1 writes"),
    Broken(
        "RB011",
        BOOK,
        "...\n0 stuck\n```\n",
        "...\n0 stuck\n```\n\n- otherwise, go to Documentation\n",
        "- otherwise, go to Documentation",
        "leads past Verification",
    ),
    Broken("RB012", BOOK, "[writes, reads]", "[writes, writes]", UNDO, "Rollback step 1 writes"),
    Broken("RB013", BOOK, "  escalation: [reads]", "  escalation: [writes]", "", "Escalation step 1 writes"),
    Broken("RB014", TASK_BOOK, "  transfers: A", "  transfer: A", "  transfer: A", "no relation 'transfer'"),
    Broken("RB015", TASK_BOOK, "\nA prize stays.\n", "\n", "  transfers: A prize", "does not say: A prize stays"),
    Broken("RB020", BOOK, "The counter is", "TODO: the counter is", "TODO", "'TODO' is a placeholder"),
    Broken("RB020", BOOK, "The counter is", "The counter of <name> is", "<name>", "'<name>' is a placeholder"),
    Broken("RB020", BOOK, "The counter is", "Counter xxx is", "xxx", "'xxx' is a placeholder"),
    Broken("RB021", BOOK, ABOVE_ZERO, "Wait a\nwhile.", "Wait a", "'Wait a while'"),
    Broken("RB021", BOOK, ABOVE_ZERO, "Look whether the number looks right.", "Look", "'looks right'"),
    Broken("RB021", BOOK, ABOVE_ZERO, "Ask engineering.", "Ask", "'Ask engineering'"),
    Broken("RB022", BOOK, "? 0\nnothing", "? 0\n...\n[..]", "...\n[..]", "accepts whatever is printed"),
    Broken("RB023", BOOK, "? 0\nnothing", "? 0\nnothing but [REST]", "nothing but", "[REST] is captured"),
    Broken("RB024", BOOK, '$API_BASE_URL/nothing"', '$API_BASE_URL/$WHAT"', "/$WHAT", "uses $WHAT"),
    Broken("RB024", BOOK, '$API_BASE_URL/nothing"', '$BREAK_GLASS_TOKEN"', "$BREAK_GLASS", "uses $BREAK_GLASS_TOKEN"),
    Broken("RB025", BOOK, "...\n0 stuck\n```", "...\n[LEFT] stuck\n```", UNDO, "uses $LEFT"),
    Broken("RB026", BOOK, ': "${COUNT:?}" && for', "for", "for number", "takes an unset $COUNT for empty"),
    Broken(
        "RB026", BOOK, ': "${COUNT:?}" && for', ': "${COUNT:?}"\nfor', ': "${COUNT', "takes an unset $COUNT for empty"
    ),
    Broken("RB026", BOOK, ': "${COUNT:?}" && for', ': "${COUNT:-}" && for', ': "${COUNT', "takes an unset $COUNT"),
    Broken(
        "RB027",
        BOOK,
        '"runbook_version": "1.0.0"',
        '"runbook_version": "0.9.0"',
        "\n## Detection",
        "opens the execution",
    ),
    Broken("RB027", BOOK, "EXECUTION_ID=$(curl ", "EXECUTION_ID=$(curl $USER ", "EXECUTION_ID", "not every shell has"),
    Broken("RB027", BOOK, "\"}')", "\"}' | jq -r .execution_id)", "EXECUTION_ID", "looks like an opened execution"),
    Broken("RB028", BOOK, f"```sh\n{CAUSE}\n", f"```console\n$ {CAUSE}\n", "```console", "cannot be pasted"),
    Broken("RB030", BOOK, CAUSE, CAUSE[:-1], "/cause", "bash cannot parse this"),
    Broken("RB031", BOOK, CAUSE, f"while true; do {CAUSE}; done", "while true", "'while true' may never end"),
    Broken("RB032", BOOK, CAUSE, f'{CAUSE} | jq --argjson made "$(curl -sS more)" .', "/cause", "ask at once"),
    Broken("RB033", BOOK, CAUSE, f'{CAUSE} -H "$ADMIN_TOKEN"', "/cause", "$ADMIN_TOKEN is an argument of curl"),
    Broken("RB034", BOOK, CAUSE, "mine=$ADMIN_TOKEN", "mine=", "mine is a copy of a credential"),
    Broken("RB035", BOOK, CAUSE, f"for n in 1 2; do {CAUSE}; sleep 5; done", "/cause", "waits in a loop"),
    Broken("RB040", ALERTS, "          no_runbook: people must look\n", "", "- alert: Other", "neither runbook_url"),
    Broken("RB040", ALERTS, "no_runbook: people", "runbook_url: no.md #", "- alert: Other", "which does not exist"),
    Broken(
        "RB040",
        ALERTS,
        "runbook_url: runbooks/mini.md",
        "runbook_url: runbooks/mini.md\n          no_runbook: none",
        "- alert: Mini",
        "and a reason for having none",
    ),
    Broken("RB041", BOOK, "alert: Mini", "alert: Maxi", "alert: Maxi", "no rule is called Maxi"),
    Broken("RB042", ALERTS, "no_runbook: people", "runbook_url: mini.md #", "- alert: Other", "link the same runbook"),
    Broken("RB050", BOOK, "The counter is", "The [counter](nowhere.md) is", "nowhere", "leads nowhere"),
    Broken("RB050", BOOK, "The counter is", "The [counter](#nowhere) is", "nowhere", "no heading for #nowhere"),
    Broken("RB043", FACTS, "whatever they are", "", "| `prizes`", "no alert looks at the metric prizes"),
    Broken("RB043", FACTS, "too many | ", "too many | a whim ", "| `stuck`", "an alert and a reason for having none"),
    Broken("RB051", INDEX, "(#index)", "(#top)", "(#top)", "no heading for #top"),
    Broken("RB052", INDEX, "[mini](mini.md)", "mini", "---", "0 rows", found_in=BOOK),
    Broken("RB052", INDEX, "`runbooks/mini`, `small`", "`large`", "---", "'large', which does not", found_in=BOOK),
    Broken("RB052", INDEX, "| `runbooks/mini`, `small` |", "| small |", "---", "no scenario", found_in=BOOK),
    Broken("RB052", INDEX, "| Mini |", "| Maxi |", "---", "does not name Mini", found_in=BOOK),
    Broken("RB052", INDEX, "`runbooks/mini_task`", "`scenarios/run`", "---", "does not exist", found_in=TASK_BOOK),
    Broken("RB053", BOOK, "The counter is", "The [counter](mini_task.md) is", "mini_task.md", "to another runbook"),
    Broken("RB054", SCENARIO, "runbook: mini}", "runbook: mini_task}", "name:", "calls for mini"),
    Broken("RB054", SCENARIO, "entrants: 5", "entrants: none", "    entrants:", "entrants"),
)


def test_a_project_without_a_flaw_has_no_findings(tmp_path: Path) -> None:
    assert linted(tmp_path) == ()


def test_every_rule_is_broken_here() -> None:
    assert sorted({flaw.rule for flaw in FLAWS}) == sorted(REGISTRY)


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: f"{flaw.rule} {flaw.says}")
def test_a_flaw_is_named_with_its_place(tmp_path: Path, flaw: Broken) -> None:
    good = GOOD[flaw.file]
    assert flaw.old in good
    text = good.replace(flaw.old, flaw.new, 1)
    if flaw.rule == "RB025":
        text = text.replace('"$API_BASE_URL/undo"', '"$API_BASE_URL/undo/$LEFT"')
    findings = linted(tmp_path, {flaw.file: text})
    where = tmp_path / (flaw.found_in or flaw.file)
    named = [found for found in findings if found.rule == flaw.rule and flaw.says in found.message]
    assert {found.file for found in named} == {where}, findings
    if flaw.at:
        looked_at = text if flaw.found_in is None else GOOD[flaw.found_in]
        assert named[0].line == looked_at.partition(flaw.at)[0].count("\n") + 1
    assert named[0].remedy


def test_a_runbook_without_a_scenario_is_named(tmp_path: Path) -> None:
    (finding,) = [found for found in linted(tmp_path, {SCENARIO: None}) if found.rule == "RB054"]
    assert "there is no scenarios/runbooks/mini.yaml" in finding.message


def test_an_alert_that_links_another_runbook_is_named_at_the_runbook(tmp_path: Path) -> None:
    findings = linted(tmp_path, {BOOK: GOOD[BOOK].replace("alert: Mini", "alert: Other")})
    assert "links no runbook" in next(found.message for found in findings if found.rule == "RB041")


@pytest.mark.parametrize(("rule", "heading"), [("RB012", "Rollback"), ("RB013", "Escalation")])
def test_a_section_without_its_step_is_named(tmp_path: Path, rule: str, heading: str) -> None:
    before, _, rest = GOOD[BOOK].partition(f"## {heading}\n")
    text = f"{before}## {heading}\n\nNothing.\n\n## " + rest.partition("\n## ")[2]
    text = "\n".join(line for line in text.split("\n") if not line.startswith(f"  {heading.lower()}:"))
    (finding,) = linted(tmp_path, {BOOK: text})
    assert (finding.rule, finding.line) == (rule, before.count("\n"))


def test_all_flaws_of_a_file_are_gathered(tmp_path: Path) -> None:
    text = GOOD[BOOK]
    for old, new in (
        ("## Diagnosis", "## Diagnoses"),
        ("The counter is", "TODO"),
        ("[COUNT] is 0, go", "done, go"),
    ):
        text = text.replace(old, new)
    assert {"RB002", "RB004", "RB020"} <= {found.rule for found in linted(tmp_path, {BOOK: text})}


def test_a_capture_that_only_arithmetic_uses_is_used(tmp_path: Path) -> None:
    text = GOOD[BOOK].replace(CAUSE + "\n[CAUSE]", CAUSE + "\n[CAUSE] [AGE]")
    text = text.replace('curl -sS "$API_BASE_URL/nothing"', "echo $(( AGE - 1 ))")
    assert linted(tmp_path, {BOOK: text}) == ()


def test_names_that_a_command_sets_itself_are_known(tmp_path: Path) -> None:
    new = 'A=1; for B in 1; do read -r C <<<"$A$B"; done; jq -n \'$ENV.HOME as $D | $D\'; echo "$C \\$E"'
    assert linted(tmp_path, {BOOK: GOOD[BOOK].replace(CAUSE, new)}) == ()
