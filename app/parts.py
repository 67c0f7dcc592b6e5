"""The parts of the service that handlers ask for, wired once in ``app.main``."""

from typing import Annotated

from fastapi import Depends, Request

from app.actions import Actions
from app.alerts.desk import AlertDesk
from app.auth import Caller, require
from app.job_actions import JobActions
from app.job_logs import JobLogs
from app.plans import Plans
from app.pool import Pool
from app.store import Store


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def _plans(request: Request) -> Plans:
    plans: Plans = request.app.state.plans
    return plans


def _pool(request: Request) -> Pool:
    pool: Pool = request.app.state.pool
    return pool


def _actions(request: Request) -> Actions:
    actions: Actions = request.app.state.actions
    return actions


def _job_actions(request: Request) -> JobActions:
    actions: JobActions = request.app.state.job_actions
    return actions


def _job_logs(request: Request) -> JobLogs:
    logs: JobLogs = request.app.state.job_logs
    return logs


def _alerts(request: Request) -> AlertDesk:
    alerts: AlertDesk = request.app.state.alerts
    return alerts


StoreDep = Annotated[Store, Depends(_store)]
PlansDep = Annotated[Plans, Depends(_plans)]
PoolDep = Annotated[Pool, Depends(_pool)]
ActionsDep = Annotated[Actions, Depends(_actions)]
JobActionsDep = Annotated[JobActions, Depends(_job_actions)]
JobLogsDep = Annotated[JobLogs, Depends(_job_logs)]
AlertsDep = Annotated[AlertDesk, Depends(_alerts)]
Reader = Annotated[Caller, Depends(require("read"))]
Operator = Annotated[Caller, Depends(require("operate"))]
