"""The library that shows programs the simulated time: every way to ask, whoever asks, and nothing left behind."""

from __future__ import annotations

import errno
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import pytest

from simulation.clock_file import PAGE_NAME, open_clock_file, write_clock_file
from simulation.environment.clock_library import (
    LIBRARY_VARIABLE,
    clock_environment,
    clock_file_in,
    clock_library,
    compiled,
    library_in,
)
from simulation.environment.clock_library.choice import _chosen
from simulation.environment.clock_library.faketime import find_faketime
from simulation.environment.in_container import fill_clock_folder
from simulation.environment.shared_memory import release
from simulation.targets.process.values import PRELOAD_FOLDER
from simulation.targets.process.wakeups import wake

INSTANT = datetime(2026, 3, 1, 12, 34, 56, 789_012, tzinfo=UTC)
SECOND = f"{INSTANT.timestamp():.6f}".split(".")[0]
SHARED_MEMORY = Path("/dev/shm")
NEEDS_A_COMPILER = pytest.mark.skipif(
    not any(map(shutil.which, compiled.COMPILERS)) and "SIMULATE_REQUIRE_GCC" not in os.environ,
    reason="no C compiler: install gcc and libc6-dev",
)

ASKS = r"""
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct timeb { time_t time; unsigned short int millitm; short int timezone, dstflag; };
int ftime(struct timeb *);

static void *ask(void *unused) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    printf("thread %ld.%09ld\n", now.tv_sec, now.tv_nsec);
    return unused;
}

/* As Go does: by the library that the kernel says it has mapped. */
static void *in_the_kernels_page(const char *wanted) {
    char *begin = (char *)getauxval(AT_SYSINFO_EHDR), *names = NULL;
    Elf64_Ehdr *header = (Elf64_Ehdr *)begin;
    Elf64_Phdr *segment = (Elf64_Phdr *)(begin + header->e_phoff);
    Elf64_Sym *symbols = NULL;
    uint32_t *hash = NULL;
    while (segment->p_type != PT_DYNAMIC) segment++;
    for (Elf64_Dyn *entry = (Elf64_Dyn *)(begin + segment->p_offset); entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_STRTAB) names = begin + entry->d_un.d_val;
        if (entry->d_tag == DT_SYMTAB) symbols = (Elf64_Sym *)(begin + entry->d_un.d_val);
        if (entry->d_tag == DT_HASH) hash = (uint32_t *)(begin + entry->d_un.d_val);
    }
    for (uint32_t number = hash[2]; number; number = hash[2 + hash[0] + number])
        if (!strcmp(names + symbols[number].st_name, wanted)) return begin + symbols[number].st_value;
    return NULL;
}

#if defined(__aarch64__)
#define IN_PAGE "__kernel_"
#else
#define IN_PAGE "__vdso_"
#endif

int main(void) {
    int (*page_clock)(clockid_t, struct timespec *) = in_the_kernels_page(IN_PAGE "clock_gettime");
    int (*page_day)(struct timeval *, void *) = in_the_kernels_page(IN_PAGE "gettimeofday");
    struct timespec now, coarse, got, monotonic, soon;
    struct timeval day;
    struct timeb old;
    pthread_t thread;
    pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    sem_t semaphore;
    uint64_t expired;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_REALTIME_COARSE, &coarse);
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    timespec_get(&got, TIME_UTC);
    gettimeofday(&day, NULL);
    ftime(&old);
    printf("clock_gettime %ld.%09ld\ncoarse %ld.%09ld\n", now.tv_sec, now.tv_nsec, coarse.tv_sec, coarse.tv_nsec);
    printf("timespec_get %ld.%09ld\n", got.tv_sec, got.tv_nsec);
    printf("gettimeofday %ld.%06ld\n", day.tv_sec, day.tv_usec);
    printf("ftime %ld.%03d\ntime %ld\n", old.time, old.millitm, time(NULL));
    page_clock(CLOCK_REALTIME, &now);
    page_day(&day, NULL);
    printf("kernel's page %ld.%09ld %ld.%06ld\n", now.tv_sec, now.tv_nsec, day.tv_sec, day.tv_usec);
    page_clock(CLOCK_PROCESS_CPUTIME_ID, &coarse);
    printf("processor %d\n", coarse.tv_sec < 60 && coarse.tv_nsec > 0);
    printf("monotonic %s\n", monotonic.tv_sec == now.tv_sec ? "simulated" : "real");
    pthread_create(&thread, NULL, ask, NULL);
    pthread_join(thread, NULL);

    soon = now;
    soon.tv_nsec += 20000000;
    pthread_mutex_lock(&mutex);
    printf("pthread_cond_timedwait %d\n", pthread_cond_timedwait(&cond, &mutex, &soon) == ETIMEDOUT);
    sem_init(&semaphore, 0, 0);
    printf("sem_timedwait %d\n", sem_timedwait(&semaphore, &soon) == -1 && errno == ETIMEDOUT);
    printf("clock_nanosleep %d\n", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &soon, NULL));
    int timer = timerfd_create(CLOCK_REALTIME, 0);
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &(struct itimerspec){.it_value = soon}, NULL);
    printf("timerfd %d\n", read(timer, &expired, sizeof expired) == sizeof expired);
    return 0;
}
"""

