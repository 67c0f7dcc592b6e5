"""The audit log, for whoever's actions it holds."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.parts import Reader, StoreDep
from app.schemas.actions import AuditResponse
from app.store.facts import AuditFilter

router = APIRouter(tags=["audit"])


@router.get("/audit", response_model=AuditResponse)
def get_audit(
    store: StoreDep,
    caller: Reader,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    run: Annotated[str, Query(max_length=200, description="part of the run's id")] = "",
) -> Any:  # noqa: ANN401 - see response_model
    """List what the caller has done, the newest first."""
    return {"entries": store.audit(limit, offset, AuditFilter(caller.user, run))}
