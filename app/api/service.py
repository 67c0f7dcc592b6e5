"""Whether the service is well, and what it counts."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from app.auth import Caller, require
from app.metrics import CONTENT_TYPE

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """The service answers, and so does its store."""

    status: Literal["ok"] = "ok"


@router.get("/healthz")
def healthz(request: Request) -> Health:
    """Say that the service is ready."""
    request.app.state.store.run("")
    return Health()


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request, _: Annotated[Caller, Depends(require("read"))]) -> Response:
    """Return the service's numbers for Prometheus."""
    state = request.app.state
    state.metrics.watchers.set(state.live.watched)
    return Response(state.metrics.text(), media_type=CONTENT_TYPE)
