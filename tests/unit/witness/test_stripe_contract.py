"""Which requests are of one shape, and that each shape is put to stripe-mock once, as the SDK would encode it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from simulation.environment.stripe_mock import MockAnswer, StripeMock
from simulation.events import StripeCall
from simulation.witness.stripe_contract import judge_contract


class Notebook:
    """Accepts everything and remembers it."""

    detail = "notebook"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, list[tuple[str, str]]]] = []

    def wait_until_up(self) -> None: ...

    def ask(self, method: str, path: str, parameters: Sequence[tuple[str, str]]) -> MockAnswer:
        self.asked.append((method, path, list(parameters)))
        return MockAnswer(status=200, body={})


def call(method: str = "POST", path: str = "/v1/transfers", origin: Any = "platform", **params: Any) -> StripeCall:
    return StripeCall(
        request_id="req_1", origin=origin, method=method, path=path, params=params, status=200, executed=True
    )


def judged(*calls: StripeCall) -> Notebook:
    notebook = Notebook()
    numbered = [one.model_copy(update={"seq": number}) for number, one in enumerate(calls, start=1)]
    contract = judge_contract(numbered, cast(StripeMock, notebook))
    assert len(contract.answers) == len(contract.shapes) == len(notebook.asked)
    return notebook


def test_values_ids_and_metadata_keys_make_no_new_shape() -> None:
    notebook = judged(
        call(amount="100", metadata={"a": "x"}),
        call(amount="250", metadata={"b": "y"}),
        call("GET", "/v1/transfers/tr_1"),
        call("GET", "/v1/transfers/tr_2"),
    )
    assert len(notebook.asked) == 2


def test_another_name_another_kind_of_value_and_another_endpoint_do() -> None:
    notebook = judged(call(amount="100"), call(amuont="100"), call(amount="many"), call(path="/v1/refunds", amount="1"))
    assert len(notebook.asked) == 4


def test_nested_parameters_are_put_in_form_encoding() -> None:
    notebook = judged(call("GET", created={"gte": "5"}, expand={"0": "data", "1": "x"}))
    assert notebook.asked == [
        ("GET", "/v1/transfers", [("created[gte]", "5"), ("expand[0]", "data"), ("expand[1]", "x")])
    ]


def test_only_the_platforms_own_requests_count() -> None:
    assert judged(call(origin="entrant"), call(origin="dashboard")).asked == []


def test_without_stripe_mock_the_shapes_are_told_with_the_remedy() -> None:
    contract = judge_contract([call(amount="1")], None)
    assert contract.shapes[0].parameters == ("amount: integer",)
    assert contract.judge == ""
    assert "make stripe-mock" in contract.problem
