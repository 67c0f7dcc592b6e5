"""The JSON API under ``/api/v1``."""

from fastapi import APIRouter

from app.api import (
    actions,
    alerts,
    audit,
    curve_files,
    history,
    job_actions,
    job_logs,
    questions,
    relaunch_check,
    runs,
    service,
)
from app.api.problems import PROBLEMS

router = APIRouter(prefix="/api/v1", responses=PROBLEMS)
for part in (
    questions,
    runs,
    history,
    actions,
    curve_files,
    relaunch_check,
    job_actions,
    job_logs,
    alerts,
    audit,
):
    router.include_router(part.router)

service_router = service.router

__all__ = ["router", "service_router"]
