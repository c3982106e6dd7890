"""What the placeholders of a target.toml stand for in one run, and the environment its programs get."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from simulation.environment.clock_library import clock_environment, library_in
from simulation.environment.protocol import Database
from simulation.targets.process.certificates import Authority
from simulation.targets.process.target_file import TargetFile, fill_in
from simulation.targets.protocol import TargetKeys

PRELOAD_FOLDER = Path(__file__).with_name("preload")
_INHERITED = ("PATH", "HOME", "LANG")
_ROLE = "platform"
DATABASE_TCP_HOST, DATABASE_TCP_PORT = "127.0.0.1", 5432
"""Where a client without Unix sockets finds the database, in the backend's own network."""


STRIPE_KEY_FILE = "STRIPE_KEY_FILE"
"""Who is given it can follow a key that is rolled."""
STRIPE_STANDBY_WEBHOOK_SECRET = "STRIPE_STANDBY_WEBHOOK_SECRET"  # noqa: S105 - the name of a placeholder
"""Who is given it has a second endpoint at Stripe."""


def values_of(
    file: TargetFile,
    *,
    folder: Path,
    database: Database,
    keys: TargetKeys,
    authority: Authority,
    scratch: Path,
    signing_keys: tuple[Path, Path],
    stripe_key: Path,
    alerts_api_url: str,
    runbooks: Path,
) -> dict[str, str]:
    """Placeholder → value. Some are secrets: never print them."""
    password = database.passwords[_ROLE]
    return {
        **seed_values(file, keys),
        "DATABASE_URL": (f"postgresql://{_ROLE}:{password}@/{database.name}?host={database.host}&port={database.port}"),
        "DATABASE_HOST": database.host,
        "DATABASE_PORT": str(database.port),
        "DATABASE_NAME": database.name,
        "DATABASE_USER": _ROLE,
        "DATABASE_PASSWORD": password,
        "DATABASE_TCP_URL": tcp_url(database.name, _ROLE, password),
        "DATABASE_TCP_HOST": DATABASE_TCP_HOST,
        "DATABASE_TCP_PORT": str(DATABASE_TCP_PORT),
        "ALERTS_URL": alerts_api_url,
        "RUNBOOKS": str(runbooks),
        "SIGNING_KEY_FILE": str(signing_keys[0]),
        "REPLICA_KEY_FILE": str(signing_keys[1]),
        STRIPE_KEY_FILE: str(stripe_key),
        "CA_FILE": str(authority.file),
        "TRUST_STORE": str(authority.store),
        "SCRATCH": str(scratch),
        "TARGET": str(folder),
        "PYTHON": sys.executable,
    }


def tcp_url(database: str, role: str, password: str) -> str:
    return f"postgresql://{role}:{password}@{DATABASE_TCP_HOST}:{DATABASE_TCP_PORT}/{database}"


def seed_values(file: TargetFile, keys: TargetKeys) -> dict[str, str]:
    """The placeholders that are known before there is a database of the run, for its rows."""
    return {
        "PORT": str(file.web.port),
        "STRIPE_SECRET_KEY": keys.stripe_platform_key,
        "STRIPE_PUBLISHABLE_KEY": keys.stripe_publishable_key,
        "STRIPE_WEBHOOK_SECRET": keys.stripe_webhook_secret,
        STRIPE_STANDBY_WEBHOOK_SECRET: keys.stripe_standby_webhook_secret,
        "STRIPE_URL": f"https://{file.stripe.hosts[0]}",
        "PROVIDER_URL": f"https://{file.provider.hosts[0]}",
        "ADMIN_SECRET": keys.admin_jwt_secret,
        "BREAK_GLASS_SECRET": keys.admin_break_glass_secret,
    }


def environment_of(
    given: Mapping[str, str], *, values: Mapping[str, str], clock_file: Path, timers: bool = True
) -> dict[str, str]:
    """The environment of one program: its own variables, and those that put it on the simulated clock.

    :param timers: whether its monotonic clock is simulated, too, so that its timers come due when the simulation gets
        there; else they do in real time, as those of a command must, which runs while that clock stands still.
    """
    own = {name: fill_in(text, dict(values)) for name, text in given.items()}
    python_path = ":".join(filter(None, (str(PRELOAD_FOLDER), own.pop("PYTHONPATH", ""))))
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "PYTHONPATH": python_path,
        "PYTHONDONTWRITEBYTECODE": "1",
        **clock_environment(
            library=library_in(clock_file.parent), clock_file=clock_file, monotonic=timers, shared=False
        ),
        **own,
    }
