"""``/live`` and ``/runs/{id}/live``: what has changed on an open page, as server-sent events.

A ``fragments`` event maps element ids to their new HTML; only what differs from what was sent goes out.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import ExitStack, aclosing, suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.errors import BusyError
from app.live import Live, NoPlaceError
from app.pages.alert_faces import alerts_face
from app.pages.alert_news import AlertNews
from app.pages.run_filter import FilterDep
from app.pages.run_news import AGAIN, Fragments, RunNews
from app.pages.runs import page_of_runs
from app.pages.visit import Visit, VisitDep
from app.parts import ActionsDep, AlertsDep, PlansDep, StoreDep
from app.store.facts import Run

REFRESH_SECONDS = 10.0
"""An open page is looked at anew after this, though nothing came: silence is news, too."""

LIST_PAUSE_SECONDS = 1.0
"""Least time between two looks at the list, however many runs report."""
LIST_SECONDS = 0.25
"""How long rows are computed at each of them."""

RETRY_MILLISECONDS = 2_000


async def _room(request: Request) -> AsyncGenerator[None]:
    """Hold a place for as long as the stream lasts."""
    live: Live = request.app.state.live
    with ExitStack() as places:
        try:
            places.enter_context(live.place())
        except NoPlaceError as error:
            raise BusyError("Very many pages are open; this one is not kept up to date.") from error
        yield


def _own_run(run_id: str, visit: VisitDep, actions: ActionsDep) -> Run:
    """Look for the run before the stream begins: a stream cannot say that there is none."""
    return actions.own_run(visit.user, run_id)


router = APIRouter(dependencies=[Depends(_room)])


@router.get("/runs/{run_id}/live", response_class=EventSourceResponse)
async def stream_run(
    run: Annotated[Run, Depends(_own_run)], visit: VisitDep, actions: ActionsDep, plans: PlansDep
) -> AsyncIterable[ServerSentEvent]:
    """Send what changes on the page of a run."""
    news = RunNews(visit, actions, plans, run.id)
    async for event in changes(visit, run.id, news.look, pause_seconds=0.0):
        yield event


@router.get("/live", response_class=EventSourceResponse)
async def stream_runs(
    visit: VisitDep, store: StoreDep, plans: PlansDep, chosen: FilterDep
) -> AsyncIterable[ServerSentEvent]:
    """Send what changes on the list of runs."""

    def fragments() -> Fragments:
        now = visit.later()
        shown = page_of_runs(now, store, plans, chosen, within_seconds=LIST_SECONDS)
        rows = {
            f"run-{row.id}": now.render("runs/row.html", row=row, grid=shown.listing.grid)
            for group in shown.listing.groups
            for row in group.rows
        }
        head = now.render("runs/head.html", page=shown)
        whole = now.render("runs/list.html", page=shown)
        # While the same runs stand in the same order only their rows are sent, else the list as a whole.
        key = " ".join((*shown.ids, *(tick.label for tick in shown.listing.ticks)))
        again = "soon" if shown.is_being_computed else ""
        return {
            "runs-head": head,
            "order": key,
            "runs": whole,
            **rows,
            AGAIN: again,
            "version": shown.version,
        }

    async for event in changes(visit, None, fragments, LIST_PAUSE_SECONDS):
        yield event


@router.get("/alerts/live", response_class=EventSourceResponse)
async def stream_alerts(visit: VisitDep, alerts: AlertsDep) -> AsyncIterable[ServerSentEvent]:
    """Send what changes on the page of alerts."""

    def fragments() -> Fragments:
        now = visit.later()
        face = alerts_face(alerts, now.user, now.words)
        return {"recent": now.render("alerts/recent.html", face=face), "version": face.version}

    async for event in changes(visit, None, fragments, LIST_PAUSE_SECONDS):
        yield event


async def changes(
    visit: Visit, run_id: str | None, fragments: Callable[[], Fragments], pause_seconds: float
) -> AsyncIterator[ServerSentEvent]:
    """Yield what differs each time something has changed, until the browser leaves.

    Args:
        visit: with the query's ``version``: that of the page the browser shows.
        run_id: whose changes count; ``None``: every run's.
        fragments: returns HTML by element id, and a ``version``.
        pause_seconds: least time between two looks.
    """
    sent = await visit.in_thread(fragments)
    if visit.request.query_params.get("version") != sent["version"]:  # it changed since the page was made
        yield _event(visit, dict(_changed({}, sent)))
    news = AlertNews(visit)
    yield ServerSentEvent(event="opened", data=visit.later().words.now, retry=RETRY_MILLISECONDS)
    live: Live = visit.request.app.state.live

    def patience() -> float:
        return LIST_PAUSE_SECONDS if sent.get(AGAIN) else REFRESH_SECONDS

    async with aclosing(_ticks(live, run_id, visit.request, patience)) as ticks:
        async for _ in ticks:
            told = await visit.in_thread(fragments)
            changed = dict(_changed(sent, told))
            sent = told
            if changed:
                yield _event(visit, changed)
            for event in await visit.in_thread(news.take):
                yield event
            await asyncio.sleep(pause_seconds)


def _event(visit: Visit, changed: Fragments) -> ServerSentEvent:
    version = changed.get("version")
    html = {name: text for name, text in changed.items() if name != "version"}
    data = {"now": visit.later().words.now, "html": html, "version": version}
    return ServerSentEvent(event="fragments", data=data)


def _changed(before: Fragments, now: Fragments) -> Iterator[tuple[str, str]]:
    """Yield what differs; the list as a whole goes out only where its order differs, and then alone."""
    if "order" in now and before.get("order") != now["order"]:
        yield from ((name, now[name]) for name in ("runs-head", "runs", "version"))
        return
    for name, html in now.items():
        if before.get(name) != html and name not in {"order", "runs", AGAIN}:
            yield name, html


async def _ticks(
    live: Live, run_id: str | None, request: Request, patience: Callable[[], float]
) -> AsyncGenerator[None]:
    """Yield when something has changed, and after so many seconds anyhow, until the browser leaves."""
    changed = asyncio.Event()

    async def watch() -> None:
        async for _ in live.subscribe(run_id):
            changed.set()
        changed.set()  # the service is about to end

    watching = asyncio.create_task(watch())
    try:
        while not live.is_closed and not await request.is_disconnected():
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), patience())
            changed.clear()
            yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
