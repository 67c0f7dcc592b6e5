"""Curves from CSV files: for a question of one's own, or as what a run's fix is expected to do."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, UploadFile

from app.api.runs import own_view
from app.curve_file import LARGEST_BYTES, read_curve
from app.parts import ActionsDep, Operator, PoolDep, Reader
from app.schemas.answers import CurveAnswer
from app.views import RunView

router = APIRouter(tags=["actions"])

CurveFile = Annotated[
    UploadFile,
    File(description=f"CSV with columns step and loss, or step, low and high; {LARGEST_BYTES} bytes"),
]


@router.post("/curves", response_model=CurveAnswer, response_model_exclude_none=True)
async def post_curve(file: CurveFile, pool: PoolDep, _: Reader) -> Any:  # noqa: ANN401 - see response_model
    """Read a CSV file as a scenario's CURVE, to be asked about by ``POST /compare``; nothing is kept."""
    data = await file.read(LARGEST_BYTES + 1)
    return await pool.run(lambda: read_curve(data))


@router.put("/runs/{run_id}/scenario/curve", response_model=CurveAnswer, response_model_exclude_none=True)
async def put_curve(
    view: Annotated[RunView, Depends(own_view)],
    file: CurveFile,
    actions: ActionsDep,
    pool: PoolDep,
    caller: Operator,
) -> Any:  # noqa: ANN401 - see response_model
    """Expect of this run's fix what a CSV file says: it becomes the curve of the run's scenario."""
    data = await file.read(LARGEST_BYTES + 1)

    def kept() -> dict[str, Any]:
        curve = read_curve(data)
        actions.set_scenario(caller.user, view.run.id, {**view.scenario, "curve": curve})
        return curve

    return await pool.run(kept)
