"""What lies on an operator's desk does not depend on whose machine it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from simulation.environment.git import commit_of
from simulation.world.operator.workplace import equip


@pytest.mark.needs_git
def test_the_checkout_is_the_same_whatever_the_callers_git_is_set_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, odd = tmp_path / "plain", tmp_path / "odd"
    for folder in (plain, odd):
        folder.mkdir()
    expected = commit_of(Path(equip(plain, tasks=True)["CHECKOUT"]))
    (tmp_path / ".gitconfig").write_text("[commit]\n\tgpgsign = true\n[user]\n\tname = Me\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    checkout = Path(equip(odd, tasks=True)["CHECKOUT"])
    assert commit_of(checkout) == expected
    status = subprocess.run(
        ["git", "-C", str(checkout), "status", "--porcelain"], capture_output=True, encoding="utf-8", check=True
    )
    assert status.stdout == ""
