"""Each lack of a machine is named, with the remedy that helps, whoever complains of it."""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

import psycopg
import pytest

from simulation.environment import causes
from simulation.environment.causes import Cause, cause_in, fault_behind, fault_of
from simulation.errors import EnvironmentFault
from simulation.world.operator.tools import complaint_of_the_machine, require_programs

SAID = [
    ('could not write to file "pg_wal/x": No space left on device', causes.NO_ROOM),
    ("server process (PID 7) was terminated by signal 7: Bus error", causes.NO_ROOM),
    ("could not fork new process for connection: Resource temporarily unavailable", causes.NO_PROCESS),
    ("bash: fork: retry: Resource temporarily unavailable", causes.NO_PROCESS),
    ("can't start new thread", causes.NO_PROCESS),
    ("insufficient file descriptors available to start server process", causes.NO_DESCRIPTOR),
    ("out of file descriptors: Too many open files in system; release and retry", causes.NO_DESCRIPTOR),
    ("could not map anonymous shared memory: Cannot allocate memory", causes.NO_MEMORY),
    ("initdb: error: could not look up effective user ID 1000890000: user does not exist", causes.NO_NAME),
    ("could not create directory: Read-only file system", causes.READ_ONLY),
    ("server process (PID 7) was terminated by signal 9: Killed", causes.KILLED),
    ("received smart shutdown request", causes.STOPPED),
    ("curl: error while loading shared libraries: libcurl.so.4: cannot open", causes.NO_PROGRAM),
]


@pytest.mark.parametrize(("text", "cause"), SAID, ids=[text[:40] for text, _ in SAID])
def test_a_complaint_has_its_cause(text: str, cause: Cause) -> None:
    assert cause_in(text) is cause
    fault = fault_of(text, what="initdb", otherwise="run again")
    assert fault.problem == f"initdb: {cause.says}: {text}"
    assert fault.remedy == cause.remedy


def test_no_two_causes_share_a_remedy() -> None:
    assert len({cause.remedy for cause in causes.CAUSES}) == len(causes.CAUSES)


def test_an_unknown_complaint_has_the_remedy_of_who_tells_it() -> None:
    assert fault_of("odd", what="initdb", otherwise="run again").remedy == "run again"
    assert fault_of("", what="initdb", otherwise="run again").problem == "initdb: no output"


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.EMFILE, causes.NO_DESCRIPTOR),
        (errno.ENFILE, causes.NO_DESCRIPTOR),
        (errno.ENOMEM, causes.NO_MEMORY),
        (errno.EIO, causes.BROKEN_FILES),
    ],
)
def test_an_error_that_nobody_foresaw_has_the_remedy_of_its_number(number: int, cause: Cause) -> None:
    fault = fault_behind(OSError(number, "said"))
    assert fault is not None
    assert fault.remedy == cause.remedy


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_file_that_cannot_be_written_has_another_folder_for_a_remedy(number: int) -> None:
    fault = fault_behind(OSError(number, "said"))
    assert fault is not None
    assert "--out DIR" in fault.remedy


def test_a_process_that_cannot_be_started_is_told_from_a_read_that_would_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "_fork_exec", refuse)
    with pytest.raises(BlockingIOError) as refused:
        subprocess.run(["true"], preexec_fn=int, check=True)
    fault = fault_behind(refused.value)
    assert fault is not None
    assert "ulimit -u" in fault.remedy
    assert fault_behind(BlockingIOError(errno.EAGAIN, "would wait")) is None


def test_a_connection_that_the_server_could_not_fork_for_blames_the_machine() -> None:
    error = psycopg.OperationalError("could not fork new process for connection: Resource temporarily unavailable")
    fault = fault_behind(error)
    assert fault is not None
    assert "ulimit -u" in fault.remedy
    assert fault_behind(psycopg.OperationalError("connection failed: FATAL: role x may not log in")) is None


def test_what_an_error_came_from_counts() -> None:
    try:
        raise OSError(errno.ENOSPC, "full")
    except OSError as error:
        wrapped = RuntimeError("something else")
        wrapped.__context__ = error
    assert fault_behind(wrapped) is not None
    assert fault_behind(RuntimeError("a defect of ours")) is None


@pytest.mark.parametrize(
    "line",
    [
        "bash: fork: retry: Resource temporarily unavailable",
        "/usr/bin/bash: line 3: fork: Resource temporarily unavailable",
        "/bin/sh: 0: Cannot fork",
        "bash: line 12: 4711 Killed                  curl -sS a",
        "curl: (23) Failed writing body: No space left on device",
    ],
)
def test_a_program_of_the_operator_that_is_refused_something_blames_the_machine(line: str) -> None:
    assert complaint_of_the_machine(f"before\n{line}\nafter\n") is not None


@pytest.mark.parametrize(
    "line",
    [
        '{"error": "fork: Resource temporarily unavailable"}',
        "curl: (22) The requested URL returned error: 500",
        "the platform has No space left on device",
        "jq: error: Cannot iterate over null",
    ],
)
def test_what_a_platform_answers_does_not(line: str) -> None:
    assert complaint_of_the_machine(f"{line}\n") is None


@pytest.mark.parametrize(
    "command",
    [
        'git -C "$CHECKOUT" status --porcelain | wc -l',
        'cd "$CHECKOUT" &&\n  git rev-parse HEAD',
        'test "$(git rev-parse A)" = b',
        'if git diff --quiet; then echo same; fi',
        'find . | xargs git add',
    ],
)  # fmt: skip
def test_a_program_of_a_runbook_that_is_not_here_blames_the_machine(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("wc", "find", "xargs"):
        (tmp_path / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFault, match=r"schema_snapshot calls git, not found.*\n  remedy: install git"):
        require_programs([command], of="schema_snapshot")
    (tmp_path / "git").touch(mode=0o755)
    require_programs([command], of="schema_snapshot")


def test_a_name_that_is_no_usual_program_stays_the_runbooks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    require_programs(['crul -sS "$API_BASE_URL"; echo git', "gti status"], of="misspelt")


def test_errors_that_came_of_each_other_are_looked_at_once() -> None:
    first, second = RuntimeError("refused"), RuntimeError("broken off")
    first.__cause__, second.__context__ = second, first
    assert fault_behind(first) is None
    second.__cause__ = OSError(errno.ENOSPC, "full")
    assert fault_behind(first) is not None
