"""One call to the service over HTTP, bounded in time, in size and in what it may do."""

import gzip
import json
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from cutloss.credentials import Service
from cutloss.exchange import Exchanged, NoAnswer, exchange

LONGEST_ANSWER = 4 << 20
SUCCESSFUL = range(200, 300)
REFUSED_FOR_GOOD = frozenset({400, 409, 413, 415, 422})
Outcome = Literal["stored", "refused", "unreachable"]


class Answer(NamedTuple):
    """What became of a posted batch.

    Attributes:
        outcome: ``"refused"`` is for good, ``"unreachable"`` is worth another try.
        commands: what the service asks of the training.
        detail: why, where it was not stored.
    """

    outcome: Outcome
    commands: Sequence[Any] = ()
    detail: str = ""


class ServiceError(Exception):
    """The service did not answer a question.

    Args:
        status: its HTTP status, ``None`` where none came.
        detail: its own words.
    """

    def __init__(self, status: int | None, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Reply(NamedTuple):
    """An answer of the service: its JSON, and the reading of its clock as HTTP writes it."""

    data: Any
    date: str | None

    @property
    def epoch(self) -> float | None:
        """The reading of its clock in epoch seconds."""
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - only who compares clocks pays for it

        try:
            return parsedate_to_datetime(self.date).timestamp() if self.date else None
        except ValueError:
            return None


def post_records(service: Service, run: str, batch: dict[str, Any], timeout: float) -> Answer:
    """Post one batch; whatever goes wrong comes back as the answer."""
    body = gzip.compress(json.dumps(batch, separators=(",", ":"), allow_nan=False).encode(), 6)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    try:
        answer = call(service, f"/api/v1/runs/{quote(run, safe='')}/records", timeout, body, headers).data
    except ServiceError as error:
        outcome: Outcome = "refused" if error.status in REFUSED_FOR_GOOD else "unreachable"
        return Answer(outcome, detail=str(error))
    commands = answer.get("commands") if isinstance(answer, dict) else None
    return Answer("stored", commands if isinstance(commands, list) else [])


def call(
    service: Service,
    path: str,
    timeout: float,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Reply:
    """Return the service's JSON answer.

    Raises:
        ServiceError: no answer, an error status, or an answer that is no JSON.
    """
    sent = {"Authorization": f"Bearer {service.token}", "Accept": "application/json", **(headers or {})}
    try:
        answer = exchange(service.url + path, sent, body, timeout, LONGEST_ANSWER)
    except NoAnswer as error:
        raise ServiceError(None, str(error)) from error
    if answer.status not in SUCCESSFUL:
        raise ServiceError(answer.status, _detail(answer))
    try:
        return Reply(json.loads(answer.body), answer.date)
    except ValueError as error:
        raise ServiceError(None, str(error)) from error


def _detail(answer: Exchanged) -> str:
    """Return the words of a problem document, the HTTP status's own where there are none."""
    try:
        problem = json.loads(answer.body)
    except ValueError:
        return answer.reason
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return detail if isinstance(detail, str) else answer.reason
