"""Where a run lives, and that nobody removes the folder of one that does."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.environment import workspace as module
from simulation.environment.workspace import is_held, reap_leftovers, workspace, workspace_root
from simulation.errors import EnvironmentFault


@pytest.fixture
def roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place for workspaces."""
    monkeypatch.setattr(module, "candidate_roots", lambda: [tmp_path])
    monkeypatch.setattr(module, "_LONGEST_ROOT", 500)
    return tmp_path


@pytest.fixture
def living(roots: Path) -> Iterator[Path]:
    """A workspace whose lock somebody holds whom this process cannot see."""
    folder = roots / f"{module.PREFIX}4711-abc"
    folder.mkdir()
    with (folder / "lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def test_a_folder_whose_lock_is_held_is_spared_whatever_its_name(living: Path) -> None:
    assert is_held(living)
    assert reap_leftovers() == []
    assert living.exists()


def test_a_folder_whose_lock_nobody_holds_is_removed(roots: Path) -> None:
    folder = roots / f"{module.PREFIX}{os.getpid()}-abc"
    folder.mkdir()
    (folder / "lock").touch()
    assert not is_held(folder)
    assert reap_leftovers() == [folder]
    assert not folder.exists()


def test_a_folder_that_is_gone_is_held_by_nobody(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "gone")


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_a_workspace_is_its_owners_only_and_held_until_it_is_gone(roots: Path, mask: int) -> None:
    usual = os.umask(mask)
    try:
        with workspace() as folder:
            assert folder.stat().st_mode & 0o777 == 0o700
            assert is_held(folder)
            assert reap_leftovers() == []
    finally:
        os.umask(usual)
    assert list(roots.iterdir()) == []


def test_a_half_made_folder_of_this_moment_is_spared_and_an_old_one_is_not(roots: Path) -> None:
    new, old = roots / f"{module.PREFIX}.new-1", roots / f"{module.PREFIX}.new-2"
    for folder in (new, old):
        folder.mkdir()
    os.utime(old, (0, 0))
    reap_leftovers()
    assert (new.exists(), old.exists()) == (True, False)


@pytest.mark.parametrize("name", ["with space", "with:colon", "with'quote", "größe", "x" * 60])
def test_a_root_that_a_preloaded_library_cannot_be_named_in_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    odd = tmp_path / name
    odd.mkdir()
    monkeypatch.setattr(module, "_LONGEST_ROOT", len(str(tmp_path)) + 30)
    monkeypatch.setattr(module, "candidate_roots", lambda: [odd, tmp_path])
    assert workspace_root() == tmp_path


def test_where_none_fits_each_is_named_with_its_reason(roots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_NEEDED_BYTES", 1 << 60)
    monkeypatch.setattr(module, "candidate_roots", lambda: [roots, roots / "absent"])
    with pytest.raises(EnvironmentFault) as refused:
        workspace_root()
    assert f"{roots} has only" in refused.value.problem
    assert f"{roots / 'absent'} cannot be written" in refused.value.problem
    assert "TMPDIR" in refused.value.remedy


def test_a_root_mounted_noexec_is_passed_over(roots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = os.statvfs(roots)
    hardened = os.statvfs_result((*tuple(seen)[:8], seen.f_flag | os.ST_NOEXEC, *tuple(seen)[9:]))
    monkeypatch.setattr(os, "statvfs", lambda _: hardened)
    with pytest.raises(EnvironmentFault, match="mounted noexec"):
        workspace_root()
