"""Checks that staging and production share no keys, secrets or addresses, from their two environment files.

No message contains a value from these files, since it may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from simulation.documents.text import read_text
from simulation.errors import UsageError

STRIPE = {"STRIPE_API_KEY": ("sk_test_", "sk_live_"), "STRIPE_WEBHOOK_SECRET": ("whsec_", "whsec_")}
"""Variable → required beginning of its value in staging and in production."""
INGESTION = "INGESTION_ENDPOINT_URL"
SELECTOR = "PLATFORM_ENV"

Variables = Mapping[str, str]


def read_env(file: Path) -> Variables:
    """Read the ``NAME=value`` lines of a file; comments and empty lines are skipped.

    :raises UsageError: the file cannot be read, or a line is no assignment; the line is not shown.
    """
    lines = read_text(file, kind="an environment file").split("\n")
    variables: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        if not equals:
            raise UsageError(place=f"{file}:{number}", problem="is no assignment", remedy="write NAME=value")
        variables[name.strip()] = value.strip().strip("'\"")
    return variables


def stripe_problems(staging: Variables, production: Variables) -> Iterator[str]:
    """Check 4: Stripe's keys and secrets differ, and begin as they must."""
    for name, beginnings in STRIPE.items():
        yield from _alike(name, staging, production)
        for where, variables, beginning in zip(
            ("staging", "production"), (staging, production), beginnings, strict=True
        ):
            if variables.get(name) and not variables[name].startswith(beginning):
                yield f"{name} of {where} does not begin with {beginning}"


def ingestion_problems(staging: Variables, production: Variables) -> Iterator[str]:
    """Check 5, as far as the environment files show: different score providers, and https in production."""
    yield from _alike(INGESTION, staging, production)
    hosts = [urlsplit(variables.get(INGESTION, "")).hostname for variables in (staging, production)]
    if hosts[0] is not None and hosts[0] == hosts[1]:
        yield f"{INGESTION} of both names the same host"
    if production.get(INGESTION) and urlsplit(production[INGESTION]).scheme != "https":
        yield f"{INGESTION} of production is not https"
    for where, variables in (("staging", staging), ("production", production)):
        if variables.get(SELECTOR) != where:
            yield f"{SELECTOR} of {where} does not say {where}"


def _alike(name: str, staging: Variables, production: Variables) -> Iterator[str]:
    missing = [where for where, of in (("staging", staging), ("production", production)) if not of.get(name)]
    for where in missing:
        yield f"{name} is missing in {where}"
    if not missing and staging[name] == production[name]:
        yield f"{name} is the same in staging and production"
