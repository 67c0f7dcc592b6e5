"""Questions to the service, and what may come instead of an answer."""

from enum import IntEnum
from typing import Any
from urllib.parse import quote, urlencode

from cutloss.credentials import CredentialsError, find_service
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
    Exit.PROBLEM: "answered, but there is no estimate, or a check failed",
    Exit.USAGE: "wrong usage",
    Exit.NO_SUCH_RUN: "there is no such run",
    Exit.NO_SERVICE: "no service is known or reached",
    Exit.NO_ACCESS: "the service does not accept the token",
    Exit.SERVICE_ERROR: "the service failed",
}
BY_STATUS = {401: Exit.NO_ACCESS, 403: Exit.NO_ACCESS, 404: Exit.NO_SUCH_RUN, None: Exit.NO_SERVICE}


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
    parts = "/".join(quote(part, safe="") for part in path)
    parameters = urlencode({name: value for name, value in query.items() if value is not None})
    try:
        service = find_service(environ, "read")
        answer = call(service, f"/api/v1/{parts}{'?' * bool(parameters)}{parameters}", TIMEOUT_SECONDS).data
    except CredentialsError as error:
        raise NoAnswerError(Exit.NO_SERVICE, str(error)) from error
    except ServiceError as error:
        raise NoAnswerError(BY_STATUS.get(error.status, Exit.SERVICE_ERROR), str(error)) from error
    if not isinstance(answer, dict):
        raise NoAnswerError(Exit.SERVICE_ERROR, f"the answer is {answer!r}; expected an object")
    return answer
