"""The set-up: what it says, what it goes on with, and where an environment may be."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from simulation import installation
from simulation.installation import LOCKS, CannotInstall, Installation
from simulation.paths import ROOT


def lock_of(name: str) -> str:
    return (ROOT / LOCKS[name]).read_text(encoding="utf-8")


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", lock_of(name), re.MULTILINE))


def declared(*requirements: str) -> set[str]:
    return {re.split(r"[\[<>=]", requirement)[0].lower() for requirement in requirements}


@pytest.mark.needs_git
def test_what_setting_up_and_running_makes_is_no_change_of_the_checkout(tmp_path: Path) -> None:
    """A link to ``.venv`` too, which a folder's name with a colon needs: else no run is made by a clean commit."""
    for command in (["init", "-q"], ["config", "core.excludesFile", "/dev/null"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text((ROOT / ".gitignore").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".venv").symlink_to(tmp_path / "elsewhere")
    for folder in ("build/lib", "reports/smoke_2d", "x.egg-info"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").touch()
    told = subprocess.run(
        ["git", "status", "--porcelain"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert told == "?? .gitignore\n"


def test_a_run_gets_no_tools_and_the_tools_have_the_versions_of_a_run() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    run, tools = pins("run"), pins("tools")
    assert declared(*project["dependencies"]) <= set(run)
    assert run.items() <= tools.items()
    only_tools = declared(*project["optional-dependencies"]["dev"])
    assert only_tools <= set(tools)
    assert not only_tools & set(run)


def test_what_a_package_needs_for_one_version_of_python_alone_is_locked_with_its_condition() -> None:
    (needed,) = [need for need in metadata.requires("libcst") or () if need.startswith("pyyaml-ft")]
    assert 'python_version == "3.13"' in needed
    assert re.search(r"^pyyaml-ft==\S+ ; python_full_version == '3\.13\.\*'", lock_of("tools"), re.MULTILINE)


def test_every_pin_has_its_hashes() -> None:
    for name in LOCKS:
        blocks = re.split(r"^(?=[\w.-]+==)", lock_of(name), flags=re.MULTILINE)[1:]
        assert len(blocks) == len(pins(name))
        assert all("--hash=sha256:" in block for block in blocks)


def project_in(root: Path) -> Path:
    root.mkdir(parents=True)
    for name in (*LOCKS.values(), "pyproject.toml"):
        (root / name).write_text("", encoding="utf-8")
    return root


@pytest.mark.parametrize("name", ["with space, ümläut and 'quote'", 'a:b "c" $d `e` \\f', "/".join(["long" * 40] * 4)])
def test_scripts_work_wherever_the_project_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = project_in(tmp_path / name)
    made = Installation("run", root=root)
    made.make_venv()
    script = root / ".venv" / "bin" / "pip"
    said = subprocess.run([script, "--version"], capture_output=True, encoding="utf-8", check=True).stdout
    assert said.startswith("pip ")
    assert (root / ".venv").is_symlink() == (":" in name or len(name) > 500)
    before = script.stat().st_mtime_ns
    made.make_venv()
    assert script.stat().st_mtime_ns == before, "one that is whole is left alone"


def test_a_folder_with_neither_a_plain_path_nor_a_plain_cache_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "c:d"))
    with pytest.raises(CannotInstall, match=r"(?s)a letter in the path, or its length.*remedy: .*XDG_CACHE_HOME"):
        Installation("run", root=project_in(tmp_path / "a:b")).make_venv()


def test_without_ensurepip_the_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ensurepip" else name)
    with pytest.raises(CannotInstall, match=r"no module venv .*\n  remedy: .*(-venv|with its modules)"):
        Installation("run", root=project_in(tmp_path / "here")).make_venv()


def test_a_moved_or_broken_environment_is_not_gone_on_with(tmp_path: Path) -> None:
    root = project_in(tmp_path / "here")
    binaries = root / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text(f"#!/bin/sh\necho {sys.version.split()[0]}\n", encoding="utf-8")
    (binaries / "python").chmod(0o755)
    (binaries / "pip").write_text(f"#!{tmp_path}/elsewhere/.venv/bin/python\n", encoding="utf-8")
    assert not Installation("run", root=root).is_usable()
    (binaries / "pip").write_text(f"#!{binaries}/python\n", encoding="utf-8")
    assert Installation("run", root=root).is_usable()
    (binaries / "python").unlink()
    assert not Installation("run", root=root).is_usable()


def test_a_package_that_was_broken_off_is_installed_again(tmp_path: Path) -> None:
    for name, files in (("whole-1.0", ("METADATA", "RECORD")), ("half-2.0", ("METADATA",))):
        folder = tmp_path / f"{name}.dist-info"
        folder.mkdir()
        for file in files:
            (folder / file).touch()
    installation.drop_half_installed(tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == ["whole-1.0.dist-info"]


def test_it_says_how_far_it_is_and_how_long_it_will_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    progress = installation.Progress([f"p{number}" for number in range(10)], into=tmp_path)
    assert progress.line() == "  fetched 0 of 10 packages"
    for number in range(5):
        progress.read(f"Collecting p{number}==1.{number} (from -r requirements.lock (line {number}))\n")
        progress.read("  Downloading p-1.0-py3-none-any.whl (34.1 MB)\n")
    now += 20
    assert progress.line() == "  fetched 5 of 10 packages, about 20 s left  p4 (34.1 MB)"
    progress.read("Requirement already satisfied: p5==1.5 in /somewhere (from -r requirements.lock (line 5)) (1.5)\n")
    progress.read("Requirement already satisfied: other>=2 in /somewhere (from p5==1.5) (2.0)\n")
    assert progress.line().startswith("  fetched 6 of 10 packages")
    progress.read(f"Installing collected packages: {', '.join(f'p{number}' for number in range(8))}\n")
    assert progress.line() == "  unpacked 0 of 8 packages"
    for number in range(6):
        (tmp_path / f"p{number}-1.0.dist-info").mkdir()
    now += 12
    assert progress.line() == "  unpacked 6 of 8 packages, about 4 s left"


def test_what_pip_complained_of_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    lock = tmp_path / "requirements.lock"
    lock.write_text("nothing-of-this-name==1.0\n", encoding="utf-8")
    with pytest.raises(CannotInstall, match=r"(?s)pip says:\n  ERROR: .*of-this-name.*\n  remedy: .*it goes on"):
        installation.install(sys.executable, lock, names=["nothing-of-this-name"], into=tmp_path)
