"""A backend in a process of its own lives in simulated time; what is wrong with it is named, and nothing is left."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from simulation.environment.installations import of_this_machine
from simulation.errors import EnvironmentFault, SimulationError
from simulation.events import Event, Exchange, HostRefused, JobFailed, JobSummary, ProgramEnded
from simulation.targets.process import job_watch, programs, reverse_proxy
from simulation.targets.process.supervisor import DOWN_SECONDS, MOST_RESTARTS
from simulation.witness.exchange import PLATFORM_URL, ExchangeContext, ExchangeWitness
from tests.integration.targets.conftest import BACKEND, START, brought_up, edit, get, jobs, wrong

STATIC = """\
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
int main() {
    struct sockaddr_in here = {AF_INET, htons(8080), {htonl(INADDR_LOOPBACK)}};
    int door = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(door, (struct sockaddr *)&here, sizeof here) || listen(door, 9)) exit(1);
    for (;;) close(accept(door, 0, 0));
}
"""


def _backends() -> list[str]:
    """Processes that run the small backend for this test process; others may run it at the same time."""
    command = f"{BACKEND}\0{os.getpid()}\0".encode()
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                line = Path(f"/proc/{entry}/cmdline").read_bytes()
            except OSError:
                continue
            if command in line:
                found.append(entry)
    return found


def test_its_timer_fires_at_every_step_and_its_clock_is_the_simulations(folder: Path) -> None:
    with brought_up(folder) as stand:
        kernel = stand.site.kernel
        watch = jobs(stand)
        watch.start()
        kernel.run_until(START + timedelta(days=1))
        watch.record_summaries()
        (summary,) = [event for event in stand.events() if isinstance(event, JobSummary)]
        assert summary.runs == 288
        assert summary.largest_gap_seconds == 300
        ticks = [int(found) for found in re.findall(r"tick at (\d+)", stand.log())]
        assert ticks == [int(START.timestamp()) + 300 * number for number in range(1, 289)]
        assert get(stand) == (200, str(int(kernel.now.timestamp())).encode())
    assert _backends() == []


def test_a_back_off_is_not_kept_waiting_for_the_next_step(folder: Path) -> None:
    wrong(folder, "back-off")
    with brought_up(folder) as stand:
        stand.target.job_watch(
            kernel=stand.site.kernel, recorder=stand.site.recorder, is_stopped=lambda _: False
        ).start()
        stand.site.kernel.run_until(START + timedelta(seconds=300))
        assert f"tried again at {int(START.timestamp()) + 302}" in stand.log()


def test_what_looked_like_a_poll_once_is_a_back_off_when_it_comes_again(folder: Path) -> None:
    wrong(folder, "many back-offs")
    with brought_up(folder) as stand:
        jobs(stand).start()
        stand.site.kernel.run_until(START + timedelta(hours=1))
        ticks, again = (
            [int(at) for at in re.findall(rf"{said} at (\d+)", stand.log())] for said in ("tick", "tried again")
        )
    assert len(ticks) > 5
    assert [tried - tick for tick, tried in zip(ticks[2:], again[2:], strict=False)] == [1] * (len(ticks) - 2)


def test_time_passes_for_a_start_that_waits_for_a_timer(folder: Path) -> None:
    wrong(folder, "late")
    with brought_up(folder) as stand:
        status, its_time = get(stand)
        assert (status, int(its_time)) == (200, int(START.timestamp()) + 2)


def _by_cron(folder: Path, times: str, program: str) -> None:
    """One more job, which cron starts."""
    said = f"import sys, time; print('began', int(time.time()), flush=True); {program}"
    with open(folder / "target.toml", "a", encoding="utf-8") as file:
        file.write(f'[[job]]\nname = "payout"\ndoes = "payout"\n{times}\nrun = ["${{PYTHON}}", "-c", "{said}"]\n')


def _lived(folder: Path, **delta: float) -> tuple[list[Event], str]:
    with brought_up(folder) as stand:
        watch = jobs(stand)
        watch.start()
        stand.site.kernel.run_until(START + timedelta(**delta))
        watch.record_summaries()
        return stand.events(), stand.log()


def _summary(events: list[Event]) -> JobSummary:
    return next(event for event in events if isinstance(event, JobSummary) and event.job == "payout")


def test_cron_starts_a_command_at_its_time_and_simulated_time_passes_for_it(folder: Path) -> None:
    _by_cron(folder, 'daily_at = "02:31"', "time.sleep(90); print('over', int(time.time()))")
    events, log = _lived(folder, hours=30)
    due = int((START + timedelta(hours=2, minutes=31)).timestamp())
    assert re.findall(r"(began|over) (\d+)", log) == [
        (what, str(due + lived + day)) for day in (0, 86_400) for what, lived in (("began", 0), ("over", 90))
    ]
    assert (_summary(events).runs, [event for event in events if isinstance(event, JobFailed)]) == (2, [])


def test_a_command_of_cron_that_breaks_off_is_a_failed_run(folder: Path) -> None:
    _by_cron(folder, "interval_seconds = 600", "sys.exit(3)")
    events, _ = _lived(folder, minutes=25)
    failed = [event.error for event in events if isinstance(event, JobFailed)]
    assert _summary(events).runs == len(failed) == 2
    assert all("ended with status 3; last words: " in error for error in failed)


def test_cron_starts_nothing_while_the_run_before_is_under_way(folder: Path) -> None:
    _by_cron(folder, "interval_seconds = 900", "time.sleep(1500)")
    events, log = _lived(folder, minutes=50)
    began = [int(found) - int(START.timestamp()) for found in re.findall(r"began (\d+)", log)]
    assert began == [900, 2700]
    assert [event.error for event in events if isinstance(event, JobFailed)] == [
        "its run before this one is still under way"
    ]
    assert _summary(events).runs == 2


def test_a_run_of_cron_that_ends_late_and_wrong_is_told_at_the_next_one(folder: Path) -> None:
    _by_cron(folder, "interval_seconds = 1200", "time.sleep(1000); sys.exit(4)")
    events, _ = _lived(folder, minutes=41)
    assert [event.error for event in events if isinstance(event, JobFailed)] == [
        "the run before this one ended with status 4"
    ]


def test_a_nap_of_milliseconds_costs_no_second(folder: Path) -> None:
    wrong(folder, "naps")
    with brought_up(folder) as stand:
        jobs(stand).start()
        stand.site.kernel.run_until(START + timedelta(hours=1))
        napped = [int(found) for found in re.findall(r"napped at (\d+)", stand.log())]
        assert napped == [int(START.timestamp()) + 300 * number for number in range(1, 13)]


def test_time_passes_for_an_answer_that_waits_for_a_timer(folder: Path) -> None:
    with brought_up(folder) as stand:
        before = stand.site.kernel.now
        assert get(stand)[0] == 200
        assert stand.site.kernel.now == before
    wrong(folder, "slow")
    with brought_up(folder) as stand:
        before = stand.site.kernel.now
        assert get(stand)[0] == 200
        assert stand.site.kernel.now == before + timedelta(seconds=20)


def test_a_host_that_is_none_of_the_worlds_is_refused_and_on_record(folder: Path) -> None:
    wrong(folder, "stranger")
    with brought_up(folder) as stand:
        assert [event.host for event in stand.events() if isinstance(event, HostRefused)] == ["hooks.slack.com"]
        assert "stranger: " in stand.log()


def test_a_killed_backend_answers_nobody_until_it_is_started_again(folder: Path) -> None:
    with brought_up(folder) as stand:
        stand.target.supervisor.kill_and_restart()
        assert get(stand)[0] == 502
        stand.site.kernel.run_until(START + timedelta(seconds=DOWN_SECONDS))
        assert get(stand)[0] == 200


def test_hosting_drains_stops_and_starts_it_for_real(folder: Path) -> None:
    with brought_up(folder) as stand:
        service = stand.target.service
        assert service is not None
        service.drain()
        assert (get(stand)[0], get(stand, "/health")[0]) == (503, 200)
        service.stop()
        assert _backends() == []
        service.start()
        assert service.instance == 2
        assert (get(stand)[0], get(stand, "/health")[0]) == (503, 200)
        service.admit()
        assert get(stand)[0] == 200
        assert [event for event in stand.events() if isinstance(event, ProgramEnded)] == [], "it was stopped, not lost"


def test_a_backend_that_is_killed_before_its_answer_is_out_has_dealt_with_the_request(folder: Path) -> None:
    wrong(folder, "tells")
    with brought_up(folder) as stand:
        assert stand.target.kill_after_next_request is not None
        stand.target.kill_after_next_request()
        assert get(stand)[0] == 502
        assert "answered /" in stand.log().splitlines()
        assert get(stand)[0] == 502
        stand.site.kernel.run_until(START + timedelta(seconds=DOWN_SECONDS))
        assert get(stand)[0] == 200


def test_a_program_that_ends_by_itself_is_on_record_and_started_again_until_that_is_no_use(folder: Path) -> None:
    wrong(folder, "dies")
    with brought_up(folder) as stand:
        jobs(stand).start()
        stand.site.kernel.run_until(START + timedelta(seconds=300))
        (ended,) = [event for event in stand.events() if isinstance(event, ProgramEnded)]
        assert (ended.program, ended.status, ended.started_again) == ("web", 3, True)
        assert ended.last_words.endswith("out of memory")
        assert ended.place.endswith("target.toml:5")
        assert get(stand)[0] == 502
        stand.site.kernel.run_until(START + timedelta(seconds=300 + DOWN_SECONDS))
        assert get(stand)[0] == 200
        stand.site.kernel.run_until(START + timedelta(hours=1))
        ends = [event.started_again for event in stand.events() if isinstance(event, ProgramEnded)]
        assert ends == [True] * MOST_RESTARTS + [False]
        assert get(stand)[0] == 502
    assert _backends() == []


def test_a_second_program_that_exits_at_once_is_named(folder: Path) -> None:
    file = folder / "target.toml"
    worker = f'[[process]]\nname = "worker"\ncommand = ["{sys.executable}", "-c", "exit(4)"]\n\n[web]'
    file.write_text(file.read_text().replace("[web]", worker))
    with pytest.raises(EnvironmentFault, match=r"target.toml:11: the program 'worker' ended with status 4"):  # noqa: SIM117
        with brought_up(folder):
            pass
    assert _backends() == []


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (
            "exits",
            r"target.toml:5: the program 'web' ended with status 1; its last words: no configuration, no service",
        ),
        ("deaf", r"target.toml:10: port 8080 never opened within 2 real seconds; somebody listens on 8081"),
    ],
)
def test_a_backend_that_does_not_come_up_is_named_with_its_last_words(folder: Path, how: str, said: str) -> None:
    wrong(folder, how)
    file = folder / "target.toml"
    file.write_text(file.read_text().replace("start_seconds = 20", "start_seconds = 2"))
    with pytest.raises(EnvironmentFault, match=said), brought_up(folder):
        pass
    assert _backends() == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("observe.sql", "name AS is_admin", "nmae AS is_admin", r'observe\.sql:4: query users: column "nmae" does not'),
        ("schema.sql", "text NOT NULL", "txet NOT NULL", r'schema\.sql:1: type "txet" does not exist'),
        ("target.toml", "INSERT INTO people (name)", "INSERT INTO staff (name)", r'create_sql: relation "staff" does'),
        ("target.toml", 'command = ["', 'command = ["/nowhere', r"target.toml:5: there is no program /nowhere"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_place(folder: Path, name: str, old: str, new: str, said: str) -> None:
    edit(folder, name, old, new)
    with pytest.raises(SimulationError, match=said), brought_up(folder) as stand:
        stand.target.create_admin(name="ops", email="ops@platform.test", role="ops")
    assert _backends() == []


def test_a_backend_past_the_c_library_is_refused_for_ignoring_the_clock(folder: Path) -> None:
    """An environment without the preload stands for a program that cannot load it."""
    edit(folder, "target.toml", 'WRONG = "nothing"', 'LD_PRELOAD = ""')
    with pytest.raises(EnvironmentFault, match="ignores the simulated clock"), brought_up(folder):
        pass
    assert _backends() == []


@pytest.mark.skipif(
    shutil.which("gcc") is None and not os.environ.get("SIMULATE_REQUIRE_GCC"),
    reason="no C compiler on this machine: install gcc and libc6-dev; with SIMULATE_REQUIRE_GCC=1 this fails instead",
)
def test_a_static_binary_is_refused_before_it_is_started(folder: Path) -> None:
    source, program = folder / "static.c", folder / "static"
    source.write_text(STATIC)
    subprocess.run(["gcc", "-static", "-o", program, source], check=True)
    edit(folder, "target.toml", f'["{sys.executable}", "{BACKEND}", "{os.getpid()}"]', f'["{program}"]')
    with pytest.raises(EnvironmentFault, match=r"target.toml:5: .*static is linked statically"):  # noqa: SIM117
        with brought_up(folder):
            pass
    assert _backends() == []


def test_an_admin_is_appointed_by_sql(folder: Path) -> None:
    with brought_up(folder) as stand:
        assert stand.target.create_admin(name="O'Hara", email="o@platform.test", role="ops").user_id == "1"


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/compressed", 200, b"\x1f\x8b\x00\xff"),
        ("/latin", 200, b"ok"),
        ("/status", 999, b"ok"),
        ("/garbage", 502, b"the connection broke"),
        ("/half", 502, b"the connection broke"),
        ("/headers", 502, b"the connection broke"),
        ("/closed", 502, b"the connection broke"),
        ("/endless", 502, b"the connection broke"),
    ],
)
def test_no_answer_of_a_backend_ends_the_run(
    folder: Path, path: str, status: int, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reverse_proxy, "_LARGEST_ANSWER_BYTES", 4_000_000)
    with brought_up(folder) as stand:
        witness = ExchangeWitness(stand.target.wsgi, recorder=stand.site.recorder, context=ExchangeContext())
        with httpx.Client(transport=httpx.WSGITransport(app=witness), base_url=PLATFORM_URL) as http:
            answer = http.get(path)
            assert (answer.status_code, answer.content) == (status, body)
            assert http.get("/").status_code == 200, "it goes on"
        assert [event.status for event in stand.events() if isinstance(event, Exchange)] == [status, 200]


def test_a_backend_that_prints_without_end_is_named_for_that(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_MOST_OUTPUT_BYTES", 3 << 20)
    wrong(folder, "prints")
    with pytest.raises(EnvironmentFault) as raised, brought_up(folder):
        pass
    said = str(raised.value)
    assert "small has printed more than 3 MiB without a rest, at last: again and again \\x1b[31m" in said
    assert "\x1b" not in said
    assert _backends() == []


def test_a_long_log_is_cut_back_and_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_watch, "_MOST_BYTES", 200)
    monkeypatch.setattr(job_watch, "_KEPT_BYTES", 100)
    with brought_up(folder) as stand:
        watch = jobs(stand)
        watch.start()
        stand.site.kernel.run_until(START + timedelta(days=1))
        watch.record_summaries()
        (summary,) = [event for event in stand.events() if isinstance(event, JobSummary)]
        assert summary.runs == 288, "every line was read before it was left out"
        log = stand.log()
        assert len(log) < 400
        assert re.search(r"\[simulate left out \d+ bytes here: a log is kept to 64 MiB\]\n", log)


_MIGRATION = """\
import os, subprocess, sys
print("as", *(os.environ[f"DB_{part}"] for part in ("USER", "HOST", "PORT", "NAME")), flush=True)
assert os.environ["DB_URL"] == sys.argv[1] and os.environ["DB_PASSWORD"] in sys.argv[1]
import psycopg
with psycopg.connect(os.environ["DB_URL"]) as connection:
    connection.execute("CREATE TABLE people (id bigserial PRIMARY KEY, name text NOT NULL)")
