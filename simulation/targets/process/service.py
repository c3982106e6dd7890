"""A backend in processes of its own as a hosting provider runs it: a load balancer before it, stopped and started."""

from __future__ import annotations

from simulation.targets.process.supervisor import Supervisor

_OPERATIONS = ("/api/admin/", "/health", "/metrics")
"""What the load balancer still lets through to an instance that is being drained."""


class ProcessService:
    """See :class:`simulation.targets.protocol.Service`. To stop the programs is to kill them."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self.running = True
        self.instance = 1
        self.draining = False

    def drain(self) -> None:
        self.draining = True

    def admit(self) -> None:
        self.draining = False

    def stop(self) -> None:
        self.running = False
        self._supervisor.stop()

    def start(self) -> None:
        if not self.running:
            self._supervisor.start()
            self.running = True
            self.instance += 1

    def turns_away(self, path: str) -> bool:
        """Whether the load balancer refuses a request to this path."""
        return self.draining and not path.startswith(_OPERATIONS)
