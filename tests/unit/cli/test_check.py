"""``simulate check`` and its like take a folder for what it is: something that anybody may have changed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from simulation.checks.run_record import UNKNOWN
from simulation.checks.verdict import judge
from simulation.cli.commands import carry_out
from simulation.environment.release import release
from simulation.errors import UsageError
from simulation.history import History, line_of
from simulation.reporting.write import write_report
from simulation.sealing.folder import SEAL
from tests.unit.checks.story import passing

KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    text = "".join(line_of(event) + "\n" for event in passing().history().events)
    (folder / "history.jsonl").write_text(text, encoding="utf-8")
    history = History.load(folder / "history.jsonl")
    write_report(folder, history, judge(history))
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    shutil.copytree(original, tmp_path / "run")
    return tmp_path / "run"


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_checking_again_changes_nothing_but_where_the_run_is(
    original: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(folder)
    assert carry_out(["check", str(folder)]) == 0
    moved = {name: content.replace(bytes(original), bytes(folder)) for name, content in before.items()}
    assert everything(folder) == moved
    assert "PASS" in capsys.readouterr().out


def _in(name: str, old: str, new: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        file = folder / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def _append(text: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        with open(folder / "history.jsonl", "a", encoding="utf-8") as file:
            file.write(text)

    return change


def _second_line_gone(folder: Path) -> None:
    lines = (folder / "history.jsonl").read_text(encoding="utf-8").split("\n")
    (folder / "history.jsonl").write_text("\n".join([lines[0], *lines[2:]]), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_in("history.jsonl", '"cause":"', '"cause":"x'), "verdict.json is about another history"),
        (_append('{"kind":"job_failed"}\n'), "follows the end"),
        (_append("\n"), "follows the end"),
        (_append("torn"), "follows the end"),
        (_second_line_gone, "here stands event 3"),
        (_in("verdict.json", '"commit": "unknown"', '"commit": "abc"'), "verdict.json: run.made_by is "),
        (_in("verdict.json", '"seed": 1', '"seed": 2'), "verdict.json: run.seed is '2', and '1' in the history"),
        (lambda folder: (folder / "verdict.json").write_text("{}"), "is no verdict"),
        (lambda folder: (folder / "verdict.json").write_bytes(b"\xff"), "is no verdict"),
        (lambda folder: (folder / "verdict.json").write_text("[" * 99_999), "is no verdict"),
        (lambda folder: (folder / "scenario.yaml").write_text("name: other\n"), "scenario.yaml: name is 'other'"),
        (lambda folder: (folder / "scenario.yaml").write_text("a: !!x 1\n"), "scenario.yaml:1"),
        (lambda folder: (folder / "faults.json").write_text("[]"), "faults.json is no schedule"),
        (lambda folder: (folder / "history.jsonl").write_bytes(b"\xef\xbb\xbf\n\n"), "not an event"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_folder_that_was_changed_says_so_never_passes_and_nothing_is_written(
    folder: Path, change: Callable[[Path], object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change(folder)
    before = everything(folder)
    with pytest.raises(UsageError) as caught:
        carry_out(["postmortem", str(folder)])
    assert said in str(caught.value)
    try:
        code, told = carry_out(["check", str(folder)]), capsys.readouterr().err
    except UsageError as error:
        code, told = error.exit_code, str(error)
    assert said in told
    assert code in (2, 254)
    assert everything(folder) == before


def test_a_history_that_was_cut_after_its_verdict_is_unknown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (folder / "history.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "history.jsonl").write_text("".join(lines[: len(lines) // 2]), encoding="utf-8")
    assert carry_out(["check", str(folder), "--json"]) == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["outcome"] == "unknown"
    assert "verdict.json is about another history" in told.err


def test_a_forged_outcome_is_said_and_the_verdict_is_the_historys(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = json.loads((folder / "verdict.json").read_text(encoding="utf-8")) | {"outcome": "fail", "exit_code": 1}
    (folder / "verdict.json").write_text(json.dumps(told), encoding="utf-8")
    assert carry_out(["check", str(folder)]) == 0
    assert "verdict.json says fail; judged now, it is pass" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["verdict.json", "report.html", "summary.md", "audit.csv", "history.jsonl"])
def test_a_link_in_the_folder_is_neither_read_nor_written_through(folder: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    (folder / name).rename(outside)
    kept = outside.read_bytes()
    (folder / name).symlink_to(outside)
    with pytest.raises(UsageError, match="link"):
        carry_out(["check", str(folder)])
    assert outside.read_bytes() == kept


def test_a_linked_subfolder_is_not_written_into(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (folder / "runbooks").rename(outside)
    kept = everything(outside)
    (folder / "runbooks").symlink_to(outside)
    with pytest.raises(UsageError, match="link"):
        carry_out(["check", str(folder)])
    assert everything(outside) == kept


def test_a_file_with_a_second_name_elsewhere_keeps_its_content_there(folder: Path, tmp_path: Path) -> None:
    (folder / "report.html").write_text("old", encoding="utf-8")
    os.link(folder / "report.html", tmp_path / "elsewhere")
    assert carry_out(["check", str(folder)]) == 0
    assert (tmp_path / "elsewhere").read_text(encoding="utf-8") == "old"
    assert (folder / "report.html").read_text(encoding="utf-8") != "old"


def test_a_runbooks_name_leads_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    text = "".join(line_of(event) + "\n" for event in passing().history().events)
    evil = "../../../outside/" + "x" * 300
    text = text.replace('"runbook":"stuck"', f'"runbook":"{evil}"')
    assert evil in text
    (folder / "history.jsonl").write_text(text, encoding="utf-8")
    carry_out(["check", str(folder)])
    assert {path.parent.name for path in tmp_path.rglob("exec-*")} <= {"runbooks"}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_latest_is_the_folder_that_it_leads_to(folder: Path) -> None:
    (folder.parent / "latest").symlink_to(folder.name)
    assert carry_out(["check", str(folder.parent / "latest")]) == 0


def test_a_sealed_folder_is_judged_and_not_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    private, public = folder.parent / "seal.key", folder.parent / "seal.pub"
    private.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert carry_out(["verify", str(folder), "--key", str(public)]) == 1
    assert carry_out(["seal", str(folder), "--key", str(private)]) == 0
    (folder / "report.html").write_text("changed", encoding="utf-8")
    before = everything(folder)
    capsys.readouterr()
    assert carry_out(["check", str(folder)]) == 0
    assert carry_out(["postmortem", str(folder)]) == 0
    assert "is sealed" in capsys.readouterr().err
    assert everything(folder) == before
    assert carry_out(["verify", str(folder), "--key", str(public)]) == 1
    assert "report.html was changed" in capsys.readouterr().out
    (folder / SEAL).unlink()
    assert carry_out(["check", str(folder)]) == 0
    assert (folder / "report.html").read_text(encoding="utf-8") != "changed"


def test_checking_says_what_the_verdict_had_otherwise_and_whose_code_judges(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another commit and other endings are told; they make nothing unknown, and the history's digest stays."""
    _in("history.jsonl", '"commit":"unknown"', '"commit":"' + "f" * 40 + '"')(folder)
    _in("verdict.json", '"commit": "unknown"', '"commit": "' + "f" * 40 + '"')(folder)
    _in("verdict.json", '"ended": "runbook"', '"ended": "self"')(folder)
    _in("verdict.json", '"prizes_cents": 2700', '"prizes_cents": 1')(folder)

    assert carry_out(["check", str(folder)]) == 0

    said = capsys.readouterr().err
    assert "verdict.json says of fault slow: it ended 'self', as expected; judged now: 'runbook', as expected" in said
    assert "verdict.json has other sums of money" in said
    assert ("the run was made by version unknown at ffffffffffff" in said) == (release().commit != UNKNOWN)
