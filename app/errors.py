"""Every error the service can answer with: one table from error to HTTP status, one form on the wire."""

import math
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.slurm.scheduler import SchedulerError, SchedulerUnavailableError
from planner.errors import InvalidInputError

PROBLEM_TYPE = "application/problem+json"
LONGEST_VALUE = 200
"""Characters of an offending value that are shown back."""

MOST_ERRORS = 20
"""Fields named in one answer: a column of a million bad entries is not listed whole."""

logger = structlog.get_logger()

ErrorPage = Callable[[Request, int, str, Mapping[str, str]], Response]
"""Renders an error for a browser: request, status, what happened in words, headers to send."""


class UnauthorizedError(Exception):
    """Nobody is known to ask: no token, a wrong one, or no session."""


class ForbiddenError(Exception):
    """Whoever asks is known and may not do this."""


class NotFoundError(Exception):
    """There is no such thing, or it is somebody else's."""


class ConflictError(Exception):
    """The thing is not in a state in which this can be done."""


class TooLargeError(Exception):
    """The body is larger than is taken."""


class BadEncodingError(Exception):
    """The body's content encoding is unknown or broken."""


STATUS: Mapping[type[Exception], HTTPStatus] = {
    UnauthorizedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    BadEncodingError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RequestValidationError: HTTPStatus.UNPROCESSABLE_ENTITY,
    SchedulerUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    SchedulerError: HTTPStatus.CONFLICT,
    Exception: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The nearest class in an error's line of descent decides."""


EXPECTED: Mapping[str, str] = {
    "missing": "this field",
    "extra_forbidden": "no field of this name",
    "json_invalid": "valid JSON",
}
"""Clearer words than pydantic's, by its error type."""


class FieldError(BaseModel):
    """One field that was not accepted."""

    pointer: str = Field(description="JSON pointer of the field, or the name of a path or query parameter")
    value: Any = Field(description="the value found there, shortened where it is long")
    expected: str


class Problem(BaseModel):
    """An RFC 9457 problem document."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


def status_of(error: Exception) -> HTTPStatus:
    """Return the HTTP status of an error by its nearest class in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem(
    status: int, detail: str, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return the response that says what went wrong."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors))
    return JSONResponse(body.model_dump(mode="json"), status, dict(headers or {}), PROBLEM_TYPE)


def field_errors(error: Exception) -> list[FieldError]:
    """Return the fields an error names."""
    if isinstance(error, InvalidInputError):
        return [FieldError(pointer=error.pointer, value=shown(error.value), expected=error.expected)]
    if isinstance(error, RequestValidationError):
        return [_of_pydantic(item, error.body) for item in error.errors()[:MOST_ERRORS]]
    return []


def shown(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value as it may be shown back: JSON that is short and finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value if not isinstance(value, int) or abs(value) < 10**LONGEST_VALUE else "a very long number"
    if isinstance(value, Mapping):
        return f"an object with {len(value)} fields"
    if isinstance(value, list | tuple) and len(value) > 2:  # noqa: PLR2004 - a pair is shown whole
        return f"an array of {len(value)}"
    if isinstance(value, list | tuple):
        return [shown(item) for item in value]
    return str(value)[:LONGEST_VALUE]


def install(app: FastAPI, page: ErrorPage) -> None:
    """Answer every error from the table: a problem document, or a page for a browser outside ``/api``."""

    def answer(request: Request, status: int, detail: str, error: Exception) -> Response:
        headers = dict(getattr(error, "headers", None) or {})
        if status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        if _is_browser(request):
            return page(request, status, detail, headers)
        return problem(status, detail, field_errors(error), headers)

    def expected(request: Request, error: Exception) -> Response:
        return answer(request, status_of(error), _detail(error), error)

    def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return answer(request, status, str(getattr(error, "detail", "")), error)

    def unexpected(request: Request, error: Exception) -> Response:
        logger.error("request_failed", path=request.url.path, error=repr(error), exc_info=error)
        return answer(request, 500, "The service failed at this request; its log says more.", error)

    for kind in STATUS:
        app.add_exception_handler(kind, unexpected if kind is Exception else expected)
    app.add_exception_handler(HTTPException, http)


def _detail(error: Exception) -> str:
    if isinstance(error, RequestValidationError):
        return "; ".join(f"{item.pointer}: expected {item.expected}" for item in field_errors(error)[:3])
    return str(error) or type(error).__doc__ or ""


def _of_pydantic(item: Mapping[str, Any], body: object) -> FieldError:
    where, *place = item["loc"]
    kind, context = item["type"], item.get("ctx", {})
    pointer = _pointer(place, body, kind == "missing") if where == "body" else str(place[0])
    cause = context.get("error")
    if isinstance(cause, InvalidInputError):  # a validator of ours: its pointer starts at its model
        return FieldError(pointer=pointer + cause.pointer, value=shown(cause.value), expected=cause.expected)
    if kind.startswith("union_tag"):
        pointer, value = f"{pointer}/{context['discriminator'].strip(_QUOTE)}", context.get("tag")
        tags = context.get("expected_tags", "the known words")
        return FieldError(pointer=pointer, value=shown(value), expected=f"one of {tags}")
    expected = EXPECTED.get(kind, item["msg"].removeprefix("Value error, ").removeprefix("Input should be "))
    return FieldError(pointer=pointer, value=shown(_input(item)), expected=expected)


def _input(item: Mapping[str, Any]) -> object:
    return None if item["type"] in {"missing", "json_invalid"} else item["input"]


def _pointer(place: Sequence[object], body: object, missing: bool) -> str:
    """Return the JSON pointer of a place, without the names pydantic adds for the branch of a union."""
    pointer = ""
    for depth, part in enumerate(place):
        inside = _child(body, part)
        if inside is not _ABSENT or (missing and depth == len(place) - 1):
            pointer += f"/{_escaped(part)}"
        if inside is not _ABSENT:
            body = inside
    return pointer


def _child(body: object, part: object) -> object:
    if isinstance(body, Mapping):
        return body.get(part, _ABSENT)
    if isinstance(body, list) and isinstance(part, int) and part < len(body):
        return body[part]
    return _ABSENT


_ABSENT = object()
_QUOTE = "'"


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _is_browser(request: Request) -> bool:
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")
