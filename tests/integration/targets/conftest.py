"""A target folder around the smallest backend, brought up on its own clock and database."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from simulation.clock import Kernel, SimulationClock
from simulation.environment.embedded import EmbeddedPostgres
from simulation.environment.server import running
from simulation.environment.workspace import workspace
from simulation.events import Event
from simulation.faults.effects import Calm
from simulation.history import Recorder
from simulation.scenario.settings import StripeSettings
from simulation.targets.process.loader import read_target
from simulation.targets.process.target import ProcessTarget
from simulation.targets.protocol import JobWatch, Site, TargetKeys
from simulation.world.network.external import ExternalNetwork
from simulation.world.provider.provider import ScoreProvider, provider_app
from simulation.world.stripe.twin import StripeTwin, stripe_app

START = datetime(2026, 3, 1, tzinfo=UTC)
BACKEND = Path(__file__).with_name("small_backend.py")

TARGET = f"""\
name = "small"

[[process]]
name = "web"
command = ["{sys.executable}", "{BACKEND}", "{os.getpid()}"]
[process.environment]
WRONG = "nothing"

[web]
port = 8080
ready = "/"
start_seconds = 20

[[job]]
name = "settlement"
does = "settlement"
interval_seconds = 300
seen_in_log = "tick at"

[database]
schema_file = "schema.sql"

[stripe]
webhook_path = "/webhooks"

[admin]
create_sql = "INSERT INTO people (name) VALUES (${{NAME}}) RETURNING id"
"""
SCHEMA = "CREATE TABLE people (id bigserial PRIMARY KEY, name text NOT NULL);\n"
OBSERVE = "-- People.\n-- name: users\nSELECT id::text AS user_id,\n       name AS is_admin\nFROM people ORDER BY id;\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A target folder in order."""
    (tmp_path / "target.toml").write_text(TARGET)
    (tmp_path / "schema.sql").write_text(SCHEMA)
    (tmp_path / "observe.sql").write_text(OBSERVE)
    return tmp_path


def wrong(folder: Path, how: str) -> None:
    """Make the backend do something wrong."""
    file = folder / "target.toml"
    file.write_text(file.read_text().replace('WRONG = "nothing"', f'WRONG = "{how}"'))


class BroughtUp:
    """A backend that was brought up, and what it was brought up on."""

    def __init__(self, *, target: ProcessTarget, site: Site) -> None:
        self.target = target
        self.site = site

    def events(self) -> list[Event]:
        return self.site.recorder.events

    def log(self) -> str:
        return self.site.log.read_text()


@contextmanager
def brought_up(folder: Path) -> Iterator[BroughtUp]:
    """The backend of a target folder, up; everything is gone afterwards."""
    with ExitStack() as stack:
        place = stack.enter_context(workspace())
        choice = read_target(folder)
        server = EmbeddedPostgres(folder=place, now=START, needs=choice.server_needs)
        stack.enter_context(running(server))
        keys = TargetKeys.throw_away()
        server.prepare_template(partial(choice.load_schema, folder=place, clock_file=server.clock_file, keys=keys))
        database = server.clone("staging")
        clock = SimulationClock(start=START, files=(server.clock_file,))
        stack.enter_context(clock.frozen())
        kernel = Kernel(clock)
        recorder = Recorder(clock=clock)
        twin = StripeTwin(
            kernel=kernel, recorder=recorder, injector=Calm(), settings=StripeSettings(), seed=1,
            webhook_secret=keys.stripe_webhook_secret, platform_key=keys.stripe_platform_key,
            publishable_key=keys.stripe_publishable_key, dashboard_key=keys.stripe_dashboard_key,
        )  # fmt: skip
        provider = ScoreProvider(kernel=kernel, recorder=recorder, injector=Calm(), tournaments={}, seed=1)
        network = ExternalNetwork(recorder)
        network.add(choice.stripe_hosts, stripe_app(twin))
        network.add(choice.provider_hosts, provider_app(provider))
        log = place / "backend.log"
        log.touch()
        site = Site(
            server=server, database=database, folder=place, log=log, kernel=kernel, recorder=recorder, seed=1,
            keys=keys, network=network, alerts_host="monitoring.test",
        )  # fmt: skip
        target = choice.bring_up(site)
        stack.callback(target.close)
        yield BroughtUp(target=target, site=site)


def get(stand: BroughtUp, path: str = "/") -> tuple[int, bytes]:
    body, status, _ = run_wsgi_app(stand.target.wsgi, EnvironBuilder(path, "http://platform.test").get_environ())
    return int(status.split()[0]), b"".join(body)


def jobs(stand: BroughtUp) -> JobWatch:
    return stand.target.job_watch(kernel=stand.site.kernel, recorder=stand.site.recorder, is_stopped=lambda _: False)


def edit(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
