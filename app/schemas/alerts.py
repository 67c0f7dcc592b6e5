"""What a person chooses of alerts, and what the service says of them."""

import re
from datetime import time
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    SecretStr,
    StrictBool,
    WithJsonSchema,
    model_validator,
)

from app.i18n import LANGUAGES, SOURCE_LANGUAGE
from app.schemas.base import Answer, Probability, Request
from app.schemas.numbers import number, whole
from app.words import zone
from planner.errors import InvalidInputError

CLOCK_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
SHORTEST_URL, LONGEST_URL = 4, 2_000
HIDDEN = "(not shown)"
MOST_MESSAGES = 1_000

RuleName = Literal[
    "verdict",
    "limit",
    "loss_broken",
    "loss_rising",
    "overfitting",
    "silence",
    "slow_steps",
    "target",
    "ended",
]
DeliveryState = Literal["pending", "sent", "failed"]


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise InvalidInputError("", value, f"one of {', '.join(LANGUAGES)}")
    return value


def _zone(value: str) -> str:
    if value and zone(value) is None:
        raise InvalidInputError("", value, "a name such as Europe/Zurich")
    return value


def _address(value: object) -> SecretStr:
    """Keep an address hidden from its first moment: what is refused is not repeated either."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str) or not SHORTEST_URL <= len(text) <= LONGEST_URL:
        raise InvalidInputError("", HIDDEN, f"a text of {SHORTEST_URL} to {LONGEST_URL} characters")
    return SecretStr(text.strip())


ClockTime = Annotated[str, Field(pattern=CLOCK_TIME, max_length=5)]
Factor = Annotated[float, number("a number from 2 to 10000", ge=2, le=10_000)]
Percent = Annotated[float, number("percent from 5 to 1000", ge=5, le=1_000)]
Messages = Annotated[int, whole(1, MOST_MESSAGES)]
Address = Annotated[
    SecretStr,
    PlainValidator(_address),
    WithJsonSchema(
        {
            "type": "string", "format": "password", "writeOnly": True, "minLength": SHORTEST_URL,
            "maxLength": LONGEST_URL, "description": "an apprise URL, such as mailtos://…",
        }
    ),
]  # fmt: skip


class RuleSwitches(Request):
    """Which rules may tell something."""

    verdict: StrictBool = True
    limit: StrictBool = True
    loss_broken: StrictBool = True
    loss_rising: StrictBool = True
    overfitting: StrictBool = True
    silence: StrictBool = True
    slow_steps: StrictBool = True
    target: StrictBool = True
    ended: StrictBool = True


class QuietHours(Request):
    """When nothing is sent; what came meanwhile is sent at their end, as one message."""

    start: ClockTime = "22:00"
    end: ClockTime = "07:00"
    alarms_pass: Annotated[
        StrictBool, Field(description="send at once that a loss is broken or a run has failed")
    ] = True

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.start == self.end:
            raise InvalidInputError("/end", self.end, "another time than start")
        return self

    @property
    def bounds(self) -> tuple[time, time]:
        """Start and end as clock times."""
        return time.fromisoformat(self.start), time.fromisoformat(self.end)


class AlertSettings(Request):
    """What one person wants to be told of, and when; what is absent is the default."""

    rules: RuleSwitches = RuleSwitches()
    silence_factor: Annotated[
        Factor, Field(description="silence: so many times the usual interval between records")
    ] = 10.0
    slower_percent: Annotated[Percent, Field(description="slow_steps: by how much steps take longer")] = 30.0
    limit_probability: Annotated[
        Probability, Field(description="limit: below this chance to end in time")
    ] = 0.5
    runs: Annotated[
        str,
        Field(
            max_length=200, description="names or ids of runs, with * and ?, separated by commas; empty: all"
        ),
    ] = ""
    language: Annotated[str, Field(max_length=10), AfterValidator(_language)] = SOURCE_LANGUAGE
    time_zone: Annotated[
        str, Field(max_length=64, description="IANA name; empty: the service's own"), AfterValidator(_zone)
    ] = ""
    quiet: QuietHours | None = None
    messages_per_hour: Annotated[
        Messages, Field(description="a channel gets no more; what is over comes together later")
    ] = 12

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of names and ids; none: every run counts."""
        return tuple(part for part in re.split(r"\s*,\s*", self.runs.strip()) if part)


class ChannelFields(Request):
    """A channel to add; the address holds secrets and is never shown again."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    url: Address


class MuteFields(Request):
    """Whether alerts of a run are kept back."""

    muted: StrictBool


class SendOutcome(Answer):
    """What came of handing a message to a channel; ``error`` holds no part of the address."""

    at: float
    ok: bool
    seconds: float
    error: str | None


class ChannelAnswer(Answer):
    """A channel, its address masked."""

    id: str
    name: str
    kind: str
    shown: str
    created: float
    tested: SendOutcome | None


class DeliveryAnswer(Answer):
    """How far an alert has come on one channel."""

    channel: str
    name: str
    state: DeliveryState
    tries: int
    next_try: float | None
    sent_at: float | None
    error: str | None


class AlertAnswer(Answer):
    """One alert, in the words of the person's language."""

    id: int
    run: str
    rule: RuleName
    is_alarm: bool
    at: float
    due: float
    title: str
    text: str
    deliveries: list[DeliveryAnswer]


class AlertsResponse(Answer):
    """Alerts, the newest first."""

    alerts: list[AlertAnswer]


class AlertSettingsAnswer(AlertSettings):
    """The choices as they stand, with the channels and the muted runs."""

    channels: list[ChannelAnswer]
    muted_runs: list[str]
    may_change_channels: bool
