"""The services that the platform calls: Stripe's twin and the score provider, with the faults planned for them."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.assembly.foundation import Ground
from simulation.faults.injector import PlannedInjector
from simulation.faults.subjects import Registry
from simulation.world.entrants.purses import Purses
from simulation.world.network.external import ExternalNetwork
from simulation.world.provider.provider import ScoreProvider, provider_app
from simulation.world.stripe.twin import StripeTwin, stripe_app


@dataclass(frozen=True, kw_only=True)
class External:
    """The services that the platform calls, and the simulated network that routes its calls to them."""

    network: ExternalNetwork
    registry: Registry
    injector: PlannedInjector
    twin: StripeTwin
    provider: ScoreProvider
    purses: Purses
    """What entrants pay by, which faults may change."""


def external_services(ground: Ground) -> External:
    """Put Stripe's twin and the score provider on a network, under the host names that the target calls."""
    request, keys = ground.request, ground.keys
    registry = Registry()
    injector = PlannedInjector(
        plan=request.plan, recorder=ground.recorder, clock=ground.kernel.clock, registry=registry
    )
    twin = StripeTwin(
        kernel=ground.kernel,
        recorder=ground.recorder,
        injector=injector,
        settings=request.scenario.stripe,
        seed=request.seed,
        webhook_secret=keys.stripe_webhook_secret,
        standby_webhook_secret=keys.stripe_standby_webhook_secret,
        platform_key=keys.stripe_platform_key,
        publishable_key=keys.stripe_publishable_key,
        dashboard_key=keys.stripe_dashboard_key,
        integration=request.target.integration.knowing(registry.owners),
    )
    provider = ScoreProvider(
        kernel=ground.kernel,
        recorder=ground.recorder,
        injector=injector,
        tournaments=request.scenario.tournaments,
        seed=request.seed,
        feed=request.target.feed,
    )
    network = ExternalNetwork(ground.recorder)
    network.add(request.target.stripe_hosts, stripe_app(twin))
    network.add(request.target.provider_hosts, provider_app(provider))
    return External(
        network=network, registry=registry, injector=injector, twin=twin, provider=provider, purses=Purses()
    )
