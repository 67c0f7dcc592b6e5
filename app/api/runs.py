"""Stored runs: what is known of them, and what follows from it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from app.api.comparing import comparison_answer, verdict_answer
from app.api.presenting import forecasts_of, points_of, run_answer, run_detail
from app.errors import NotFoundError
from app.memory import end_of
from app.parts import ActionsDep, PlansDep, PoolDep, Reader, StoreDep
from app.schemas.answers import CompareResponse
from app.schemas.runs import PointsAnswer, RunDetail, RunEta, RunForecasts, RunsResponse, RunVerdict
from app.views import RunView
from app.wire import to_wire

router = APIRouter(prefix="/runs", tags=["runs"])


async def own_view(
    run_id: str, actions: ActionsDep, plans: PlansDep, pool: PoolDep, caller: Reader
) -> RunView:
    """Return the view of one of the caller's runs, named by its id or its job's."""

    def found() -> RunView | None:
        return plans.view(actions.own_run(caller.user, run_id).id)

    view = await pool.run(found)
    if view is None:
        raise NotFoundError(f"There is no run {run_id[:100]!r}.")
    return view


Limit = Annotated[int, Query(ge=1, le=1_000)]
Offset = Annotated[int, Query(ge=0, le=10**9)]
Search = Annotated[str | None, Query(max_length=200, description="part of an id or name")]


@router.get("", response_model=RunsResponse)
async def get_runs(  # noqa: PLR0913, PLR0917 - query parameters and parts, given by name
    store: StoreDep,
    plans: PlansDep,
    pool: PoolDep,
    caller: Reader,
    limit: Limit = 100,
    offset: Offset = 0,
    query: Search = None,
) -> Any:  # noqa: ANN401 - see response_model
    """List the caller's runs, the one heard of last first."""
    rows = await pool.run(lambda: plans.rows(store.runs(caller.user, limit, offset, query)))
    return {"runs": [run_answer(row) for row in rows]}


@router.get("/{run_id}", response_model=RunDetail)
async def get_run(view: Annotated[RunView, Depends(own_view)]) -> Any:  # noqa: ANN401 - see response_model
    """Say everything of one run but its curves."""
    return run_detail(view)


@router.get("/{run_id}/eta", response_model=RunEta)
async def get_eta(view: Annotated[RunView, Depends(own_view)]) -> Any:  # noqa: ANN401 - see response_model
    """Say when a run ends if it continues; seconds count from ``as_of``.

    Of a run that has ended there is nothing to estimate: refused with reason ``finished``, and ``finished``
    says how it ended.
    """
    ended = {
        "finished": view.run.finished,
        "ended": end_of(view),
        "state": view.state_word,
        "badge": view.badge,
        "limit": to_wire(view.limit),
        "early_stopping": to_wire(view.early_stop),
    }
    return {"id": view.run.id, **to_wire(view.eta), **ended, "as_of": view.as_of}


@router.get("/{run_id}/forecast", response_model=RunForecasts)
async def get_forecast(view: Annotated[RunView, Depends(own_view)]) -> Any:  # noqa: ANN401 - see response_model
    """Say what losses a run will reach: at its end, and when its target."""
    return {
        "forecasts": forecasts_of(view),
        "band_of": view.band_of,
        "band": to_wire(view.band),
        "as_of": view.as_of,
    }


@router.get("/{run_id}/verdict", response_model=RunVerdict)
async def get_verdict(view: Annotated[RunView, Depends(own_view)]) -> Any:  # noqa: ANN401 - see response_model
    """Say whether to continue, or to cancel, fix and relaunch."""
    verdict = verdict_answer(view.comparison.verdict) if view.comparison else None
    standing = {"id": view.run.id, "state": view.state_word, "badge": view.badge}
    return {**standing, "verdict": verdict, "since": view.verdict_since, "as_of": view.as_of}


@router.get("/{run_id}/compare", response_model=CompareResponse)
async def get_compare(view: Annotated[RunView, Depends(own_view)]) -> Any:  # noqa: ANN401 - see response_model
    """Compare going on with the run's relaunch scenario, in the form of ``POST /compare``."""
    if view.comparison is None:
        raise NotFoundError(f"Run {view.run.id} has nothing to compare: it has ended, or has no end.")
    return comparison_answer(view.comparison)


@router.get("/{run_id}/points", response_model=PointsAnswer)
async def get_points(view: Annotated[RunView, Depends(own_view)]) -> Any:  # noqa: ANN401 - see response_model
    """Return a run's curves for a chart; their length is bounded, whatever the run's."""
    return points_of(view)
