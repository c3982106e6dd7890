"""Settings of the caller that programs would obey do not reach a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from simulation.environment.caller import plain_environment, without_python

_SHOW = """
import json, os, signal, sys
from simulation.environment.caller import leave_the_caller_behind
leave_the_caller_behind()
print(json.dumps({
    "names": sorted(os.environ), "optimize": sys.flags.optimize,
    "child": signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL, "given": sys.argv[1:],
}))
"""
FOREIGN = {
    "PGSERVICE": "nosuch",
    "PGOPTIONS": "-c search_path=nowhere",
    "PGGSSENCMODE": "require",
    "GIT_DIR": "/nonexistent",
    "GIT_INDEX_FILE": "/nonexistent",
    "FAKETIME": "-1d",
}
OF_PYTHON = {
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONPATH": "/nonexistent",
    "PYTHONIOENCODING": "ascii",
}


def seen(**variables: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", _SHOW, "an argument"], env={**os.environ, **variables}, capture_output=True,
        encoding="utf-8", check=True,
    )  # fmt: skip
    document: dict[str, object] = json.loads(done.stdout)
    return document


def test_variables_of_other_programs_are_gone() -> None:
    names = seen(**FOREIGN, HOME="/home/x")["names"]
    assert isinstance(names, list)
    assert not FOREIGN.keys() & set(names)
    assert {"HOME", "PATH"} <= set(names)


def test_pythons_own_are_gone_and_had_no_effect() -> None:
    document = seen(**OF_PYTHON)
    assert not OF_PYTHON.keys() & set(document["names"])  # type: ignore[call-overload]
    assert document["optimize"] == 0
    assert document["given"] == ["an argument"]


def test_what_only_makes_a_run_repeatable_stays() -> None:
    kept = {"PYTHONHASHSEED": "7", "LANG": "C", "PGHOST": "h"}
    assert without_python({**kept, "PYTHONSTARTUP": "x"}) == kept


def test_an_ignored_end_of_children_is_attended_to_again() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SHOW], stdout=subprocess.PIPE, encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
    ) as program:  # fmt: skip
        said, _ = program.communicate()
    assert json.loads(said)["child"] is True


def test_a_plain_environment_is_the_way_to_programs_in_the_c_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_MESSAGES", "de_DE.UTF-8")
    monkeypatch.setenv("SECRET", "x")
    plain = plain_environment()
    assert plain["LC_ALL"] == "C"
    assert plain.keys() <= {"PATH", "HOME", "TMPDIR", "LC_ALL"}