WAITS = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static struct timespec in_five_minutes(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    now.tv_sec += 300;
    return now;
}

static void *wait_for(void *how) {
    struct timespec length = {300, 0}, instant = in_five_minutes(CLOCK_REALTIME);
    int result = -1;
    if (!strcmp(how, "nanosleep")) result = nanosleep(&length, NULL);
    if (!strcmp(how, "sleep")) result = sleep(300);
    if (!strcmp(how, "usleep")) result = usleep(300000000);
    if (!strcmp(how, "clock_nanosleep")) result = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &instant, NULL);
    pthread_mutex_lock(&mutex);
    if (!strcmp(how, "cond_timedwait")) result = pthread_cond_timedwait(&cond, &mutex, &instant);
    if (!strcmp(how, "cond_clockwait")) result = pthread_cond_clockwait(&cond, &mutex, CLOCK_MONOTONIC, &instant);
    pthread_mutex_unlock(&mutex);
    printf("%s %d at %ld\n", (char *)how, result, time(NULL));
    return NULL;
}

int main(int count, char **ways) {
    pthread_t thread[8];
    usleep(0); /* with a thread that ends waits, which what is forked has to start anew */
    if (fork()) return wait(NULL) < 0;
    for (int i = 1; i < count; i++) pthread_create(&thread[i], NULL, wait_for, ways[i]);
    for (int i = 1; i < count; i++) pthread_join(thread[i], NULL);
    return 0;
}
"""
WAYS = ("nanosleep", "sleep", "usleep", "clock_nanosleep", "cond_timedwait", "cond_clockwait")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    release(tmp_path)


def _environment(folder: Path, *, monotonic: bool = False) -> dict[str, str]:
    write_clock_file(clock_file_in(folder), INSTANT)
    clock = clock_environment(library=library_in(folder), clock_file=clock_file_in(folder), monotonic=monotonic)
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **clock}


def _told(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=30)
    assert not done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def asks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that asks for the time in every way that C knows."""
    return _compiled("asks", ASKS, tmp_path_factory.mktemp("asks"))


def _compiled(name: str, source: str, folder: Path) -> Path:
    (folder / f"{name}.c").write_text(source)
    compiler = next(filter(None, map(shutil.which, compiled.COMPILERS)))
    subprocess.run([compiler, "-pthread", "-o", folder / name, folder / f"{name}.c"], check=True)
    return folder / name


def _threads_asleep(pid: int) -> int:
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    return sum((task / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "S" for task in tasks)


def _child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()[0])


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _wait_until_at_rest(pid: int) -> None:
    def switches() -> list[str]:
        _wait_until(lambda: _threads_asleep(pid) == len(list(Path(f"/proc/{pid}/task").iterdir())))
        return [table.read_text(encoding="utf-8") for table in sorted(Path(f"/proc/{pid}/task").glob("*/schedstat"))]

    before, now = [""], switches()
    while now != before:
        time.sleep(0.15)
        before, now = now, switches()


