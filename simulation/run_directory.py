"""What a run leaves on disk: ``reports/<scenario>/<started>-seed<N>/`` and the link ``latest`` beside it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from simulation.clock import wall_now
from simulation.errors import EnvironmentFault

DEFAULT_OUT = Path("reports")


@dataclass(frozen=True, kw_only=True)
class RunDirectory:
    path: Path

    @property
    def history(self) -> Path:
        return self.path / "history.jsonl"

    @property
    def scenario(self) -> Path:
        return self.path / "scenario.yaml"

    @property
    def faults(self) -> Path:
        return self.path / "faults.json"

    @property
    def platform_log(self) -> Path:
        return self.path / "platform.log"

    @property
    def alerts_test(self) -> Path:
        """The run's scrapes and alerts as ``promtool test rules`` reads them."""
        return self.path / "alerts.test.yml"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @classmethod
    def create(cls, *, out: Path, scenario: str, seed: int) -> RunDirectory:
        """A new folder named by the wall clock; a counter follows the name should it be taken.

        :raises EnvironmentFault: it cannot be written.
        """
        parent = out / scenario
        stem = f"{wall_now():%Y%m%dT%H%M%SZ}-seed{seed}"
        try:
            parent.mkdir(parents=True, exist_ok=True)
            for attempt in range(1, 1000):
                path = parent / (stem if attempt == 1 else f"{stem}-{attempt}")
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
                _point_latest(parent, path)
                return cls(path=path)
        except OSError as error:
            raise EnvironmentFault(
                problem=f"cannot write the run's folder under {parent}: {error.strerror or error}",
                remedy="name a folder that is writable and has room: --out DIR",
            ) from error
        raise EnvironmentFault(
            problem=f"no free name for a run under {parent}", remedy="name another folder: --out DIR"
        )


def _point_latest(parent: Path, path: Path) -> None:
    """Replace the link atomically, so that two runs side by side never leave it missing."""
    temporary = parent / f".latest-{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(path.name, target_is_directory=True)
    os.replace(temporary, parent / "latest")
