"""What an operator has besides the platform: a backup location with its key, a checkout, environment files."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from simulation.environment.git import git
from simulation.paths import RELEASES_FOLDER, SCHEMA_SNAPSHOT
from simulation.world.operator.credentials import file_variable, write_auth_file

HOSTING_PATH = "/hosting"
"""Path of the hosting provider's control API, at the same address as the platform."""
_LONG_AGO = "2026-01-01T00:00:00Z"
"""Date of the checkout's only commit: its hash is in the transcript, and must be the same in every run."""

_NOBODYS_GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
"""Signing, hooks and templates of the caller's configuration would fail the commit or change its hash."""


def hosting_variables(url: str, *, token: str, folder: Path) -> dict[str, str]:
    """The shell variables for that API: its URL, the token, and a file in ``folder`` with the header to send."""
    file = folder / "hosting.auth"
    write_auth_file(file, token)
    return {"HOSTING_API_URL": url, "HOSTING_API_TOKEN": token, file_variable("HOSTING_API_TOKEN"): str(file)}


def equip(folder: Path, *, tasks: bool) -> dict[str, str]:
    """Make the operator's files in ``folder``; returns the variables that runbooks use. Their values are in no record.

    :param tasks: whether the scenario has operational tasks, which need a checkout and a release's environment files.
    """
    backups, key = folder / "backups", folder / "backup.key"
    backups.mkdir(mode=0o700)
    key.touch(mode=0o600)
    key.write_text(secrets.token_urlsafe(32) + "\n")
    variables = {"BACKUP_DIR": str(backups), "BACKUP_KEY_FILE": str(key)}
    return {**variables, **_release(folder), **_checkout(folder)} if tasks else variables


def _release(folder: Path) -> dict[str, str]:
    """The release that is rehearsed, and the variables of staging and production with throw-away secrets."""
    files = {}
    for where, kind in (("staging", "test"), ("production", "live")):
        file = files[where] = folder / f"{where}.env"
        file.touch(mode=0o600)
        file.write_text(
            f"PLATFORM_ENV={where}\n"
            f"DATABASE_URL=postgresql://platform@{where}-db/platform\n"
            f"STRIPE_API_KEY=sk_{kind}_{secrets.token_hex(12)}\n"
            f"STRIPE_WEBHOOK_SECRET=whsec_{secrets.token_hex(16)}\n"
            f"ADMIN_JWT_SECRET={secrets.token_hex(32)}\n"
            f"INGESTION_ENDPOINT_URL=https://{where}.provider.test\n"
        )
    return {
        "RELEASE_FILE": str(RELEASES_FOLDER / "rehearsal.yaml"),
        "STAGING_ENV_FILE": str(files["staging"]),
        "PRODUCTION_ENV_FILE": str(files["production"]),
    }


def _checkout(folder: Path) -> dict[str, str]:
    """A checkout of the staging branch, as far as the schema snapshot goes; without git it has no history."""
    checkout = folder / "checkout"
    checkout.mkdir(mode=0o700)
    shutil.copy(SCHEMA_SNAPSHOT, checkout)
    if git("init", "--quiet", folder=checkout, variables=_NOBODYS_GIT) is not None:
        git("add", ".", folder=checkout, variables=_NOBODYS_GIT)
        git(
            "-c", "user.name=ops", "-c", "user.email=ops@platform.test", "commit", "--quiet", "-m", "staging",
            folder=checkout,
            variables={**_NOBODYS_GIT, "GIT_AUTHOR_DATE": _LONG_AGO, "GIT_COMMITTER_DATE": _LONG_AGO},
        )  # fmt: skip
    return {"CHECKOUT": str(checkout), "SNAPSHOT_FILE": str(checkout / SCHEMA_SNAPSHOT.name)}
