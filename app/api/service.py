"""Whether the service is well, and what it counts."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from app.auth import Caller, require
from app.metrics import CONTENT_TYPE
from app.run_metrics import run_metrics

MOST_RUNS_READ = 500

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
def metrics(request: Request, caller: Annotated[Caller, Depends(require("read"))]) -> Response:
    """Return the service's numbers for Prometheus, and those of the caller's runs that go on."""
    state = request.app.state
    state.metrics.watchers.set(state.live.watched)
    runs = state.store.runs(caller.user, MOST_RUNS_READ)
    rows = state.plans.last_rows([run for run in runs if run.finished is None])
    poller = state.poller.figures() if state.poller is not None else None
    told = run_metrics(rows, poller, state.sweep.figures())
    return Response(state.metrics.text() + told, media_type=CONTENT_TYPE)
