"""The staging platform as the target that needs no asking for."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

import responses

from simulation.contract.document import Contract
from simulation.contract.file import load_contract
from simulation.events import HostRefused
from simulation.paths import ALERTS_FOLDER, RUNBOOKS_FOLDER, STAGING_TARGET_FOLDER
from simulation.targets.builtin.target import BuiltinTarget, load_schema
from simulation.targets.protocol import Site
from simulation.world.network.in_process import install_provider, install_stripe, refuse_others
from simulation.world.stripe.labels import DOCUMENTED
from simulation.world.stripe.twin import API_URL


class BuiltinChoice:
    """See :class:`simulation.targets.protocol.TargetChoice`."""

    name = BuiltinTarget.name
    option = ""
    runbooks = RUNBOOKS_FOLDER
    alerts = ALERTS_FOLDER
    labels = DOCUMENTED

    @cached_property
    def contract(self) -> Contract:
        return load_contract(STAGING_TARGET_FOLDER)

    def load_schema(self, url: str, *, folder: Path, clock_file: Path) -> None:  # noqa: ARG002 - it needs neither
        load_schema(url)

    def bring_up(self, site: Site) -> BuiltinTarget:
        """The platform's own clients find twin and provider behind ``responses``."""

        def refused(host: str) -> None:
            site.recorder.record(HostRefused(host=host))

        rest = ExitStack()
        network = rest.enter_context(responses.RequestsMock(assert_all_requests_are_fired=False))
        network.add_passthru("http+docker://")  # the Docker client speaks to its engine through requests
        install_stripe(network, site.twin)
        install_provider(network, site.provider)
        refuse_others(
            network,
            known=(API_URL, site.provider.base_url, site.alerts_api_url, "http+docker://"),
            refused=refused,
        )
        log = rest.enter_context(open(site.log, "a"))  # noqa: SIM115 - closed with the rest
        return BuiltinTarget(
            database=site.database,
            clock=site.kernel.clock,
            seed=site.seed,
            keys=site.keys,
            provider_base_url=site.provider.base_url,
            alerts_api_url=site.alerts_api_url,
            log=lambda line: print(line, file=log),
            network=network,
            rest=rest,
            identity=site.folder / "identity",
        )
