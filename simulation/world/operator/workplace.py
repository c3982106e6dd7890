"""What an operator's desk has besides the platform: a backup location with its key, kept for as long as the run."""

from __future__ import annotations

import secrets
from pathlib import Path

HOSTING_PATH = "/hosting"
"""Where the hosting provider's control API is, behind the same door as the platform."""


def hosting_variables(url: str, *, token: str) -> dict[str, str]:
    """How the shell speaks of that API."""
    return {"HOSTING_API_URL": f"{url}{HOSTING_PATH}", "HOSTING_API_TOKEN": token}


def furnish(folder: Path) -> dict[str, str]:
    """Make it in ``folder``; returns the variables by which runbooks speak of it. Their values stand in no record."""
    backups, key = folder / "backups", folder / "backup.key"
    backups.mkdir(mode=0o700)
    key.touch(mode=0o600)
    key.write_text(secrets.token_urlsafe(32) + "\n")
    return {"BACKUP_DIR": str(backups), "BACKUP_KEY_FILE": str(key)}
