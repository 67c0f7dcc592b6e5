"""The JSON API under ``/api/v1``."""

from fastapi import APIRouter

from app.api import actions, audit, history, job_actions, job_logs, questions, runs, service
from app.api.problems import PROBLEMS

router = APIRouter(prefix="/api/v1", responses=PROBLEMS)
for part in (questions, runs, history, actions, job_actions, job_logs, audit):
    router.include_router(part.router)

service_router = service.router

__all__ = ["router", "service_router"]
