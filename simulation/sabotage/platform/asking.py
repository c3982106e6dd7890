"""Defects of what is asked for again under an Idempotency-Key: done twice, not at all, or for another request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import text

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging import idempotency
from simulation.staging.http import admission

DEFECTS = DefectRegistry("concurrency", scenario="killed_asking")
_STEP = slice(37, 47)
"""Characters of a key that name the step: after the execution, before what it is about."""


@DEFECTS.sabotage("keyed_requests_once", origin="the header is documented, and read nowhere")
def key_is_ignored(patches: Patches) -> None:
    """An acknowledgement whose answer was lost, and which is asked for again under its key, is made twice."""

    def ignore(real: Any) -> Any:
        def begin(connection: Any, key: Any) -> None:
            try:
                real(connection, key)
            except idempotency.AlreadyDone:
                patches.trigger()

        return begin

    patches.replace(idempotency, "begin", ignore)
    patches.replace(idempotency, "_STORE", lambda sql: text(f"{sql.text} ON CONFLICT DO NOTHING"))


@DEFECTS.sabotage("keyed_requests_once", origin="keys are kept by a middleware, in a transaction of its own")
def key_stored_before_its_effect(patches: Patches) -> None:
    """A grant that was broken off before COMMIT is reported as done when it is asked for again, and never is."""

    def early(real: Any) -> Any:
        def begin(connection: Any, key: Any) -> None:
            try:
                real(connection, key)
            except idempotency.AlreadyDone:
                patches.trigger()
                raise
            with connection.engine.begin() as other:
                idempotency.store(other, key, request_id="middleware", result=1)

        return begin

    patches.replace(idempotency, "begin", early)
    patches.replace(idempotency, "_STORE", lambda sql: text(f"{sql.text} ON CONFLICT DO NOTHING"))


@DEFECTS.sabotage("keyed_requests_once", origin="keys that name the step only, and nobody compares the requests")
def key_taken_for_another_request(patches: Patches) -> None:
    """A grant has a key that was there in an earlier execution: it is reported as granted, and is not."""

    def cut(real: Any) -> Any:
        def key_of(key: str, **asked: Any) -> Any:
            patches.trigger()
            return replace(real(key[_STEP], **asked), request_sha256="0" * 64)

        return key_of

    patches.replace(admission, "key_of", cut)
