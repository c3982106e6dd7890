"""The platform's own timers: jobs at their times, none twice for one time, and a book that processes share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from freezegun import freeze_time

from simulation.staging.jobs import DailyAt, Every, Job, JobBook, JobResult
from simulation.staging.logs import Log
from simulation.staging.serve import JobTimers
from simulation.staging.service_levels import ServiceLevels
from simulation.staging.settings import sqlalchemy_url

_START = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)


class _Timers(JobTimers):
    """Whose waits pass at once."""

    def __init__(self, jobs: tuple[Job, ...], clock: object, *, waits: int, lines: list[str]) -> None:
        super().__init__(jobs, Log(lines.append))
        self._stop = _Waits(clock, waits)  # type: ignore[assignment]


class _Waits:
    def __init__(self, clock: object, left: int) -> None:
        self._clock = clock
        self._left = left

    def is_set(self) -> bool:
        return self._left < 0

    def wait(self, seconds: float) -> None:
        self._left -= 1
        self._clock.tick(timedelta(seconds=seconds))  # type: ignore[attr-defined]


def _job(name: str, schedule: Every | DailyAt, ran: list[str]) -> Job:
    def run() -> JobResult:
        ran.append(f"{name} {datetime.now(UTC):%H:%M}")
        return JobResult(counts={"moved": 1})

    return Job(name=name, domain="Lifecycle", schedule=schedule, run=run)


def test_jobs_run_at_their_times_and_say_so() -> None:
    ran: list[str] = []
    lines: list[str] = []
    with freeze_time(_START) as clock:
        jobs = (
            _job("settlement", Every(seconds=1800), ran),
            _job("financial_reconciliation", DailyAt(hour=2, minute=0), ran),
        )
        _Timers(jobs, clock, waits=2, lines=lines).run()
    assert ran == ["settlement 01:30", "settlement 02:00", "financial_reconciliation 02:00"]
    assert "job ran job=settlement counts=moved:1" in lines[0]


def test_times_that_were_missed_are_made_up_for_once() -> None:
    ran: list[str] = []
    with freeze_time(_START) as clock:
        timers = _Timers((_job("settlement", Every(seconds=300), ran),), clock, waits=1, lines=[])
        clock.tick(timedelta(hours=1, seconds=10))
        timers.run()
    assert ran == ["settlement 02:00", "settlement 02:05"]


def test_a_book_in_a_file_is_read_by_other_processes(tmp_path: Path) -> None:
    writer, reader = JobBook(tmp_path / "book"), JobBook(tmp_path / "book")
    assert dict(reader.last_runs) == {}
    with freeze_time(_START):
        writer.record("settlement", JobResult(counts={"settled": 2}))
    assert reader.last_runs["settlement"].at == _START
    assert dict(reader.last_runs["settlement"].result.counts) == {"settled": 2}


def test_a_plain_database_url_names_the_driver_that_is_installed() -> None:
    assert sqlalchemy_url("postgresql://u:p@/d") == "postgresql+psycopg://u:p@/d"
    assert sqlalchemy_url("postgresql+psycopg://u:p@/d") == "postgresql+psycopg://u:p@/d"


def test_what_any_worker_counts_every_worker_tells(tmp_path: Path) -> None:
    with freeze_time(_START):
        one, other = ServiceLevels(tmp_path / "outcomes"), ServiceLevels(tmp_path / "outcomes")
        one.requests.count(failed=False)
        other.requests.count(failed=True)
        other.webhook_duplicates.count()
        assert one.requests.totals() == other.requests.totals() == (2, 1)
        assert [(hour.total, hour.failed) for hour in one.requests.by_hour(24)] == [(2, 1)]
        assert one.webhook_duplicates.number() == 1
        assert one.authentications.totals() == (0, 0)
