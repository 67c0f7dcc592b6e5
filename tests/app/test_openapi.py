"""The OpenAPI document, and the service held to it."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.auth import issue
from app.main import create_app
from app.settings import Settings

AT_LEISURE = examples(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
NOT_HELD = [positive_data_acceptance]
"""A schema cannot say that columns have one length or that ids differ: such calls are refused, rightly."""


class Started:
    """An application that runs already: who wants to start it once more is told that it is done."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer requests; a second start would leave the threads of the first with nobody to stop them."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield a running application."""
    folder = tmp_path_factory.mktemp("openapi")
    app = create_app(Settings(state=folder, spool=(folder / "spool",), scheduler="none", user="ada"))
    loop = asyncio.new_event_loop()
    lifespan = app.router.lifespan_context(app)
    loop.run_until_complete(lifespan.__aenter__())
    yield app
    loop.run_until_complete(lifespan.__aexit__(None, None, None))
    loop.close()


def test_document_tells_of_problems(application: Any) -> None:
    """Every operation of the API tells that it answers errors with problem documents."""
    document = application.openapi()
    untold = [
        (path, method)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if path.startswith("/api/") and "422" not in operation["responses"]
    ]
    assert [] == untold
    assert "Problem" in document["components"]["schemas"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_service_does_what_it_says(application: Any) -> None:
    """No call makes the service fail, and every answer is of the kind and form described."""
    token = issue(application.state.store, "ada", "operate", time.time())
    headers = {"Authorization": f"Bearer {token}"}
    schema = schemathesis.openapi.from_dict(application.openapi())
    schema.app = Started(application)
    tried = 0
    for found in schema.get_all_operations():

        @AT_LEISURE
        @given(case=found.ok().as_strategy())
        def check(case: Any) -> None:
            case.call_and_validate(headers=headers, base_url="http://127.0.0.1", excluded_checks=NOT_HELD)

        check()
        tried += 1
    assert tried >= 18
