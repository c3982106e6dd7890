"""The world as a backend finds it on its network: Stripe and the score provider, behind their own names and TLS."""

from __future__ import annotations

from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from simulation.targets.process.http_gateway import Inbound, Reply, Reset, Silence
from simulation.world.monitoring import api as monitoring_door
from simulation.world.monitoring.monitor import Monitor
from simulation.world.provider.provider import ProviderTimeout, ScoreProvider
from simulation.world.stripe.errors import CallerKilled, TwinReset, TwinTimeout
from simulation.world.stripe.twin import API_URL, StripeTwin

_WRONG_HOST = 421


class Outside:
    """Answers a backend's requests by the host it believes it talks to.

    :param refused: told of a host that is nobody's here.
    :param kill_backend: ends every program of the backend at once; they are started again later.
    """

    def __init__(
        self,
        *,
        twin: StripeTwin,
        provider: ScoreProvider,
        stripe_hosts: Collection[str],
        provider_hosts: Collection[str],
        monitoring_host: str,
        refused: Callable[[str], None],
        kill_backend: Callable[[], None],
    ) -> None:
        self._twin = twin
        self._provider = provider
        self._stripe_hosts = frozenset(stripe_hosts)
        self._provider_hosts = frozenset(provider_hosts)
        self._monitoring_host = monitoring_host
        self._refused = refused
        self._kill_backend = kill_backend
        self.monitor: Monitor | None = None

    def answer(self, inbound: Inbound) -> Reply:
        """:raises Silence, Reset: the call is lost on its way, there or back."""
        if inbound.host in self._stripe_hosts:
            return self._stripe(inbound)
        if inbound.host in self._provider_hosts:
            return self._feed(inbound)
        if inbound.host == self._monitoring_host and self.monitor is not None:
            return self._alerts(inbound, self.monitor)
        self._refused(inbound.host)
        return Reply(status=_WRONG_HOST)

    def _stripe(self, inbound: Inbound) -> Reply:
        try:
            answer = self._twin.handle(
                method=inbound.method,
                url=f"{API_URL}{inbound.target}",
                headers=inbound.headers,
                body=inbound.body,
            )
        except TwinTimeout as lost:
            raise Silence(sim_seconds=lost.sim_seconds) from lost
        except CallerKilled as lost:
            self._kill_backend()
            raise Reset from lost
        except TwinReset as lost:
            self._twin.clock.advance(lost.sim_seconds)
            raise Reset from lost
        self._twin.clock.advance(answer.sim_seconds)
        return Reply(status=answer.status, headers=answer.headers, body=answer.body)

    def _alerts(self, inbound: Inbound, monitor: Monitor) -> Reply:
        if (inbound.method, urlsplit(inbound.target).path) != ("GET", monitoring_door.ALERTS_PATH):
            return Reply(status=404)
        body = monitoring_door.page(monitor).encode()
        return Reply(status=200, headers={"Content-Type": "application/json"}, body=body)

    def _feed(self, inbound: Inbound) -> Reply:
        if inbound.method != "GET":
            return Reply(status=405)
        try:
            answer = self._provider.handle(path=urlsplit(inbound.target).path, headers=inbound.headers)
        except ProviderTimeout as lost:
            raise Silence(sim_seconds=lost.sim_seconds) from lost
        return Reply(status=answer.status, headers=answer.headers, body=answer.body.encode())