with psycopg.connect(os.environ["DB_TCP"]) as connection:
    connection.execute("INSERT INTO people (name) VALUES (%s)", [os.environ["HOOK_SECRET"]])
import time
began = time.monotonic()
while time.monotonic() < began + 0.2:  # a timer of its own, counted by its own clock
    time.sleep(0.01)
assert time.gmtime()[:3] == (2026, 3, 1)
if os.environ["SLOW"] == "1":
    time.sleep(30)
"""
_PARTS = "\n".join(
    [
        'DB_URL = "${DATABASE_URL}"',
        'DB_TCP = "${DATABASE_TCP_URL}"',
        *(f'DB_{part} = "${{DATABASE_{part}}}"' for part in ("HOST", "PORT", "NAME", "USER", "PASSWORD")),
        'HOOK_SECRET = "${STRIPE_WEBHOOK_SECRET}"',
        'SLOW = "0"',
        "WRONG =",
    ]
)


def _migrated(folder: Path) -> None:
    """Have a program make the schema, and a seed rows."""
    (folder / "migration.py").write_text(_MIGRATION)
    (folder / "seed.sql").write_text("INSERT INTO people (name) VALUES (${STRIPE_WEBHOOK_SECRET});\n")
    command = f'["{sys.executable}", "{folder}/migration.py", "${{MIGRATION_URL}}"]'
    edit(folder, "target.toml", 'schema_file = "schema.sql"', f'migrate = {command}\nseed_file = "seed.sql"')
    edit(folder, "target.toml", "WRONG =", _PARTS)


def test_a_migration_and_a_seed_have_the_values_of_the_run_and_timers_that_fire(folder: Path) -> None:
    _migrated(folder)
    with brought_up(folder) as stand, stand.site.server.superuser(stand.site.database.name) as connection:
        secret = stand.site.keys.stripe_webhook_secret
        assert connection.execute("SELECT name FROM people").fetchall() == [(secret,), (secret,)]


def test_a_migration_that_takes_too_long_is_ended_after_its_seconds(folder: Path) -> None:
    _migrated(folder)
    edit(folder, "target.toml", 'SLOW = "0"', 'SLOW = "1"')
    edit(folder, "target.toml", "seed_file =", "migrate_seconds = 1\nseed_file =")
    with (
        pytest.raises(EnvironmentFault, match=r"within 1 real seconds; it said: as superuser /(.|\n)*migrate_seconds"),
        brought_up(folder),
    ):
        pass


@pytest.mark.skipif(
    not of_this_machine() and not os.environ.get("SIMULATE_REQUIRE_POSTGRESQL"),
    reason="no PostgreSQL of this machine's packages: apt-get install postgresql; with SIMULATE_REQUIRE_POSTGRESQL=1 "
    "this fails instead",
)
def test_a_schema_with_pgcrypto_and_uuid_ossp_gets_a_server_of_this_machine(folder: Path) -> None:
    edit(
        folder, "schema.sql", "CREATE TABLE", 'CREATE EXTENSION "uuid-ossp";\nCREATE EXTENSION pgcrypto;\nCREATE TABLE'
    )
    dump = folder / "schema.sql"
    dump.write_text(
        "SET transaction_timeout = 0;\n" + dump.read_text()
        + "ALTER TABLE people ADD key uuid DEFAULT uuid_generate_v4(), ADD token bytea DEFAULT gen_random_bytes(8);\n"
    )  # fmt: skip
    with brought_up(folder) as stand:
        assert stand.site.server.detail.startswith("PostgreSQL ")
        user = stand.target.create_admin(name="ops", email="ops@platform.test", role="ops").user_id
        with stand.site.server.superuser(stand.site.database.name) as connection:
            row = connection.execute("SELECT id::text, length(token), now() FROM people").fetchone()
        assert row == (user, 8, stand.site.kernel.now)
