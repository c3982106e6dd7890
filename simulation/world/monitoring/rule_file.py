"""The form of Prometheus' rule files, held by pydantic: which keys there are and what may stand there.

https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/ and recording_rules/.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_LABEL_NAME = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
_DURATION = re.compile(r"0|(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
_UNIT_SECONDS = (365 * 86400.0, 7 * 86400.0, 86400.0, 3600.0, 60.0, 1.0, 0.001)
_METRIC_NAME = r"^[a-zA-Z_:][a-zA-Z0-9_:]*$"


def _seconds(text: Any) -> float:
    found = _DURATION.fullmatch(text) if isinstance(text, str) and text else None
    if found is None:
        raise ValueError(f"{text!r} is no duration such as 5m or 1h30m")
    return sum(int(number) * unit for number, unit in zip(found.groups(), _UNIT_SECONDS, strict=True) if number)


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has line breaks or control characters")
    return text


def _whole(seconds: float) -> float:
    if seconds % 1:
        raise ValueError("an interval here has whole seconds, which is what the simulated clock has")
    return seconds


Seconds = Annotated[float, BeforeValidator(_seconds)]
_Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
_Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
_LabelName = Annotated[str, Field(pattern=_LABEL_NAME)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, value: Any) -> Any:
        """A key without a value is as if it were not there."""
        if isinstance(value, dict):
            return {key: one for key, one in value.items() if one is not None}
        return value


class AlertingRule(_Model):
    """An alert. ``labels`` and ``annotations`` are templates, in the file's order."""

    alert: _Name
    expr: str = Field(min_length=1)
    hold_seconds: Seconds = Field(default=0.0, alias="for")
    keep_firing_seconds: Seconds = Field(default=0.0, alias="keep_firing_for")
    labels: dict[_LabelName, _Text] = Field(default_factory=dict)
    annotations: dict[_LabelName, _Text] = Field(default_factory=dict)


class RecordingRule(_Model):
    """A series that is calculated and kept under a name of its own."""

    record: str = Field(pattern=_METRIC_NAME)
    expr: str = Field(min_length=1)
    labels: dict[_LabelName, _Text] = Field(default_factory=dict)


class Group(_Model):
    """Rules that are evaluated together, one after the other."""

    name: _Name
    interval_seconds: Annotated[Seconds, AfterValidator(_whole)] | None = Field(default=None, alias="interval")
    rules: list[dict[str, Any]] = Field(default_factory=list)
