"""``python -m simulation.proof.campaign.lone``: lives the cases that stand on its standard input, one a line.

A worker of a cluster has threads and timers that must not see the simulated time: its runs are in a process beside it.
For each line, a :class:`Task` as JSON, there is one on standard output, an :class:`Answer`.
"""

from __future__ import annotations

import base64
import io
import os
import signal
import sys
import tarfile
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from simulation.environment.process import die_with_parent
from simulation.proof.campaign.coverage import Reach, ReachRow
from simulation.proof.campaign.live import live
from simulation.proof.campaign.result import Case, Result, Timed


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Task(_Row):
    """What to live, and with what."""

    case: Case
    environment: str
    target: Path | None
    required: tuple[str, ...] = ()


class Answer(_Row):
    """:param kept: the run's folder as a tar archive in base64; empty where it is not kept."""

    result: Result
    reach: ReachRow
    wall_seconds: float
    kept: str

    def unpacked(self, folder: Path) -> Timed:
        """The result, its run's folder below the campaign's."""
        if self.kept:
            with tarfile.open(fileobj=io.BytesIO(base64.b64decode(self.kept))) as archive:
                archive.extractall(folder, filter="data")
        return Timed(result=self.result, reach=Reach.from_row(self.reach), wall_seconds=self.wall_seconds)


def lived(task: Task) -> Answer:
    """Live one case in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="simulate-campaign-") as name:
        folder = Path(name)
        timed = live(
            task.case,
            folder=folder,
            environment=task.environment,
            target=task.target,
            required=task.required,
        )
        return Answer(
            result=timed.result,
            reach=timed.reach.as_row(),
            wall_seconds=timed.wall_seconds,
            kept=_packed(folder, timed.result.folder),
        )


def _packed(folder: Path, name: str) -> str:
    if not name:
        return ""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(folder / name, arcname=name)
    return base64.b64encode(packed.getvalue()).decode()


def main() -> None:
    """Until standard input ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(signal.SIGTERM)()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # whatever else is printed is no answer
        for line in sys.stdin:
            answers.write(lived(Task.model_validate_json(line)).model_dump_json() + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
