"""Brings up the platform, with an HTTP client whose requests the exchange witness records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from simulation.assembly.external import External
from simulation.assembly.foundation import Ground
from simulation.events import AdminAppointed
from simulation.faults.statements import StatementFaults
from simulation.history import Recorder
from simulation.targets.protocol import Site, Target
from simulation.witness.exchange import PLATFORM_URL, ExchangeContext, ExchangeWitness
from simulation.world.ports import Admin

MONITORING_HOST = "monitoring.provider.test"
TOKEN_TTL_SECONDS = 12 * 3600


@dataclass(frozen=True, kw_only=True)
class Front:
    """The platform, and the HTTP client by which the simulated world calls it."""

    target: Target
    context: ExchangeContext
    exchange: ExchangeWitness
    http: httpx.Client


def bring_front(ground: Ground, external: External) -> Front:
    """Bring up the target, and put the exchange witness between it and the HTTP client."""
    statements = StatementFaults(
        plan=ground.request.plan,
        injector=external.injector,
        now=lambda: ground.kernel.now,
        listener=ground.request.on_statement,
    )
    target = ground.request.target.bring_up(
        Site(
            server=ground.server,
            database=ground.database,
            folder=ground.folder,
            log=ground.log,
            kernel=ground.kernel,
            recorder=ground.recorder,
            seed=ground.request.seed,
            keys=ground.keys,
            network=external.network,
            alerts_host=MONITORING_HOST,
            statements=statements if statements.armed else None,
        )
    )
    ground.stack.callback(target.close)
    context = ExchangeContext()
    exchange = ExchangeWitness(target.wsgi, recorder=ground.recorder, context=context, log=ground.log)
    statements.front = exchange
    http = httpx.Client(transport=httpx.WSGITransport(app=exchange), base_url=PLATFORM_URL)
    ground.stack.enter_context(http)
    return Front(target=target, context=context, exchange=exchange, http=http)


def appoint(front: Front, recorder: Recorder, *, name: str, email: str, role: str) -> Admin:
    """Create an admin as the deployment does, and record ``AdminAppointed``."""
    admin = front.target.create_admin(name=name, email=email, role=role)
    recorder.record(AdminAppointed(user_id=admin.user_id, name=name, email=email, role=role))
    return admin


def token_of(target: Target, admin: Admin) -> Callable[[], str]:
    """A function that returns a new admin token at each call, valid from then on for ``TOKEN_TTL_SECONDS``."""
    return lambda: target.admin_token(subject=admin.user_id, ttl_seconds=TOKEN_TTL_SECONDS)


def break_glass_of(target: Target, admin: Admin) -> Callable[[], str | None]:
    """A function that returns a new break-glass token of the admin; None when the target has no such tokens."""
    return lambda: target.break_glass_token(subject=admin.user_id, ttl_seconds=TOKEN_TTL_SECONDS)