@NEEDS_A_COMPILER
def test_waits_of_a_program_with_timers_end_in_simulated_time_and_not_before(folder: Path) -> None:
    waits, environment = _compiled("waits", WAITS, folder), _environment(folder, monotonic=True)
    clock = open_clock_file(clock_file_in(folder))
    clock.rule_waits(True)
    with ExitStack() as stack:
        program = stack.enter_context(
            subprocess.Popen([waits, *WAYS], env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
        )
        stack.callback(os.killpg, program.pid, signal.SIGKILL)
        assert program.stdout is not None
        _wait_until(lambda: bool(Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text(encoding="utf-8")))
        child = _child_of(program.pid)
        everybody = len(WAYS) + 2  # main, and the thread that ends waits
        _wait_until(lambda: _threads_asleep(child) == everybody)
        for seconds in (299, 300):
            clock.show(INSTANT + timedelta(seconds=seconds, milliseconds=1))
            wake([child])
            if seconds == 299:
                _wait_until_at_rest(child)
                assert _threads_asleep(child) == everybody
        said = [program.stdout.readline() for _ in WAYS]
    late = int(SECOND) + 300
    expected = {way: 0 if "cond" not in way else errno.ETIMEDOUT for way in WAYS}
    assert sorted(said) == sorted(f"{way} {result} at {late}\n" for way, result in expected.items())


FILES = r"""
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

int __poll_chk(struct pollfd *, nfds_t, int, size_t);
int __ppoll_chk(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *, size_t);

int main(int count, char **arguments) {
    const char *way = arguments[count - 1];
    int pipes[2], set = epoll_create1(0), result = -2;
    pipe(pipes);
    struct epoll_event event = {.events = EPOLLIN}, found;
    epoll_ctl(set, EPOLL_CTL_ADD, pipes[0], &event);
    struct pollfd file = {pipes[0], POLLIN, 0};
    struct timespec length = {0, 20000000};
    struct timeval old_length = {0, 20000};
    fd_set files;
    FD_ZERO(&files);
    FD_SET(pipes[0], &files);
    puts("begun"), fflush(stdout);
    if (!strcmp(way, "poll")) result = poll(&file, 1, 20);
    if (!strcmp(way, "__poll_chk")) result = __poll_chk(&file, 1, 20, sizeof file);
    if (!strcmp(way, "ppoll")) result = ppoll(&file, 1, &length, NULL);
    if (!strcmp(way, "__ppoll_chk")) result = __ppoll_chk(&file, 1, &length, NULL, sizeof file);
    if (!strcmp(way, "epoll_wait")) result = epoll_wait(set, &found, 1, 20);
    if (!strcmp(way, "epoll_pwait")) result = epoll_pwait(set, &found, 1, 20, NULL);
    if (!strcmp(way, "epoll_pwait2")) result = epoll_pwait2(set, &found, 1, &length, NULL);
    if (!strcmp(way, "select")) result = select(pipes[0] + 1, &files, NULL, NULL, &old_length);
    if (!strcmp(way, "pselect")) result = pselect(pipes[0] + 1, &files, NULL, NULL, &length, NULL);
    int left = strstr(way, "select") ? FD_ISSET(pipes[0], &files) : 0;
    printf("%d with %d left at %ld\n", result, left, time(NULL));
    return 0;
}
"""
FILE_WAYS = (
    *("poll", "__poll_chk", "ppoll", "__ppoll_chk", "select", "pselect", "epoll_wait", "epoll_pwait", "epoll_pwait2"),
)


@pytest.fixture(scope="module")
def waits_for_files(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A program that waits for a pipe for 20 ms, in a way of its last argument, and says when that was over."""
    return str(_compiled("files", FILES, tmp_path_factory.mktemp("files")))


PYTHON_SLEEPS = "import time; print('begun', flush=True); time.sleep(.02); print('0 with 0 left at', int(time.time()))"
PRELOAD = {"PYTHONPATH": str(PRELOAD_FOLDER)}


@NEEDS_A_COMPILER
@pytest.mark.parametrize("way", [*FILE_WAYS, "sleep of a Python backend"])
def test_a_short_wait_is_over_in_simulated_time_however_slow_the_machine_is(
    way: str, folder: Path, waits_for_files: str
) -> None:
    environment = {**_environment(folder, monotonic=True), **PRELOAD}
    command = [waits_for_files, way] if way in FILE_WAYS else [sys.executable, "-c", PYTHON_SLEEPS]
    clock = open_clock_file(clock_file_in(folder))
    clock.rule_waits(True)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            assert _first_line(program.stdout) == "begun\n"
            assert not select.select([program.stdout], [], [], 0.2)[0]  # ten times as long as it waits
            clock.show(INSTANT + timedelta(seconds=1))
            wake([program.pid])
            assert _first_line(program.stdout) == f"0 with 0 left at {int(SECOND) + 1}\n"
        finally:
            program.kill()


JAVA = """
public class Timer {
    public static void main(String[] arguments) throws Exception {
        java.util.concurrent.Executors.newSingleThreadScheduledExecutor().scheduleAtFixedRate(
            () -> System.out.println("timer " + System.currentTimeMillis() / 1000), 300, 300,
            java.util.concurrent.TimeUnit.SECONDS);
        System.out.println("begun");
        while (true) { Thread.sleep(300000); System.out.println("sleep " + System.currentTimeMillis() / 1000); }
    }
}
"""
RUBY = """
$stdout.sync = true
Thread.new { loop { sleep 300; puts "timer #{Time.now.to_i}" } }
puts "begun"
loop { sleep 300; puts "sleep #{Time.now.to_i}" }
"""
PHP = 'echo "begun\n"; while (true) { sleep(300); echo "sleep " . time() . "\n"; }'
NODE = "console.log('begun'); setInterval(() => console.log('timer', Math.floor(Date.now() / 1000)), 300000)"
RUNTIMES = {
    "java": (["-Xshare:auto", "-XX:+UseSerialGC", "Timer.java"], {"timer", "sleep"}),
    "node": (["-e", NODE], {"timer"}),
    "php": (["-r", PHP], {"sleep"}),
    "ruby": (["-e", RUBY], {"timer", "sleep"}),
}


def _first_line(output: IO[str]) -> str:
    """Read byte by byte, so that nothing after it is kept in a buffer."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(output.fileno(), 1)):
        line += byte
    return line.decode()


def _lines_so_far(output: IO[str]) -> Iterator[str]:
    """Whole lines that a program has written, or writes before it rests for half a second: it flushes each."""
    while select.select([output.fileno()], [], [], 0.5)[0]:
        if not (read := os.read(output.fileno(), 4096)):
            return
        yield from read.decode().splitlines(keepends=True)


@NEEDS_A_COMPILER
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_timers_and_sleeps_of_each_runtime_come_due_in_simulated_time(runtime: str, folder: Path) -> None:
    required = f"SIMULATE_REQUIRE_{runtime.upper()}"
    if shutil.which(runtime) is None and not os.environ.get(required):
        pytest.skip(f"no {runtime} on this machine: install it; with {required}=1 this fails instead")
    (folder / "Timer.java").write_text(JAVA)
    arguments, ways = RUNTIMES[runtime]
    environment = _environment(folder, monotonic=True)
    clock = open_clock_file(clock_file_in(folder))
    with subprocess.Popen(
        [runtime, *arguments], env=environment, stdout=subprocess.PIPE, text=True, cwd=folder
    ) as program:
        assert program.stdout is not None
        deadline = threading.Timer(300, program.kill)
        deadline.start()
        try:
            assert _first_line(program.stdout) == "begun\n"
            clock.rule_waits(True)
            for step in (1, 2):
                _wait_until_at_rest(program.pid)
                said: set[str] = set()
                for late_ms in range(1, 500):  # as the stepper does: what now runs may sleep for some milliseconds
                    clock.show(INSTANT + timedelta(seconds=300 * step, milliseconds=late_ms))
                    wake([program.pid])
                    said |= set(_lines_so_far(program.stdout))
                    if len(said) == len(ways):
                        break
                assert said == {f"{way} {int(SECOND) + 300 * step}\n" for way in ways}
        finally:
            program.kill()
            deadline.cancel()


@NEEDS_A_COMPILER
def test_while_nobody_moves_the_clock_waits_take_real_time_too(folder: Path) -> None:
    ask = "import ctypes, time; ctypes.CDLL(None).usleep(100_000); print(time.time_ns() // 1000 % 1_000_000)"
    assert _told([sys.executable, "-c", ask], _environment(folder, monotonic=True)) == f"{INSTANT.microsecond}\n"


@NEEDS_A_COMPILER
@pytest.mark.parametrize(
    ("source", "options"),
    [(compiled.SOURCE, compiled.OPTIONS), (compiled.IMAGE_SOURCE, compiled.IMAGE_OPTIONS)],
    ids=["library", "image"],
)
def test_it_compiles_without_a_warning(source: Path, options: tuple[str, ...], tmp_path: Path) -> None:
    compiler = next(filter(None, map(shutil.which, compiled.COMPILERS)))
    strictly = ["-Wall", "-Wextra", "-Werror", "-o", str(tmp_path / "made.so")]
    subprocess.run([compiler, *options, *strictly, str(source)], check=True)


@NEEDS_A_COMPILER
def test_every_way_to_ask_shows_the_simulated_instant_and_every_deadline_by_it_comes(folder: Path, asks: Path) -> None:
    assert _told([str(asks)], _environment(folder)).splitlines() == [
        f"clock_gettime {SECOND}.789012000",
        f"coarse {SECOND}.789012000",
        f"timespec_get {SECOND}.789012000",
        f"gettimeofday {SECOND}.789012",
        f"ftime {SECOND}.789",
        f"time {SECOND}",
        f"kernel's page {SECOND}.789012000 {SECOND}.789012",
        "processor 1",
        "monotonic real",
        f"thread {SECOND}.789012000",
        "pthread_cond_timedwait 1",
        "sem_timedwait 1",
        "clock_nanosleep 0",
        "timerfd 1",
    ]


@NEEDS_A_COMPILER
def test_the_monotonic_clock_is_simulated_where_timers_must_come_due_by_it(folder: Path, asks: Path) -> None:
    told = _told([str(asks)], _environment(folder, monotonic=True)).splitlines()
    assert "monotonic simulated" in told
    assert "pthread_cond_timedwait 1" in told


def test_date_a_shell_and_python_say_the_same_also_forked_and_executed(folder: Path) -> None:
    environment = _environment(folder)
    python = f"{sys.executable} -c 'import time; print(int(time.time()))'"
    script = f"date +%s; (date +%s); printf '%(%s)T\\n' -1; exec sh -c \"date +%s; exec {python}\""
    assert _told(["bash", "-c", script], environment).splitlines() == [SECOND] * 5


def test_a_running_program_sees_the_clock_move(folder: Path) -> None:
    environment = _environment(folder)
    clock = open_clock_file(clock_file_in(folder))
    with subprocess.Popen(
        [sys.executable, "-c", "import time\nfor _ in iter(input, ''): print(time.time_ns(), flush=True)"],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
    ) as program:  # fmt: skip
        assert program.stdin is not None
        assert program.stdout is not None
        for step in (timedelta(0), timedelta(days=3, microseconds=1), timedelta(days=30)):
            clock.show(INSTANT + step)
            program.stdin.write("now\n")
            told_ns = int(program.stdout.readline())  # libfaketime reckons in fractions, and may be a nanosecond early
            assert round(told_ns, -3) // 1000 == (INSTANT + step - datetime(1970, 1, 1, tzinfo=UTC)) // (
                timedelta(microseconds=1)
            )
        program.stdin.write("\n")


def test_monotonic_time_and_file_times_stay_real(folder: Path) -> None:
    (folder / "file").touch()
    ask = "import os, sys, time; print(time.monotonic()); print(os.stat(sys.argv[1]).st_mtime)"
    monotonic, modified = map(
        float, _told([sys.executable, "-c", ask, str(folder / "file")], _environment(folder)).split()
    )
    assert monotonic < 1_000_000_000
    assert modified == (folder / "file").stat().st_mtime


def test_without_a_page_the_time_is_real(folder: Path) -> None:
    environment = _environment(folder)
    clock_file_in(folder).unlink()
    assert abs(int(_told(["date", "+%s"], environment)) - int(_told(["date", "+%s"], dict(os.environ)))) < 60


@pytest.mark.parametrize("kind", ["own", "libfaketime"])
def test_nothing_is_left_in_shared_memory_not_even_of_programs_that_became_others_or_were_killed(
    kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "libfaketime":
        monkeypatch.setenv(LIBRARY_VARIABLE, str(find_faketime()))
    elif clock_library().reason:
        pytest.skip("no C compiler: install gcc and libc6-dev")
    before = set(SHARED_MEMORY.glob("*faketime*"))
    environment = _environment(folder)
    processes: set[str] = set()
    for script in ("exec sh -c 'exec date +%s'", "(date +%s); date +%s", "date +%s; kill -9 $$"):
        with subprocess.Popen(["bash", "-c", script], env=environment, stdout=subprocess.PIPE, text=True) as shell:
            processes.add(str(shell.pid))
            assert shell.stdout is not None
            assert set(shell.stdout.read().split()) == {SECOND}
    release(folder)
    new = {file.name for file in set(SHARED_MEMORY.glob("*faketime*")) - before}  # other runs make some, too
    assert not [name for name in new if folder.name in name or name.rpartition("_")[2] in processes]


def test_a_library_in_a_folder_with_spaces_reaches_programs_by_a_copy_without(tmp_path: Path, folder: Path) -> None:
    spaced = tmp_path / "a folder: with spaces"
    spaced.mkdir()
    shutil.copy(clock_library().path, spaced / "library.so")
    environment = _environment(folder)
    assert " " not in environment["LD_PRELOAD"]
    shutil.copy(spaced / "library.so", environment["LD_PRELOAD"])
    assert _told(["date", "+%s"], environment).strip() == SECOND


def test_libfaketime_stands_in_where_no_compiler_is_and_says_why(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "_places", lambda *_: iter([tmp_path / "nowhere" / "library.so"]))
    monkeypatch.setattr(compiled, "COMPILERS", ("no-such-compiler",))
    library = _chosen.__wrapped__(None)
    assert library.path == find_faketime()
    assert library.detail.startswith("clock by libfaketime: no C compiler")


@pytest.mark.parametrize(
    ("compiler", "reason"),
    [
        ("echo 'x.c:1:1: fatal error: stdlib.h: no such file' >&2; exit 1", "stdlib.h"),
        ('while [ "$1" != -o ]; do shift; done; echo rubbish > "$2"', "does not move"),
    ],
)
def test_a_compiler_that_makes_nothing_of_use_is_no_compiler(
    compiler: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "cc"
    program.write_text(f"#!/bin/sh\n{compiler}\n")
    program.chmod(0o755)
    monkeypatch.setattr(compiled, "_places", lambda *_: iter([tmp_path / "kept" / "library.so"]))
    monkeypatch.setattr(compiled, "COMPILERS", (str(program),))
    with pytest.raises(compiled.CannotBuild, match=reason):
        compiled.compiled_library()
    assert list((tmp_path / "kept").iterdir()) == []


@NEEDS_A_COMPILER
def test_it_is_built_once_and_kept_for_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "kept" / "library.so"
    monkeypatch.setattr(compiled, "_places", lambda *_: iter([place]))
    assert compiled.compiled_library() == place
    assert stat.S_IMODE(place.stat().st_mode) == 0o755
    built = place.stat().st_mtime_ns
    assert compiled.compiled_library() == place
    assert place.stat().st_mtime_ns == built


def test_a_folder_that_somebody_else_may_write_keeps_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(compiled, "_places", lambda *_: iter([tmp_path / "file" / "library.so"]))
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/cc")
    with pytest.raises(compiled.CannotBuild, match="no folder"):
        compiled.compiled_library()


def test_a_page_is_one_word_that_is_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / PAGE_NAME
    write_clock_file(file, INSTANT)
    same = file.stat().st_ino
    write_clock_file(file, INSTANT + timedelta(seconds=1))
    assert file.stat().st_ino == same
    assert file.read_bytes()[:16] == b"SMCLOCK1" + (1_772_368_497_789_012).to_bytes(8, "little")


def test_a_containers_folder_gets_what_its_start_script_needs_and_keeps_what_is_not_a_runs(tmp_path: Path) -> None:
    for name in (".gitignore", "lock", "libfaketime.so.1", "now"):
        (tmp_path / name).touch()
    file = fill_clock_folder(tmp_path, INSTANT)
    told = dict(line.split("=", 1) for line in (tmp_path / "environment").read_text().splitlines())
    assert told["SIMULATED_START"] == SECOND
    assert told["LD_PRELOAD"] == f"/simulation/clock/{clock_library().name}"
    kept = {".gitignore", "lock", "environment", file.name, clock_library().name}
    assert {left.name for left in tmp_path.iterdir()} == kept
