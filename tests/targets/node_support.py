"""A copy of the Node backend with its packages, for a test to run; its defects as its own folder states them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REQUIRED = "SIMULATE_REQUIRE_NODE"
BACKEND = Path(__file__).with_name("node_backend")
_PACKAGES = BACKEND.parents[2] / "build" / "node_backend"
"""Installed once for every state of the lock file; `make clean` removes it."""
_OLDEST_NODE = 18


def what_is_missing() -> str | None:
    """Why the Node backend cannot be run here, or None."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            return f"the Node backend needs {program} (Debian: apt-get install nodejs npm)"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < _OLDEST_NODE:
        return f"the Node backend needs Node {_OLDEST_NODE} or newer, this is {version}"
    return None


def require_node() -> None:
    """Skip with the reason where there is no Node; CI sets the variable, and then it fails instead."""
    lacks = what_is_missing()
    if lacks is not None and os.environ.get(REQUIRED):
        pytest.fail(lacks)
    if lacks is not None:
        pytest.skip(f"{lacks}; with {REQUIRED}=1 this fails instead")


def copy_of_backend(folder: Path, *, mended: bool) -> Path:
    """The backend with its packages in ``folder``; the folder of its target."""
    copy = Path(shutil.copytree(BACKEND, folder / "backend", ignore=shutil.ignore_patterns("node_modules")))
    (copy / "node_modules").symlink_to(_packages())
    if mended:
        subprocess.run(
            ["git", "apply", "mended.patch"], cwd=copy, check=True, env={**os.environ, "GIT_DIR": os.devnull}
        )
    return copy / "target"


def stated_checks() -> set[str]:
    """The checks that tests/targets/node_backend/DEFECTS.md says must find something."""
    rows = [line for line in (BACKEND / "DEFECTS.md").read_text().splitlines() if re.match(r"\| \d+ \|", line)]
    assert len(rows) == 3
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[4])}


def _packages() -> Path:
    """Exactly what the lock file names. A half-made folder never bears the final name, whoever installs at once."""
    lock = hashlib.sha256((BACKEND / "package-lock.json").read_bytes()).hexdigest()[:16]
    place = _PACKAGES / lock
    if not place.exists():
        making = _PACKAGES / f"{lock}.{os.getpid()}"
        making.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(BACKEND / name, making / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=making, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"npm ci: {done.stderr}"
        try:
            making.rename(place)
        except OSError:  # somebody else was first
            shutil.rmtree(making)
    return place / "node_modules"
