"""How another terminal finds a running session: a file in its workspace, readable by its owner only."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from simulation.environment.workspace import PREFIX, candidate_roots, is_held
from simulation.errors import UsageError

_NAME = "staging.json"


class Session(BaseModel):
    """The addresses of a session, and the variables of a shell in it. Holds throw-away secrets: never log it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variables: dict[str, str]
    """Set in the shell: API_BASE_URL, ADMIN_TOKEN and so on."""
    clock_variables: dict[str, str] = {}
    """Set in the shell so that its programs see the simulated clock; empty in a session on the wall clock."""
    programs: Path
    """Folder that comes first in the shell's PATH."""

    def write(self, folder: Path) -> None:
        """Write the file into the workspace."""
        file = folder / _NAME
        file.touch(mode=0o600)
        file.write_text(self.model_dump_json())


def find_session(*, port: int | None = None) -> Session:
    """The running session; of several the one that was brought up last, or the one whose platform listens at ``port``.

    :raises UsageError: there is none.
    """
    files = [
        file
        for root in candidate_roots()
        for file in sorted(root.glob(f"{PREFIX}*/{_NAME}"))
        if os.access(file, os.R_OK) and is_held(file.parent)
    ]
    sessions = [
        Session.model_validate_json(file.read_text())
        for file in sorted(files, key=lambda file: file.stat().st_mtime_ns)
    ]
    found = [one for one in sessions if port is None or one.variables["API_BASE_URL"].endswith(f":{port}")]
    if not found:
        raise UsageError(
            place="simulate staging shell",
            problem="no staging platform is up" + ("" if port is None else f" at port {port}"),
            remedy="bring one up in another terminal: simulate staging up",
        )
    return found[-1]
