"""The parts that every other part of a run needs: database, clock, history, workspace, keys."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from simulation.assembly.request import RunRequest
from simulation.clock import Kernel
from simulation.environment.protocol import Database
from simulation.environment.server import PostgresServer
from simulation.history import Recorder
from simulation.targets.protocol import TargetKeys


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The parts of a run that are made first."""

    request: RunRequest
    stack: ExitStack
    folder: Path
    server: PostgresServer
    database: Database
    kernel: Kernel
    recorder: Recorder
    keys: TargetKeys
    log: Path
