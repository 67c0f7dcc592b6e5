"""Every error the service can answer with: one table from error to HTTP status, one form on the wire."""

import json
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

LONGEST_ARRAY = 3
"""Items of an array that is shown whole: a pair, a milestone."""

MOST_SENTENCES = 3
"""Fields named in the detail."""

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


class BusyError(Exception):
    """As much goes on already as the service can bear."""


STATUS: Mapping[type[Exception], HTTPStatus] = {
    UnauthorizedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    BadEncodingError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    BusyError: HTTPStatus.SERVICE_UNAVAILABLE,
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
    "json_invalid": "valid JSON, nested less than 200 deep ({error})",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "list_type": "an array",
    "tuple_type": "an array",
    "too_short": "an array of at least {min_length}",
    "too_long": "an array of at most {max_length}",
    "string_type": "a text",
    "string_too_short": "a text of at least {min_length} characters",
    "string_too_long": "a text of at most {max_length} characters",
    "string_pattern_mismatch": "a text that matches {pattern}",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number that is not so long",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "literal_error": "{expected}",
    "union_tag_invalid": "one of {expected_tags}",
    "union_tag_not_found": "this field",
}
"""What would have been taken, by pydantic's type of error; types of ours bring their own words."""


class FieldError(BaseModel):
    """One field that was not accepted."""

    pointer: str = Field(
        description="JSON pointer of the field, or /path/NAME, /query/NAME, /header/NAME of a parameter"
    )
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


def shown(value: object, depth: int = 1) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value as it may be shown back: JSON that is short and finite.

    Args:
        value: what was found.
        depth: how many levels of pairs are shown whole.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value if not isinstance(value, int) or abs(value) < 10**LONGEST_VALUE else "a very long number"
    if isinstance(value, Mapping):
        return f"an object with {len(value)} {'field' if len(value) == 1 else 'fields'}"
    if isinstance(value, list | tuple) and (len(value) > LONGEST_ARRAY or not depth):
        return f"an array of {len(value)}"
    if isinstance(value, list | tuple):
        return [shown(item, depth - 1) for item in value]
    return str(value)[:LONGEST_VALUE].encode(errors="replace").decode()


def sentence(error: FieldError) -> str:
    """Return one refused field as a sentence: where, what was found, what was expected."""
    found = (
        "missing" if error.expected == EXPECTED["missing"] else json.dumps(error.value, ensure_ascii=False)
    )
    return f"{error.pointer or 'The body'} is {found}; expected {error.expected}"


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
    named = field_errors(error)
    if named:
        return ". ".join(sentence(item) for item in named[:MOST_SENTENCES]) + "."
    return str(error) or type(error).__doc__ or ""


def _of_pydantic(item: Mapping[str, Any], body: object) -> FieldError:
    where, *place = item["loc"]
    kind, context = item["type"], item.get("ctx", {})
    in_body = where == "body"
    pointer = _pointer(place, body, kind == "missing") if in_body else f"/{where}/{place[0]}"
    cause = context.get("error")
    if isinstance(cause, InvalidInputError):  # a validator of ours: its pointer starts at its model
        return FieldError(pointer=pointer + cause.pointer, value=shown(cause.value), expected=cause.expected)
    value = _input(item)
    if kind.startswith("union_tag"):
        tag = context["discriminator"].strip(_QUOTE)
        pointer, value = f"{pointer}/{tag}", _child(value, tag)
    if in_body and not place and kind == "missing":
        return FieldError(pointer="", value=None, expected="a JSON object")
    words = EXPECTED.get(kind)
    expected = words.format_map(_in_words(context)) if words else item["msg"].removeprefix("Value error, ")
    return FieldError(pointer=pointer, value=None if value is _ABSENT else shown(value), expected=expected)


def _in_words(context: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: str(value).replace(_QUOTE, '"') for name, value in context.items()}


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
