"""A program that can be given no library is given the clock when it starts, and is otherwise as it would be."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulation.clock_file import PAGE_NAME, write_clock_file
from simulation.environment.clock_library import compiled
from simulation.targets.process import start_static

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, compiled.COMPILERS)) and "SIMULATE_REQUIRE_GCC" not in os.environ,
    reason="no C compiler: install gcc and libc6-dev",
)
_INSTANT = datetime(2026, 3, 1, 12, 34, 56, 789_012, tzinfo=UTC)
_SECONDS = int(_INSTANT.timestamp())
_ASKS = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

int main(int count, char **words) {
    struct timespec now, monotonic, spent;
    struct timeval day;
    if (count > 1 && !strcmp(words[1], "die")) raise(SIGTERM);
    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    gettimeofday(&day, NULL);
    printf("%ld.%09ld %ld.%06ld %ld\n", now.tv_sec, now.tv_nsec, day.tv_sec, day.tv_usec, time(NULL));
    printf("monotonic %s, processor %s\n", monotonic.tv_sec == now.tv_sec ? "simulated" : "real",
           spent.tv_sec < 60 ? "real" : "simulated");
    for (int i = 1; i < count; i++) printf("[%s]", words[i]);
    printf("%s\n", getenv("GREETING"));
    return 7;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that is linked statically, and asks for the time."""
    folder = tmp_path_factory.mktemp("static")
    (folder / "asks.c").write_text(_ASKS)
    compiler = next(filter(None, map(shutil.which, compiled.COMPILERS)))
    subprocess.run([compiler, "-static", "-o", folder / "asks", folder / "asks.c"], check=True)
    return folder / "asks"


def _started(
    folder: Path, *command: str | Path, image: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    page = folder / PAGE_NAME
    write_clock_file(page, _INSTANT)
    return subprocess.run(
        [sys.executable, "-I", start_static.__file__, image or compiled.compiled_image(), *command],
        env={"PATH": os.environ["PATH"], compiled.PAGE_VARIABLE: str(page), "GREETING": "hello", **variables},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("monotonic", [False, True], ids=["by the real clock", "by the simulated one"])
def test_a_static_program_reads_the_simulated_clock_and_keeps_its_words_variables_and_status(
    tmp_path: Path, program: Path, *, monotonic: bool
) -> None:
    variables = {compiled.MONOTONIC_VARIABLE: "1"} if monotonic else {}
    done = _started(tmp_path, program, "one", "two words", **variables)
    assert (done.stdout.splitlines(), done.stderr, done.returncode) == (
        [
            f"{_SECONDS}.789012000 {_SECONDS}.789012 {_SECONDS}",
            f"monotonic {'simulated' if monotonic else 'real'}, processor real",
            "[one][two words]hello",
        ],
        "",
        7,
    )


def test_the_signal_by_which_it_ends_is_its_own(tmp_path: Path, program: Path) -> None:
    done = _started(tmp_path, program, "die")
    assert (done.returncode, done.stderr) == (-signal.SIGTERM, "")


def test_a_program_that_is_not_there_and_an_image_that_is_none_are_said(tmp_path: Path, program: Path) -> None:
    done = _started(tmp_path, "no-such-program")
    assert (done.returncode, done.stdout) == (127, "")
    assert "No such file or directory: no-such-program" in done.stderr
    done = _started(tmp_path, program, image=tmp_path / "nowhere")
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, ""), "it never runs in real time"
    assert "cannot be put on the simulated clock" in done.stderr
