"""Questions to the service, and what may come instead of an answer."""

import json
from enum import IntEnum
from typing import Any
from urllib.parse import quote, urlencode

from cutloss.credentials import CredentialsError, Purpose, find_service
from cutloss.environment import Environ
from cutloss.transport import ServiceError, call

TIMEOUT_SECONDS = 30.0


class Exit(IntEnum):
    """How the command ends."""

    ANSWERED = 0
    PROBLEM = 1
    USAGE = 2
    NO_SUCH_RUN = 3
    NO_SERVICE = 4
    NO_ACCESS = 5
    SERVICE_ERROR = 6


MEANINGS = {
    Exit.ANSWERED: "answered",
    Exit.PROBLEM: "answered, but there is no estimate, a check failed, or the service declined",
    Exit.USAGE: "wrong usage",
    Exit.NO_SUCH_RUN: "there is no such run",
    Exit.NO_SERVICE: "no service is known or reached",
    Exit.NO_ACCESS: "the service does not accept the token",
    Exit.SERVICE_ERROR: "the service failed",
}
BY_STATUS = {
    400: Exit.USAGE,
    409: Exit.PROBLEM,
    422: Exit.USAGE,
    401: Exit.NO_ACCESS,
    403: Exit.NO_ACCESS,
    404: Exit.NO_SUCH_RUN,
    None: Exit.NO_SERVICE,
}


class NoAnswerError(Exception):
    """The service gave no answer.

    Args:
        exit_code: how the command ends.
        reason: why, in words.
    """

    def __init__(self, exit_code: Exit, reason: str) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


def ask(environ: Environ, *path: str, **query: object) -> dict[str, Any]:
    """Return the service's answer to a ``GET`` below ``/api/v1``.

    Raises:
        NoAnswerError: no service, no access, no such run, or an answer that is none.
    """
    parameters = urlencode({name: value for name, value in query.items() if value is not None})
    return _answer(environ, "read", f"{_below_api(path)}{'?' * bool(parameters)}{parameters}", None, {})


def tell(
    environ: Environ, body: object, *path: str, purpose: Purpose = "operate", key: str | None = None
) -> dict[str, Any]:
    """Return the service's answer to a ``POST`` below ``/api/v1``.

    Args:
        environ: the environment.
        body: what is sent, as JSON.
        path: parts of the path.
        purpose: which token it needs.
        key: what makes a repeated call the same call.

    Raises:
        NoAnswerError: as of ``ask``; a call that the service refuses is wrong usage.
    """
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    return _answer(environ, purpose, _below_api(path), json.dumps(body).encode(), headers)


def _below_api(path: tuple[str, ...]) -> str:
    return "/api/v1/" + "/".join(quote(part, safe="") for part in path)


def _answer(
    environ: Environ, purpose: Purpose, path: str, body: bytes | None, headers: dict[str, str]
) -> dict[str, Any]:
    try:
        answer = call(find_service(environ, purpose), path, TIMEOUT_SECONDS, body, headers).data
    except CredentialsError as error:
        raise NoAnswerError(Exit.NO_SERVICE, str(error)) from error
    except ServiceError as error:
        raise NoAnswerError(BY_STATUS.get(error.status, Exit.SERVICE_ERROR), str(error)) from error
    if not isinstance(answer, dict):
        raise NoAnswerError(Exit.SERVICE_ERROR, f"the answer is {answer!r}; expected an object")
    return answer
