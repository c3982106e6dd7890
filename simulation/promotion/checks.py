"""The seven checks, in the specification's order. Each yields problems as lines of text; none means it passed."""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from simulation.documents.text import read_text
from simulation.environment.git import git, is_committed
from simulation.errors import UsageError
from simulation.paths import OPENAPI, ROOT, SCHEMA_SNAPSHOT
from simulation.promotion.compatibility import breaking_changes
from simulation.promotion.release import Release, major
from simulation.promotion.separation import Variables, ingestion_problems, stripe_problems
from simulation.promotion.snapshot import fresh_schema, without_header
from simulation.targets.builtin import openapi, provider_url_from
from simulation.untrusted import plain_object

_MOST_LINES = 20
_MOST_BYTES = 1 << 26
"""Of a schema or an OpenAPI document."""
_PASSED = re.compile(r"\b([1-9]\d*) passed\b")


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """The input of the checks."""

    folder: Path
    """The folder of the release file."""
    release: Release
    staging: Variables
    production: Variables
    snapshot: Path = SCHEMA_SNAPSHOT
    openapi: Path = OPENAPI
    api_base_url: str = ""
    """Address of the platform whose metrics feed the dashboards; empty when not known."""
    deployed_schema: Callable[[], str] = fresh_schema
    """Gives the ``pg_dump`` of the deployed schema."""


@dataclass(frozen=True, kw_only=True)
class PromotionCheck:
    name: str
    says: str
    look: Callable[[Promotion], Iterator[str]]
    remedy: str


def _schema(promotion: Promotion) -> Iterator[str]:
    expected = without_header(promotion.snapshot.read_text()).splitlines()
    yield from _differences(expected, without_header(promotion.deployed_schema()).splitlines())


def _openapi(promotion: Promotion) -> Iterator[str]:
    yield from _differences(promotion.openapi.read_text().splitlines(), openapi.text().splitlines())


def _differences(committed: list[str], actual: list[str]) -> Iterator[str]:
    lines = difflib.unified_diff(committed, actual, "committed", "actual", lineterm="", n=0)
    for number, line in enumerate(lines):
        if number == _MOST_LINES:
            yield "…"
            return
        yield line


def _compatibility(promotion: Promotion) -> Iterator[str]:
    release = promotion.release
    previous = _of_previous(promotion, "openapi.json", OPENAPI)
    if previous is None:
        yield f"the API of {release.previous} is not known: no tag and no folder of that name has an openapi.json"
        return
    changes = changes_between(previous, promotion.openapi.read_text(), place=f"openapi.json of {release.previous}")
    if changes and major(release.version) > major(release.previous) and release.mobile_app_updated:
        return
    yield from changes


def changes_between(previous: str, current: str, *, place: str) -> list[str]:
    """What breaks clients of the previous release, by the two OpenAPI documents.

    :param place: of the previous one, for messages.
    :raises UsageError: it is no such document.
    """
    try:
        return breaking_changes(plain_object(previous), plain_object(current))
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise UsageError(
            place=place,
            problem=f"is no OpenAPI document that can be compared: {type(error).__name__}: {error}",
            remedy="take the file that the previous release was made with",
        ) from error


def _of_previous(promotion: Promotion, name: str, committed: Path) -> str | None:
    """A file's text in the previous release: from its git tag, else from the folder named like it; None: neither."""
    tag = promotion.release.previous
    shown = git("show", f"refs/tags/{tag}:{committed.relative_to(ROOT)}", folder=ROOT)
    if shown is not None:
        return shown
    file = promotion.folder / tag / name
    return read_text(file, kind="an OpenAPI document", most_bytes=_MOST_BYTES) if os.path.isfile(file) else None


def _stripe(promotion: Promotion) -> Iterator[str]:
    return stripe_problems(promotion.staging, promotion.production)


def _ingestion(promotion: Promotion) -> Iterator[str]:
    yield from ingestion_problems(promotion.staging, promotion.production)
    for where, variables in (("staging", promotion.staging), ("production", promotion.production)):
        try:
            selected = provider_url_from(variables)
        except KeyError as missing:
            yield f"the platform does not start with the variables of {where}: {missing} is missing"
            continue
        if selected != variables.get("INGESTION_ENDPOINT_URL"):
            yield f"the platform started with the variables of {where} would ask another provider"


def _tests(promotion: Promotion) -> Iterator[str]:
    command = [sys.executable if word == "python" else word for word in promotion.release.tests]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    except OSError as error:
        yield f"{promotion.release.tests[0]}: {error.strerror}"
        return
    if done.returncode:
        yield f"{' '.join(promotion.release.tests)}: exit code {done.returncode}"
        yield from (done.stdout + done.stderr).strip().splitlines()[-_MOST_LINES:]
    elif not _PASSED.search(done.stdout):
        yield f"{' '.join(promotion.release.tests)}: no test passed"


def _checklist(promotion: Promotion) -> Iterator[str]:
    release = promotion.release
    procedure = promotion.folder / release.rollback_procedure
    if not os.path.isfile(procedure) or "## Rollback" not in read_text(procedure, kind="a page"):
        yield f"rollback procedure: {release.rollback_procedure} is not there, or has no section Rollback"
    snapshot = promotion.folder / release.rollback_snapshot
    if not os.path.isfile(snapshot) or "CREATE TABLE" not in read_text(
        snapshot, kind="a schema", most_bytes=_MOST_BYTES
    ):
        yield f"rollback snapshot: {release.rollback_snapshot} is not there, or is no schema"
    elif not is_committed(snapshot):
        yield f"rollback snapshot: {release.rollback_snapshot} is not committed as it stands"
    yield from _dashboards(promotion)


def _dashboards(promotion: Promotion) -> Iterator[str]:
    if not promotion.api_base_url:
        yield "dashboards: API_BASE_URL is not set, so nobody can say whether their metrics arrive"
        return
    try:
        page = httpx.get(f"{promotion.api_base_url}/metrics", timeout=10).raise_for_status().text
    except httpx.HTTPError as error:
        yield f"dashboards: the platform's metrics cannot be read: {type(error).__name__}"
        return
    names = {re.split(r"[{ ]", line)[0] for line in page.splitlines() if line and not line.startswith("#")}
    for metric in promotion.release.dashboards:
        if metric not in names:
            yield f"dashboards: the platform does not report {metric}"


CHECKS = (
    PromotionCheck(
        name="schema", says="the staging schema is the committed snapshot", look=_schema,
        remedy="investigate the drift; then 'simulate snapshot end'",
    ),
    PromotionCheck(
        name="openapi", says="the OpenAPI document is regenerated and committed", look=_openapi,
        remedy="make openapi, commit, and promote what is merged",
    ),
    PromotionCheck(
        name="compatibility", says="no breaking change since the previous release", look=_compatibility,
        remedy="take it back; or raise the major version and note who confirmed the mobile app's update",
    ),
    PromotionCheck(
        name="stripe", says="Stripe's keys and secrets of staging and production are apart", look=_stripe,
        remedy="do not promote; mend the environment files",
    ),
    PromotionCheck(
        name="ingestion", says="staging and production ask different score providers", look=_ingestion,
        remedy="do not promote; mend the environment files",
    ),
    PromotionCheck(
        name="tests", says="all tests pass", look=_tests, remedy="mend it in staging; do not promote broken code"
    ),
    PromotionCheck(
        name="checklist", says="rollback, dashboards and on-call are in place", look=_checklist,
        remedy="complete the release file and what it names",
    ),
)  # fmt: skip
