"""The identity service of a run, as far as a platform sees it: its signing key in a file, its replica's in another."""

from __future__ import annotations

from pathlib import Path

from simulation.targets.protocol import TargetKeys


def stripe_key_file(folder: Path, keys: TargetKeys) -> Path:
    """Write the key of Stripe's API where the secret store mounts it, readable by nobody else."""
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / "stripe_api.key"
    file.touch(mode=0o600)
    file.write_text(f"{keys.stripe_platform_key}\n")
    return file


def key_files(folder: Path, keys: TargetKeys) -> tuple[Path, Path]:
    """Write the key where the service and its replica keep it, readable by nobody else."""
    folder.mkdir(mode=0o700, exist_ok=True)
    files = folder / "primary.key", folder / "replica.key"
    for file in files:
        file.touch(mode=0o600)
        file.write_text(f"{keys.admin_jwt_secret}\n")
    return files
