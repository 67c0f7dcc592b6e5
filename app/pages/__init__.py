"""The pages: what the service knows, written for people."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.pages.actions_page import router as actions_router
from app.pages.alerts_page import router as alerts_router
from app.pages.calibration_page import router as calibration_router
from app.pages.fix_outcomes import router as fixes_router
from app.pages.job_action_page import router as job_action_router
from app.pages.logs_page import router as logs_router
from app.pages.plan_page import router as plan_router
from app.pages.preferences import router as preferences_router
from app.pages.problem_page import error_page
from app.pages.relaunch import router as relaunch_router
from app.pages.report_page import router as report_router
from app.pages.run import router as run_router
from app.pages.runs import router as runs_router
from app.pages.streams import router as streams_router

__all__ = ["error_page", "router"]

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
for _pages in (
    runs_router, streams_router, run_router, relaunch_router, job_action_router, report_router, plan_router,
    actions_router,
    alerts_router, calibration_router, fixes_router, preferences_router, logs_router,
):  # fmt: skip
    router.include_router(_pages)
