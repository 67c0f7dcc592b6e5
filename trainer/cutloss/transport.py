"""One call to the service over HTTP, bounded in time, in size and in what it may do."""

import gzip
import http.client
import json
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from cutloss.credentials import Service, is_loopback

LONGEST_ANSWER = 4 << 20
LONGEST_DETAIL = 64 << 10
REFUSED_FOR_GOOD = frozenset({400, 409, 413, 415, 422})
UNREACHABLE = (URLError, OSError, http.client.HTTPException, ValueError)
"""Name and connection failures, TLS, time-outs, and answers that are no HTTP or no JSON."""

Outcome = Literal["stored", "refused", "unreachable"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a posted batch.

    Attributes:
        outcome: ``"refused"`` is for good, ``"unreachable"`` is worth another try.
        commands: what the service asks of the training.
        detail: why, where it was not stored.
    """

    outcome: Outcome
    commands: list[Any] = field(default_factory=list)
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


class _NoRedirect(HTTPRedirectHandler):
    """Follow no redirect: it would carry the token to another address."""

    def redirect_request(self, *_details: object) -> None:
        """Refuse; the redirect's status then comes back as the answer."""


class Reply(NamedTuple):
    """An answer of the service: its JSON, and the epoch seconds of its clock."""

    data: Any
    date: float | None


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
    authorization = {"Authorization": f"Bearer {service.token}", "Accept": "application/json"}
    request = Request(service.url + path, body, {**authorization, **(headers or {})})  # noqa: S310 - credentials only pass http and https
    try:
        with _opener(service).open(request, timeout=timeout) as response:
            return Reply(json.loads(response.read(LONGEST_ANSWER)), _epoch(response.headers.get("Date")))
    except HTTPError as error:
        with error:
            raise ServiceError(error.code, _detail(error)) from error
    except UNREACHABLE as error:
        raise ServiceError(None, str(error) or type(error).__name__) from error


def _epoch(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None


def _opener(service: Service) -> OpenerDirector:
    # A site's proxy never leads to this machine's own loopback.
    proxies = ProxyHandler({}) if is_loopback(service.url) else ProxyHandler()
    return build_opener(_NoRedirect, proxies)


def _detail(error: HTTPError) -> str:
    """Return the words of a problem document, the HTTP status's own where there are none."""
    try:
        problem = json.loads(error.read(LONGEST_DETAIL))
    except UNREACHABLE:
        return error.reason
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return detail if isinstance(detail, str) else error.reason
