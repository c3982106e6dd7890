"""What a run leaves on disk: ``reports/<scenario>/<started>-seed<N>/``, and ``latest`` beside it, once it is whole."""

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
                return cls(path=path)
        except OSError as error:
            raise _unwritable(parent, error) from error
        raise EnvironmentFault(
            problem=f"no free name for a run under {parent}", remedy="name another folder: --out DIR"
        )

    def become_latest(self) -> None:
        """Let ``latest`` name this folder, now that all is in it; what a run that broke off leaves hides no good one.

        The link is replaced atomically, so that two runs side by side never leave it missing.

        :raises EnvironmentFault: it cannot be written.
        """
        temporary = self.path.parent / f".latest-{os.getpid()}"
        try:
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(self.path.name, target_is_directory=True)
            os.replace(temporary, self.path.parent / "latest")
        except OSError as error:
            raise _unwritable(self.path.parent, error) from error


def _unwritable(folder: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        problem=f"cannot write the run's folder under {folder}: {error.strerror or error}",
        remedy="name a folder that is writable and has room: --out DIR",
    )
