"""The world that the platform calls: Stripe and the score provider, with the faults planned for them."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.assembly.foundation import Ground
from simulation.faults.injector import PlannedInjector
from simulation.faults.subjects import Registry
from simulation.world.provider.provider import ScoreProvider
from simulation.world.stripe.twin import StripeTwin

PROVIDER_URL = "https://scores.provider.test"


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The world that the platform calls."""

    registry: Registry
    injector: PlannedInjector
    twin: StripeTwin
    provider: ScoreProvider


def bring_outside(ground: Ground) -> Outside:
    """Make twin and provider. How the platform's clients reach them is up to the target."""
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
        names=request.target.labels,
    )
    provider = ScoreProvider(
        kernel=ground.kernel,
        recorder=ground.recorder,
        injector=injector,
        tournaments=request.scenario.tournaments,
        seed=request.seed,
        base_url=PROVIDER_URL,
    )
    return Outside(registry=registry, injector=injector, twin=twin, provider=provider)
