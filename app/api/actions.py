"""What a person may do to a run, from a script."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, status

from app.json_body import JsonRoute
from app.parts import ActionsDep, Operator, PlansDep, Reader
from app.schemas.actions import (
    CommandAnswer,
    CommandFields,
    FixesAnswer,
    FixOutcomeAnswer,
    RelaunchOrder,
    ReplacementAnswer,
)
from app.schemas.compare import RelaunchFields
from app.wire import to_wire

router = APIRouter(tags=["actions"], route_class=JsonRoute)

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="chosen by the caller; the same key does the same thing once",
    ),
]


@router.put("/runs/{run_id}/scenario", status_code=status.HTTP_204_NO_CONTENT)
def put_scenario(run_id: str, scenario: RelaunchFields, actions: ActionsDep, caller: Operator) -> None:
    """Say what relaunch this run is compared with."""
    actions.set_scenario(caller.user, run_id, scenario.model_dump(mode="json", exclude_none=True))


@router.post("/runs/{run_id}/commands", status_code=status.HTTP_202_ACCEPTED, response_model=CommandAnswer)
def post_command(run_id: str, fields: CommandFields, key: Key, actions: ActionsDep, caller: Operator) -> Any:  # noqa: ANN401 - see response_model
    """Ask something of the trainer: a checkpoint, its end, another value."""
    return actions.command(caller.user, run_id, fields, key)


@router.post(
    "/runs/{run_id}/relaunch", status_code=status.HTTP_202_ACCEPTED, response_model=ReplacementAnswer
)
def post_relaunch(run_id: str, order: RelaunchOrder, key: Key, actions: ActionsDep, caller: Operator) -> Any:  # noqa: ANN401 - see response_model
    """Put a corrected job in the place of the running one."""
    return actions.relaunch(caller.user, run_id, order, key)


@router.get("/replacements/{replacement_id}", response_model=ReplacementAnswer)
def get_replacement(replacement_id: str, actions: ActionsDep, caller: Reader) -> Any:  # noqa: ANN401 - see response_model
    """Say how a replacement stands."""
    return actions.replacement(caller.user, replacement_id)


@router.get("/replacements/{replacement_id}/outcome", response_model=FixOutcomeAnswer)
def get_outcome(replacement_id: str, actions: ActionsDep, caller: Reader) -> Any:  # noqa: ANN401 - see response_model
    """Say what was predicted of a relaunch at the click, beside what came of it."""
    return to_wire(actions.outcome(caller.user, replacement_id))


@router.get("/fixes", response_model=FixesAnswer)
def get_fixes(actions: ActionsDep, plans: PlansDep, caller: Reader) -> Any:  # noqa: ANN401 - see response_model
    """Say what was predicted of the caller's relaunches beside what came of them, and what is learned of it.

    ``usual`` is what the next comparison starts from, where nothing else is said.
    """
    usual = plans.habits_of(caller.user)
    return {"fixes": to_wire(actions.outcomes(caller.user)), "usual": to_wire(usual)}


@router.post(
    "/replacements/{replacement_id}/rollback",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=ReplacementAnswer,
)
def post_rollback(replacement_id: str, actions: ActionsDep, caller: Operator) -> Any:  # noqa: ANN401 - see response_model
    """Undo a replacement, as long as the old job has not been told to end."""
    return actions.rollback(caller.user, replacement_id)
