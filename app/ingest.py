"""Take what reporters send."""

import asyncio
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError

from app.auth import Bearer, Caller, require
from app.errors import ForbiddenError
from app.json_body import LARGE_BODY_BYTES, parsed
from app.records import LONGEST_RUN_ID, OLDER_RUN_ID, RUN_ID, RecordBatch, read_batch
from app.schemas.numbers import saying
from app.store import ForeignRunError, Store
from app.store.facts import Added
from planner.errors import InvalidInputError

MAY_REPORT = require("report")

router = APIRouter(prefix="/api/v1", tags=["records"])


class CommandOut(BaseModel):
    """Something the service asks of the trainer; a note of kind ``command`` answers it."""

    id: str
    command: str
    name: str | None
    value: Any


class Acknowledgement(BaseModel):
    """What became of a batch."""

    acknowledged_seq: int | None = Field(
        description="greatest seq stored of this attempt; null before its first record"
    )
    commands: list[CommandOut] = Field(description="not answered yet; the same until a note answers them")


async def _reporter(request: Request, credentials: Bearer) -> Caller:
    """Check the token without a thread of its own: one look-up, and batches come by the millisecond."""
    return MAY_REPORT(request, credentials)


A_RUN_ID = "a run's id: up to 100 letters, digits, dots, dashes and _, no dot or dash first"
RunId = Annotated[
    str,
    Path(
        pattern=OLDER_RUN_ID,
        max_length=LONGEST_RUN_ID,
        description="the client's choice; a new one has no dot or dash first",
    ),
    saying(A_RUN_ID),
]
Reporter = Annotated[Caller, Depends(_reporter)]


def _without_references(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON schema that stands alone: every reference replaced by what it names."""
    definitions = schema.get("$defs", {})

    def resolved(part: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(part, list):
            return [resolved(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return resolved(definitions[part["$ref"].rpartition("/")[2]])
        return {name: resolved(item) for name, item in part.items() if name != "$defs"}

    flat: dict[str, Any] = resolved(schema)
    return flat


BODY = {
    "required": True,
    "content": {"application/json": {"schema": _without_references(RecordBatch.model_json_schema())}},
}
"""The body is read by hand (one pass over the bytes instead of three), so it is documented by hand."""


@router.post(
    "/runs/{run}/records",
    response_model=Acknowledgement,
    openapi_extra={"requestBody": BODY},
    responses={status: {} for status in (400, 401, 403, 413, 415, 422)},
)
async def post_records(request: Request, run: RunId, caller: Reporter) -> Response:
    """Store a batch of records, each once, in one transaction.

    A record is known by run, attempt and seq: sending it again is harmless. An empty batch is the heartbeat.
    The answer carries the commands that wait for the run.
    """
    store: Store = request.app.state.store
    await _check_id(store, run)
    body = await request.body()
    batch = _read(body) if len(body) < LARGE_BODY_BYTES else await run_in_threadpool(_read, body)
    try:
        added = await asyncio.wrap_future(store.submit(caller.user, run, batch, time.time()))
    except ForeignRunError as error:
        raise ForbiddenError(f"Run {run} belongs to another user.") from error
    request.app.state.live.publish(run)
    request.app.state.newcomers.heard(batch.attempt, in_job=batch.job is not None)
    return _answer(added)


async def _check_id(store: Store, run: str) -> None:
    """Refuse an id of the older form, but let a run go on that has one.

    Raises:
        InvalidInputError: it is no id for a new run.
    """
    if re.match(RUN_ID, run) is None and await run_in_threadpool(store.run, run) is None:
        raise InvalidInputError("/path/run", run, A_RUN_ID)


def _read(body: bytes) -> RecordBatch:
    try:
        return read_batch(body)
    except ValidationError as error:
        items = [{**item, "loc": ("body", *item["loc"])} for item in error.errors(include_url=False)]
        raise RequestValidationError(items, body=parsed(body)) from error


def _answer(added: Added) -> Response:
    commands = [
        {"id": item.id, "command": item.command, "name": item.name, "value": item.value}
        for item in added.pending
    ]
    content = {"acknowledged_seq": added.acknowledged_seq, "commands": commands}
    return Response(orjson.dumps(content), HTTPStatus.OK, media_type="application/json")
