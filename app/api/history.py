"""What was said of runs while they went on, and how right it was."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from app.api.runs import own_view
from app.hindsight import calibration_of, history_of
from app.parts import PoolDep, Reader, StoreDep
from app.schemas.history import CalibrationAnswer, HistoryAnswer
from app.views import RunView
from app.wire import to_wire

router = APIRouter(tags=["runs"])


@router.get("/runs/{run_id}/history", response_model=HistoryAnswer)
async def get_history(view: Annotated[RunView, Depends(own_view)], store: StoreDep, pool: PoolDep) -> Any:  # noqa: ANN401 - see response_model
    """Say what was said of a run's end and what was advised, and, where it has ended, what then happened."""
    return to_wire(await pool.run(lambda: history_of(store, view)))


@router.get("/calibration", response_model=CalibrationAnswer)
async def get_calibration(store: StoreDep, pool: PoolDep, caller: Reader) -> Any:  # noqa: ANN401 - see response_model
    """Say how right the ETAs of the caller's finished runs were."""
    found = await pool.run(lambda: calibration_of(store, caller.user))
    return {"etas": to_wire(found)}
