"""The platform's requests to Stripe against Stripe's own description of its API, as stripe-mock implements it.

The twin is our code and may share a mistake with the platform; stripe-mock is independent of both
(fixtures/spec/stripe.md, stripe-mock).
"""

from __future__ import annotations

from dataclasses import dataclass

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.keys import NO_KEYS, Keys
from simulation.events import RequestShape, ShapeAnswer, StripeCall, StripeContract

SDK_API_VERSION = "2026-10-28.endive"
MOCK_API_VERSIONS = {"v0.203.0": "2026-08-26.dahlia"}
"""stripe-mock's version → the API version it applies to every request; stripe-mock itself does not report it."""


@dataclass(frozen=True, kw_only=True)
class Skew:
    """A parameter that stripe-mock's API version lacks and the SDK's has: a refusal because of it is no finding."""

    method: str
    path: str
    parameter: str


KNOWN_SKEW: tuple[Skew, ...] = ()
"""Empty: the builtin platform sends no parameter on which the two versions differ."""


@check("Stripe's own description of its API accepts the shape of every request the platform made")
def stripe_contract(case: Case, inquiry: Inquiry) -> None:
    contracts = case.events(StripeContract)
    if not contracts:
        inquiry.leave_unverified("no stripe-mock stood behind the twin")
        return
    contract = contracts[-1]
    if not contract.judge:
        inquiry.leave_unverified(contract.problem)
        return
    if len(contract.answers) != len(contract.shapes):
        raise CannotTell(f"{contract.judge} judged {len(contract.answers)} of {len(contract.shapes)} shapes")
    for shape, answer in zip(contract.shapes, contract.answers, strict=True):
        inquiry.examine()
        if answer.status >= 400 and not _is_known(shape):
            _find(case, inquiry, contract, shape, answer)
    if not contract.shapes:
        inquiry.nothing_needed("the platform made no request to Stripe")


def _find(case: Case, inquiry: Inquiry, contract: StripeContract, shape: RequestShape, answer: ShapeAnswer) -> None:
    example = next((event for event in case.history.events if event.seq == shape.example_seq), None)
    inquiry.find(
        f"{shape.method} {shape.path}",
        f"Stripe would refuse this request: {answer.complaint}",
        keys=Keys(stripe_request_id=example.request_id) if isinstance(example, StripeCall) else NO_KEYS,
        expected=f"a request that {contract.judge} accepts{_skew(contract.judge)}",
        actual=", ".join(shape.parameters) or "no parameters",
        events=(example, contract),
    )


def _skew(judge: str) -> str:
    speaks = next((api for version, api in MOCK_API_VERSIONS.items() if version in judge.split()), "another version")
    return f" (it speaks {speaks}, the SDK {SDK_API_VERSION})"


def _is_known(shape: RequestShape) -> bool:
    names = {parameter.partition(":")[0] for parameter in shape.parameters}
    return any(
        (skew.method, skew.path) == (shape.method, shape.path) and skew.parameter in names for skew in KNOWN_SKEW
    )
