"""The one place where images are named: pinned, on loopback only, without a secret."""

from __future__ import annotations

import re

import pytest
import yaml

from simulation.environment.compose_file import images, published_ports
from simulation.paths import COMPOSE_FILE

SERVICES = yaml.safe_load(COMPOSE_FILE.read_text())["services"]


def test_images_are_pinned_to_a_minor_version() -> None:
    assert re.fullmatch(r"postgres:\d+\.\d+-\w+", images().postgres)
    assert re.fullmatch(r"stripe/stripe-mock:v\d+\.\d+\.\d+", images().stripe_mock)
    assert images().stripe_mock_version == images().stripe_mock.partition(":")[2]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_reached_on_loopback_only(service: str) -> None:
    assert [port.startswith("127.0.0.1:") for port in SERVICES[service]["ports"]] == [True]
    assert "network_mode" not in SERVICES[service]


def test_no_secret_stands_in_it() -> None:
    """``passwords.sh`` makes them inside the container; its path is all that speaks of them."""
    assert not re.search("password|secret|sk_", str(SERVICES).replace("passwords.sh", ""), re.IGNORECASE)


def test_ports_can_be_moved_out_of_the_way() -> None:
    assert published_ports({}) == [55432, 12111]
    assert published_ports({"SIMULATE_POSTGRES_PORT": "6000"}) == [6000, 12111]
