"""Starts the programs of a backend in its sandbox, and waits until the backend listens."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from simulation.clock_file import open_clock_file
from simulation.environment.clock_library import image_in
from simulation.errors import EnvironmentFault
from simulation.targets.process.executables import is_static_go
from simulation.targets.process.quiescence import namespace_of, status_of
from simulation.targets.process.sandbox import Sandbox
from simulation.targets.process.target_file import JobTable, ProcessTable, TargetFile, fill_in
from simulation.targets.process.values import DATABASE_TCP_PORT, environment_of
from simulation.untrusted import last_lines

_START_STATIC = Path(__file__).with_name("start_static.py")
_LAST_LINES = 5
_MOST_OUTPUT_BYTES = 1 << 30
"""Before a backend has come to rest once; what it prints in between is bounded by :class:`LogTail`."""
_POLL_WALL_SECONDS = 0.02
_IDLE_WALL_SECONDS = 3
"""A start in each of whose last real seconds every program was seen to wait, waits for a timer: one that is under way
has work to do. (One that asks its clock again and again is seen to wait in a twentieth of the looks.)"""
_OUR_PORTS = (53, 80, 443, DATABASE_TCP_PORT)
_SECRETS = ("DATABASE_PASSWORD", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "ADMIN_SECRET", "BREAK_GLASS_SECRET")


@dataclass(kw_only=True)
class Programs:
    """Starts and ends the backend's programs, and knows which process belongs to which."""

    file: TargetFile
    folder: Path
    sandbox: Sandbox
    values: Mapping[str, str]
    clock_file: Path
    variables: Mapping[str, str]
    """Variables for every program; its own variables of the same names win."""
    log: Path
    pause: Callable[[float], object] = time.sleep
    """How to wait for real seconds; once the external services listen, by serving their requests."""
    at_rest: Callable[[], bool] = lambda: False
    """Whether every program waits; of a start that comes to rest before anything listens, a timer is to come first."""
    pass_a_second: Callable[[], None] = lambda: None
    """Lets a simulated second pass."""
    _sessions: dict[str, int] = field(default_factory=dict)
    """Name of a program → its session, as numbered within the sandbox."""
    _known_sessions: dict[int, int] = field(default_factory=dict)
    """Process number → session, of the processes that were asked about last."""

    def start_all(self) -> None:
        """:raises EnvironmentFault: one of them cannot be started."""
        for table in self.file.process:
            self.start(table)

    def kill_all(self) -> None:
        """Kill every program."""
        for table in self.file.process:
            self.sandbox.kill(table.name)

    def start(self, table: ProcessTable) -> None:
        """Its waits end by the real clock, too, until :meth:`wait_until_listening` returns.

        :raises EnvironmentFault: there is no such program or no such folder.
        """
        open_clock_file(self.clock_file).rule_waits(False)
        self._start(table, table.name, self.values)

    def start_replica(self, program: str) -> str:
        """Start a program once more, beside itself; the name under which it runs. It need not listen when this returns.

        :raises EnvironmentFault: it may not run twice.
        """
        table = next(table for table in self.file.process if table.name == program)
        if not table.replica:
            raise EnvironmentFault(
                problem=f"{self.file.place_of(table)}: a fault wants {program} to run twice at once, and nothing says "
                "that it may",
                remedy="write replica = true into its [[process]]",
            )
        name = f"{program}-2"
        with self.in_real_time():
            self._start(table, name, {**self.values, "PORT": str(int(self.values["PORT"]) + 1)})
        return name

    def start_job(self, job: JobTable, name: str) -> None:
        """Start the command of a job that cron starts, under a name of its own; what it prints is in the log.

        :raises EnvironmentFault: there is no such program.
        """
        assert job.run is not None, "cron starts what has a command"
        place = self.file.place("job", self.file.job.index(job), "run")
        self._start_command(job.run, name, self.values, table=self.file.process[0], place=place)

    def _start(self, table: ProcessTable, name: str, values: Mapping[str, str]) -> None:
        place = self.file.place_of(table)
        self._sessions[name] = self._start_command(table.command, name, values, table=table, place=place)

    def _start_command(
        self, command: Sequence[str], name: str, values: Mapping[str, str], *, table: ProcessTable, place: str
    ) -> int:
        """Start a command in the directory and environment of a program; its session."""
        environment = self.environment_of(table, values=values)
        try:
            return self.sandbox.start(
                name,
                command=self.on_the_clock([fill_in(word, dict(values)) for word in command], table, environment),
                directory=self.directory_of(table),
                environment=environment,
                output=self.log,
            )
        except EnvironmentFault as fault:
            raise EnvironmentFault(problem=f"{place}: {fault.problem}", remedy=fault.remedy) from fault

    def environment_of(
        self, table: ProcessTable, *, values: Mapping[str, str] | None = None, timers: bool = True
    ) -> dict[str, str]:
        """See :func:`simulation.targets.process.values.environment_of`; ``values``: others than the run's."""
        return environment_of(
            {**self.variables, **table.environment},
            values=self.values if values is None else values,
            clock_file=self.clock_file,
            timers=timers,
        )

    def on_the_clock(
        self, command: Sequence[str], table: ProcessTable, environment: Mapping[str, str]
    ) -> Sequence[str]:
        """A command as it is started in the directory of a program: most programs load the clock's library, but one in
        Go that is linked statically loads none."""
        path = environment.get("PATH", os.defpath)
        if not is_static_go(command[0], directory=self.directory_of(table), path=path):
            return command
        return [sys.executable, "-I", str(_START_STATIC), str(image_in(self.clock_file.parent)), *command]

    def directory_of(self, table: ProcessTable) -> Path:
        return (self.folder / table.directory).resolve()

    def wait_until_listening(self, *, or_ended: bool = False) -> None:
        """Wait until the first program listens on [web] port.

        :param or_ended: return also when the first program has ended.
        :raises EnvironmentFault: a program ended, or the port did not open in [web] start_seconds.
        """
        with self.in_real_time():
            self._wait_until_listening(or_ended=or_ended)

    @contextmanager
    def in_real_time(self) -> Iterator[None]:
        """Within this block nobody moves the clock: what programs wait for comes by the real one, too."""
        clock = open_clock_file(self.clock_file)
        clock.rule_waits(False)
        try:
            yield
        finally:
            clock.rule_waits(True)

    def _wait_until_listening(self, *, or_ended: bool) -> None:
        second = time.monotonic()
        deadline = second + self.file.web.start_seconds
        rested, idle_seconds = False, 0
        while not self._listens():
            if not or_ended:
                self.require_alive()
            elif self.sandbox.ended(self.file.process[0].name) is not None:
                return
            if time.monotonic() > deadline:
                raise self._not_listening()
            self.require_bounded_output()
            rested = rested or self.at_rest()
            if time.monotonic() > second + 1:
                idle_seconds = idle_seconds + 1 if rested else 0
                if idle_seconds >= _IDLE_WALL_SECONDS:
                    self.pass_a_second()
                second, rested = time.monotonic(), False
            self.pause(_POLL_WALL_SECONDS)

    def _not_listening(self) -> EnvironmentFault:
        instead = listening_ports(self.sandbox.init_pid, ours=_OUR_PORTS)
        return EnvironmentFault(
            problem=f"{self.file.place('web', 'port')}: port {self.file.web.port} never opened within "
            f"{self.file.web.start_seconds} real seconds; somebody listens on "
            f"{', '.join(map(str, instead)) or 'no port at all'}; the program's last words: {self.last_words()}",
            remedy="make it listen on ${PORT} and on 127.0.0.1; give it longer by [web] start_seconds if it is slow",
        )

    def require_alive(self) -> None:
        """:raises EnvironmentFault: a program has ended."""
        for table in self.file.process:
            ended = self.sandbox.ended(table.name)
            if ended is not None:
                raise EnvironmentFault(
                    problem=f"{self.file.place_of(table)}: the program {table.name!r} ended with status {ended}; its "
                    f"last words: {self.last_words()}",
                    remedy="start it by hand with this command; does it lack a variable of [process.environment]?",
                )

    def belongs(self, pid: int) -> bool:
        """Whether a process, by its number outside the sandbox, is one of the backend's."""
        return pid != self.sandbox.init_pid and namespace_of(pid) == self.sandbox.namespace

    def with_timers(self, pids: Iterable[int]) -> list[int]:
        """Those of ``pids`` whose program has timers that matter (``timers`` in target.toml), or is unknown."""
        without = {self._sessions[table.name] for table in self.file.process if not table.timers}
        self._known_sessions = {pid: self._known_sessions.get(pid) or _session_of(pid) for pid in pids}
        return [pid for pid, session in self._known_sessions.items() if session not in without]

    def require_bounded_output(self) -> None:
        """:raises EnvironmentFault: the backend prints without end."""
        if self.log.stat().st_size > _MOST_OUTPUT_BYTES:
            raise EnvironmentFault(
                problem=f"{self.file.name} has printed more than {_MOST_OUTPUT_BYTES >> 20} MiB without a rest, "
                f"at last: {self.last_words()}",
                remedy="does one of its programs print in a loop?",
            )

    def last_words(self) -> str:
        said = " | ".join(last_lines(self.log, _LAST_LINES)) or "none"
        for name in _SECRETS:
            said = said.replace(self.values[name], f"${{{name}}}")
        return said

    def pid_of(self, table: ProcessTable) -> int:
        """Process number of a program in the harness's own count. Raises ``ProcessLookupError`` when it has ended."""
        for entry in os.listdir("/proc"):
            if entry.isdigit() and self.belongs(int(entry)):
                inside = (status_of(int(entry)).get("NSpid") or "0").split()[-1]
                if int(inside) == self._sessions[table.name]:
                    return int(entry)
        raise ProcessLookupError(table.name)

    def table_of(self, pid: int) -> ProcessTable | None:
        """The program that a process is, or that started it; None for a process of no program."""
        session = self._known_sessions.get(pid) or _session_of(pid)
        return next((table for table in self.file.process if self._sessions.get(table.name) == session), None)

    def _listens(self) -> bool:
        try:
            self.sandbox.connect(self.file.web.port).close()
        except OSError:
            return False
        return True


def _session_of(pid: int) -> int:
    """Session of a process as numbered within the sandbox; 0 when it has ended."""
    return int((status_of(pid).get("NSsid") or "0").split()[-1])


_LISTENING = "0A"


def listening_ports(pid: int, *, ours: Collection[int]) -> list[int]:
    """TCP ports on which a program listens in the network namespace of a process, without those of the harness."""
    found: set[int] = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text(encoding="utf-8").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, local, _, state = line.split()[:4]
            if state == _LISTENING:
                found.add(int(local.rpartition(":")[2], 16))
    return sorted(found - set(ours))
