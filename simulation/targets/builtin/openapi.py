"""The OpenAPI document of the staging platform, from what its endpoints declare."""

from __future__ import annotations

import json
import sys
from typing import Any

from simulation.staging.platform import Platform
from simulation.staging.settings import Settings

Document = dict[str, Any]


def document() -> Document:
    """What the application says of itself; nothing is connected for it."""
    nowhere = Settings(
        environment="test",
        database_url="postgresql+psycopg://nobody@/nothing?host=/nowhere",
        stripe_api_key="",
        stripe_webhook_secret="",
        admin_jwt_secret="",
        provider_base_url="https://provider.test",
    )
    told: Document = Platform(nowhere, log=lambda _line: None, documented=True).wsgi.api_doc
    return told


def text() -> str:
    """As it is committed: every map in alphabetical order."""
    return json.dumps(document(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
