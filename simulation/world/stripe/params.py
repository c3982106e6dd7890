"""The parameters of one request, and Stripe's error answers for wrong ones.

None of these answers is kept for an idempotency key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

from simulation.currency import CURRENCIES, currency_of, in_steps
from simulation.world.stripe.errors import ApiError, JsonObject, Unmodelled, missing
from simulation.world.stripe.form import FormValue

_SECRET_PARAMS = ("client_secret",)
_BOUNDS = ("gt", "gte", "lt", "lte")


class Params:
    """Typed reading of decoded form values; each reader raises :class:`ApiError` naming the parameter."""

    def __init__(self, values: Mapping[str, FormValue]) -> None:
        self._values = values

    def check_names(self, accepted: Collection[str], unmodelled: Collection[str]) -> None:
        """Refuse parameters that Stripe does not know (``parameter_unknown``) and those that the twin does not
        model."""
        for name in self._values:
            if name in unmodelled:
                raise Unmodelled(f"The Stripe twin does not model the parameter {name}", param=name)
            if name not in accepted:
                raise ApiError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)

    def text(self, name: str, *, choices: Collection[str] | None = None) -> str | None:
        """A string, or None where it was not sent."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise ApiError(f"Invalid string: {name}", param=name)
        if not value:
            raise ApiError(f"You passed an empty string for '{name}'.", code="parameter_invalid_empty", param=name)
        if choices is not None and value not in choices:
            raise ApiError(f"Invalid {name}: must be one of {', '.join(sorted(choices))}", param=name)
        return value

    def required_text(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise missing(name)
        return value

    def integer(self, name: str, *, minimum: int = 1) -> int | None:
        """A whole number of at least ``minimum``, or None where it was not sent."""
        value = self.text(name)
        return None if value is None else _integer(name, value, minimum)

    def required_integer(self, name: str, *, minimum: int = 1) -> int:
        value = self.integer(name, minimum=minimum)
        if value is None:
            raise missing(name)
        return value

    def boolean(self, name: str) -> bool | None:
        """``True`` counts as well: Stripe's own package for Python wrote it so up to version 7, and was understood."""
        value = self.text(name)
        if value is not None and value.lower() not in ("true", "false"):
            raise ApiError(f"Invalid boolean: {value}", param=name)
        return None if value is None else value.lower() == "true"

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings, in order; empty where it was not sent."""
        value = self._values.get(name, {})
        if isinstance(value, str) or not all(isinstance(item, str) for item in value.values()):
            raise ApiError("Invalid array", param=name)
        return tuple(str(item) for item in value.values())

    def mapping(self, name: str) -> dict[str, str]:
        """String to string, for ``metadata``; empty values mean "unset" and are dropped."""
        value = self._values.get(name, {})
        if value == "":
            return {}
        if isinstance(value, str) or not all(isinstance(item, str) for item in value.values()):
            raise ApiError(f"Invalid {name}: it must be a hash of strings", param=name)
        return {key: str(item) for key, item in value.items() if item}

    def merged(self, name: str, before: Mapping[str, str]) -> dict[str, str]:
        """What a hash of strings is after this request: names that are not sent stay, an empty value removes one."""
        value = self._values.get(name, {})
        if value == "":
            return {}
        sent = self.mapping(name)
        unset = [key for key, item in value.items() if not item] if not isinstance(value, str) else []
        return {key: text for key, text in {**before, **sent}.items() if key not in unset}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._values)

    def each(self, name: str) -> tuple[Params, ...]:
        """A list of objects, in order; empty where it was not sent."""
        value = self._values.get(name, {})
        if isinstance(value, str) or any(isinstance(item, str) for item in value.values()):
            raise ApiError("Invalid array", param=name)
        return tuple(Params(item) for item in value.values() if not isinstance(item, str))

    def nested(self, name: str) -> Params:
        """The parameters in brackets under ``name``."""
        value = self._values.get(name, {})
        if isinstance(value, str):
            raise ApiError("Invalid object", param=name)
        return Params(value)

    def currency(self, *, before: str | None = None) -> str:
        """``currency``, which is required unless there was one ``before``; in lower case, as Stripe answers it."""
        currency = (self.required_text("currency") if before is None else self.text("currency") or before).lower()
        if len(currency) != 3:
            raise ApiError(f"Invalid currency: {currency}.", param="currency")
        if currency not in CURRENCIES:
            raise Unmodelled(f"The Stripe twin does not model the currency {currency}", param="currency")
        return currency

    def required_amount(self, currency: str) -> int:
        """The required ``amount``, in the smallest unit of the currency."""
        amount = self.required_integer("amount")
        require_steps(amount, currency)
        return amount

    def amount(self, currency: str) -> int | None:
        """``amount``, or None where it was not sent."""
        amount = self.integer("amount")
        if amount is not None:
            require_steps(amount, currency)
        return amount

    def period(self, name: str = "created") -> Period:
        """A filter on time: one instant, or ``[gt] [gte] [lt] [lte]`` in Unix seconds."""
        value = self._values.get(name, {})
        if isinstance(value, str):
            second = _integer(name, value, 0)
            return Period(earliest=second, latest=second)
        bounds = {bound: _integer(f"{name}[{bound}]", str(item), 0) for bound, item in value.items()}
        if unknown := [bound for bound in bounds if bound not in _BOUNDS]:
            raise ApiError(f"Invalid {name}: unknown bound {unknown[0]}", param=name)
        earliest = max(bounds.get("gte", 0), bounds.get("gt", -1) + 1)
        latest = min(bounds.get("lte", Period.END), bounds.get("lt", Period.END) - 1)
        return Period(earliest=earliest, latest=latest)

    def with_other_amount(self) -> Params:
        """The same request for one cent more."""
        amount_cents = self.required_integer("amount") + 1
        return Params({**self._values, "amount": str(amount_cents)})

    def comparable(self) -> JsonObject:
        """All parameters as JSON, to compare requests. It contains secrets: never record it."""
        return {name: _as_json(value) for name, value in self._values.items()}

    def journaled(self) -> JsonObject:
        """All parameters as JSON for the history, without secrets."""
        return {name: "(withheld)" if name in _SECRET_PARAMS else value for name, value in self.comparable().items()}


def require_steps(amount: int, currency: str) -> None:
    """Refuse an amount of three decimals that does not end in 0 (fixtures/spec/stripe.md 29)."""
    if in_steps(amount, currency) != amount:
        step = currency_of(currency).step
        raise ApiError(
            f"Invalid amount: {amount} in {currency} must be divisible by {step}.",
            code="parameter_invalid_integer",
            param="amount",
        )


class Period:
    """A closed interval of whole Unix seconds."""

    END = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())

    def __init__(self, *, earliest: int, latest: int) -> None:
        self._earliest, self._latest = earliest, latest

    def __contains__(self, instant: datetime) -> bool:
        return self._earliest <= instant.timestamp() <= self._latest


def _integer(name: str, value: str, minimum: int) -> int:
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise ApiError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    if int(value) < minimum:
        raise ApiError(
            f"This value must be greater than or equal to {minimum}.", code="parameter_invalid_integer", param=name
        )
    return int(value)


def _as_json(value: FormValue) -> JsonValue:
    if isinstance(value, str):
        return value
    return {name: _as_json(item) for name, item in value.items()}
