"""The stateless endpoints: numbers in, answer out."""

from typing import Any

from fastapi import APIRouter

from app.api.comparing import comparison_answer
from app.api.presenting import forecast_answer
from app.early_stops import stop_of_call
from app.json_body import JsonRoute
from app.parts import PlansDep, PoolDep, Reader
from app.questions import RunCurve, compare_query, inside
from app.schemas.answers import CompareResponse
from app.schemas.compare import CompareRequest
from app.schemas.eta import EtaRequest, EtaResponse
from app.schemas.forecast import ForecastRequest, ForecastResponse
from app.wire import to_wire
from planner.eta import eta
from planner.forecast import forecast
from planner.report import compare

router = APIRouter(tags=["questions"], route_class=JsonRoute)


@router.post("/forecast", response_model=ForecastResponse)
async def ask_forecast(request: ForecastRequest, pool: PoolDep, _: Reader) -> Any:  # noqa: ANN401 - see response_model
    """Say what losses curves will reach, and when."""
    return await pool.run(lambda: _forecasts(request))


@router.post("/eta", response_model=EtaResponse)
async def ask_eta(request: EtaRequest, pool: PoolDep, _: Reader) -> Any:  # noqa: ANN401 - see response_model
    """Say when runs end."""
    return await pool.run(lambda: _etas(request))


@router.post("/compare", response_model=CompareResponse)
async def ask_compare(request: CompareRequest, pool: PoolDep, plans: PlansDep, caller: Reader) -> Any:  # noqa: ANN401 - see response_model
    """Say whether to continue, or to cancel, fix and relaunch."""
    return await pool.run(lambda: _comparison(request, plans.curves_of(caller.user)))


def _forecasts(request: ForecastRequest) -> dict[str, Any]:
    answers = []
    for index, curve in enumerate(request.curves):
        with inside(f"/curves/{index}"):
            found = forecast(request.query(index))
            answers.append(forecast_answer(curve.id, found, curve.kind, curve.total_steps))
    return {"forecasts": answers}


def _etas(request: EtaRequest) -> dict[str, Any]:
    answers = []
    for index, run in enumerate(request.runs):
        with inside(f"/runs/{index}"):
            query = run.to_query(request.levels)
            stop = stop_of_call(query, run.validations.loss if run.validations else None)
            answers.append({"id": run.id, **to_wire(eta(query)), "early_stopping": to_wire(stop)})
    return {"etas": answers}


def _comparison(request: CompareRequest, run_curve: RunCurve) -> dict[str, Any]:
    query = compare_query(request, run_curve)
    return comparison_answer(compare(query), query.scenarios, request.scenarios)
