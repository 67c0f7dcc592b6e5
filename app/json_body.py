"""Read the JSON of a request's body: whatever is wrong with it is told in one form.

FastAPI's own reading answers what is nested too deeply, or is no UTF-8, with a bare 400.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.datastructures import MutableHeaders

from app.auth import WHO_ASKS, is_known
from app.errors import UnauthorizedError

LARGE_BODY_BYTES = 1 << 20
"""About ten thousand steps; a larger body is read in a thread, so that it holds up nobody else."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class JsonRoute(APIRoute):
    """A route whose body is JSON, whatever its content type says, as ``curl -d`` says wrongly."""

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler, given a request that reads its JSON strictly."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            scope = {**request.scope, "headers": list(request.scope["headers"])}
            MutableHeaders(scope=scope)["content-type"] = "application/json"
            try:
                return await handle(_JsonRequest(scope, request.receive))
            except RequestValidationError:
                if not is_known(scope):  # the body is read before anybody asks who sends it
                    raise UnauthorizedError(WHO_ASKS) from None
                raise

        return strictly


class _JsonRequest(Request):
    """A request that says where its JSON breaks off."""

    async def json(self) -> Any:  # noqa: ANN401 - any JSON
        """Return the body.

        Raises:
            json.JSONDecodeError: it is no JSON, or nested beyond what is read.
        """
        body = await self.body()
        return _read(body) if len(body) < LARGE_BODY_BYTES else await run_in_threadpool(_read, body)


def parsed(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON of a body, ``None`` where it is none."""
    try:
        return from_json(body)
    except ValueError:
        return None


def _read(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return from_json(body)
    except ValueError as error:
        raise json.JSONDecodeError(str(error), "", 0) from error
