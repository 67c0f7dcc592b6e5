"""The application: its parts wired together, nothing else."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from app import api, errors, ingest, pages
from app.actions import Actions
from app.alerts.courier import Courier
from app.alerts.desk import AlertDesk
from app.alerts.lookout import Lookout
from app.alerts.watch import Watch
from app.audit import Audit
from app.auth import Sessions, is_known
from app.compress import Compress
from app.credentials import is_established, prepare_state, signing_secret
from app.fixes import FixBook
from app.guards import BodyLimit, HostCheck, SecurityHeaders, allowed_hosts
from app.job_actions import JobActions
from app.job_extras import ExtrasBook
from app.job_logs import job_logs, spool_folder
from app.links import BasePath
from app.live import Live
from app.memory import Memory
from app.metrics import CountRequests, Metrics
from app.newcomers import Newcomers
from app.openapi import describe
from app.plans import Plans
from app.pool import Pool
from app.queue_book import QueueBook
from app.replace import Replacer
from app.settings import Settings
from app.slurm.detect import scheduler_of
from app.slurm.poller import Poller
from app.spools import Spools
from app.store import Store, open_store
from app.store.facts import JobKey
from app.supervision import Supervision
from app.sweep import Sweep

RUNS_TOLD = 1_000


def create_app(
    settings: Settings, *, login_token: str | None = None, clock: Callable[[], float] = time.time
) -> FastAPI:
    """Return the application; its store and threads live from its start to its end.

    Args:
        settings: the service's settings.
        login_token: token of the link that signs a browser in; ``None``: no such link.
        clock: returns epoch seconds.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        _start(app, settings, clock)
        yield
        _stop(app)

    prepare_state(settings.state)
    app = FastAPI(
        title="cutloss", version="0.1.0", lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url="/api/v1/openapi.json", redirect_slashes=False, strict_content_type=False,
    )  # fmt: skip
    app.state.settings = settings
    app.state.sessions = Sessions(signing_secret(settings.state), login_token, settings.user)
    app.state.live = Live()
    app.state.metrics = Metrics()
    _guard(app, settings)
    _route(app)
    return app


def _guard(app: FastAPI, settings: Settings) -> None:
    """Put the guards before the routes; the one added last comes first."""
    app.add_middleware(BodyLimit, largest_bytes=settings.largest_body_bytes, is_known=is_known)
    app.add_middleware(Compress)
    app.add_middleware(BasePath, base_path=settings.base_path)
    app.add_middleware(HostCheck, allowed=allowed_hosts(settings))
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CountRequests, metrics=app.state.metrics)
    errors.install(app, pages.error_page)


def _route(app: FastAPI) -> None:
    for router in (api.router, ingest.router, pages.router, api.service_router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    bokeh = str(files("bokeh") / "server" / "static")
    app.mount("/bokeh", StaticFiles(directory=bokeh), name="bokeh")
    describe(app)


def _start(app: FastAPI, settings: Settings, clock: Callable[[], float]) -> None:
    state = app.state
    store = state.store = open_store(settings.database)
    state.audit = Audit(store, clock)
    state.pool = Pool(settings.planner_threads)
    _look_out(app, settings, clock)
    state.plans = Plans(store, settings, clock, state.lookout.heed)
    state.scheduler = scheduler_of(settings)
    _start_scheduling(app, settings, clock)
    _start_listening(app, settings, clock)
    state.sweep = Sweep(store, state.plans, Memory(store), clock, settings.sweep_seconds)
    state.sweep.start()
    state.lookout.start()
    state.actions = Actions(
        store=store, replacer=state.replacer, live=state.live, audit=state.audit, clock=clock,
        fixes=FixBook(store, state.plans, clock), checkpoint_wait_seconds=settings.checkpoint_wait_seconds,
    )  # fmt: skip
    state.job_actions = JobActions(
        store=store, scheduler=state.scheduler, replacer=state.replacer, audit=state.audit,
        acted_on=state.actions.acted_on, clock=clock,
        checkpoint_wait_seconds=settings.checkpoint_wait_seconds,
    )  # fmt: skip


def _look_out(app: FastAPI, settings: Settings, clock: Callable[[], float]) -> None:
    """Make what tells people of their runs."""
    state = app.state
    desk = state.alerts = AlertDesk(
        state.store, state.audit, clock, owner=settings.user,
        schemes=settings.alert_schemes, public_url=settings.public_url,
    )  # fmt: skip
    courier = Courier(
        state.store, desk.settings, clock, count=state.metrics.count_alert, public_url=settings.public_url
    )
    watch = Watch(state.store, desk.settings, state.live.publish)
    state.lookout = Lookout(
        state.store, watch, courier, clock, settings.alert_seconds, settings.stale_after_seconds
    )


def _start_listening(app: FastAPI, settings: Settings, clock: Callable[[], float]) -> None:
    """Start to read spools, and to ask about the jobs of processes that were not heard of before."""
    state = app.state

    def wake() -> None:
        if state.poller is not None:
            state.poller.wake()

    def publish(run_id: str) -> None:
        state.live.publish(run_id)
        state.newcomers.heard_of_run(run_id)

    state.newcomers = Newcomers(state.store, wake)

    def may_acknowledge() -> bool:
        return settings.is_at_home or is_established(settings.credentials, state.store, clock())

    folders = (*settings.spool, spool_folder(settings))
    state.spools = Spools(
        state.store, folders, settings.user, clock, publish,
        may_acknowledge=may_acknowledge, shortest_seconds=settings.spool_seconds,
    )  # fmt: skip
    state.spools.start()
    state.job_logs = job_logs(settings, state.store, state.scheduler, clock)
    state.job_logs.start()


def _start_scheduling(app: FastAPI, settings: Settings, clock: Callable[[], float]) -> None:
    """Start what needs a scheduler; replacements that were under way are taken up first."""
    state = app.state
    state.poller, state.replacer, state.extras, state.queues = None, None, None, None
    state.supervision = Supervision(settings.supervise)
    if state.scheduler is None:
        return
    poller = state.poller = Poller(
        state.store, state.scheduler, clock, publish=_job_news(state.store, state.live),
        shortest_seconds=settings.poll_seconds, longest_seconds=settings.poll_longest_seconds,
        calls_per_hour=settings.poll_calls_per_hour,
    )  # fmt: skip

    def publish(run_id: str) -> None:
        state.live.publish(run_id)
        poller.wake()

    state.replacer = Replacer(
        state.store, state.scheduler, clock, publish=publish, supervision=state.supervision
    )
    state.extras = ExtrasBook(state.scheduler, clock, poller.note_call, state.live.publish)
    state.queues = QueueBook(state.store, state.scheduler, state.supervision, clock, poller.note_call)
    state.plans.use_queues(state.queues)
    state.replacer.resume_all()
    poller.start()


def _stop(app: FastAPI) -> None:
    state = app.state
    if state.poller is not None:
        state.poller.stop()
    for part in (
        state.alerts,
        state.sweep,
        state.lookout,
        state.job_logs,
        state.spools,
        state.replacer,
        state.queues,
        state.extras,
        state.scheduler,
        state.pool,
        state.store,
    ):
        if part is not None:
            part.close()


def _job_news(store: Store, live: Live) -> Callable[[Sequence[JobKey]], None]:
    """Return what tells whoever watches a run that its job has changed."""

    def publish(jobs: Sequence[JobKey]) -> None:
        for run in store.runs(limit=RUNS_TOLD):
            if run.job in jobs:
                live.publish(run.id)

    return publish
