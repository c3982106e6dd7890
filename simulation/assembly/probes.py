"""Probes: every clock shows the same second, and revoked access is refused."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import Literal

import psycopg

from simulation.assembly import Simulation
from simulation.environment.causes import fault_of
from simulation.errors import EnvironmentFault
from simulation.events import AccessProbe, ClockProof

_REFUSALS = ("is not permitted to log in", "permission denied for database", "authentication failed", "pg_hba.conf")
"""PostgreSQL's messages when it refuses a login. A server that is down or does not answer has not refused."""
_ANSWER_WALL_SECONDS = 10


def prove_the_clock(sim: Simulation) -> None:
    """Check that kernel, Python, Postgres and the operator's shell show the same second.

    :raises EnvironmentFault: one differs.
    """
    for proof in compare_the_clocks(sim):
        if proof.subject_time != proof.kernel_time:
            raise EnvironmentFault(
                problem=f"{proof.subject} says {proof.subject_time}, the simulation's clock says {proof.kernel_time}",
                remedy="the clock library does not reach it on this machine; 'simulate doctor' tells which is used",
            )


def compare_the_clocks(sim: Simulation) -> list[ClockProof]:
    """Ask Python, Postgres and the shell for the time, and record each next to the kernel's; a check judges those taken
    at the end."""
    kernel_time = sim.kernel.now
    seen: dict[Literal["postgres", "python", "shell"], datetime] = {
        "python": datetime.now(UTC),
        "postgres": datetime.fromisoformat(str(sim.observer.one("SELECT now() AS now")["now"])),
        "shell": _shell_time(sim),
    }
    return [
        sim.recorder.record(ClockProof(subject=subject, kernel_time=kernel_time, subject_time=subject_time))
        for subject, subject_time in seen.items()
    ]


def _shell_time(sim: Simulation) -> datetime:
    done = subprocess.run(
        ["date", "+%s"], capture_output=True, encoding="utf-8", check=True, env=sim.operator.shell_environment()
    )
    return datetime.fromtimestamp(int(done.stdout), tz=UTC)


def probe_access(sim: Simulation, moment: Literal["start", "end"]) -> None:
    """Try every access that must be refused, and the operator's, which must work; record each as ``AccessProbe``."""
    for role, subject in (("founder", "founder_database"), ("superuser", "superuser_database")):
        refused, detail = _database_refuses(sim, role)
        sim.recorder.record(AccessProbe(subject=subject, moment=moment, refused=refused, detail=detail))
    path = sim.target.routes.admin_probe
    if path is None:
        return
    for admin, subject in ((sim.founder_admin, "founder_admin_token"), (sim.ops_admin, "operator_admin_token")):
        with sim.context.acting("monitor"):
            status = sim.get(path, subject=admin.user_id).status_code
        sim.recorder.record(
            AccessProbe(
                subject=subject,
                moment=moment,
                refused=status in (401, 403),
                detail=f"GET {path} answered {status}",
            )
        )


def _database_refuses(sim: Simulation, role: str) -> tuple[bool, str]:
    """Whether the database refuses the role's login, and its message.

    :raises EnvironmentFault: no answer, or an error other than a refusal: then nothing is known.
    """
    try:
        with psycopg.connect(
            sim.database.conninfo(role, application="access-probe"), connect_timeout=_ANSWER_WALL_SECONDS
        ):
            return False, f"role {role} could connect"
    except psycopg.OperationalError as error:
        said = str(error).strip().rsplit("FATAL:", 1)[-1].strip()
        if any(words in said for words in _REFUSALS):
            return True, said
        raise fault_of(
            said,
            what=f"PostgreSQL did not answer the probe of role {role}",
            otherwise="is the machine overloaded, or the server stopped? Run again",
        ) from error
