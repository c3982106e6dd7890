"""What an operator's desk has besides the platform: a backup location with its key, kept for as long as the run."""

from __future__ import annotations

import secrets
from pathlib import Path


def furnish(folder: Path) -> dict[str, str]:
    """Make it in ``folder``; returns the variables by which runbooks speak of it. Their values stand in no record."""
    backups, key = folder / "backups", folder / "backup.key"
    backups.mkdir(mode=0o700)
    key.touch(mode=0o600)
    key.write_text(secrets.token_urlsafe(32) + "\n")
    return {"BACKUP_DIR": str(backups), "BACKUP_KEY_FILE": str(key)}
