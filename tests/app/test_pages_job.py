"""The card of a job and what can be done to it: shown in each state, confirmed before it is done."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from app.job_extras import ExtrasBook, JobExtras
from app.lineage import lineage
from app.main import create_app
from app.pages.job_buttons import job_buttons
from app.pages.job_card import job_facts, polling_words
from app.pages.job_words import reason_words
from app.records import RecordBatch
from app.settings import Settings
from app.slurm.poller import PollerFigures
from app.slurm.scheduler import JobFacts, SchedulerUnavailableError, Submission
from app.slurm.usage import Usage
from app.store import Store
from app.store.facts import Attempt, JobKey
from app.words import Words
from tests.waiting import until

WORDS = Words("en", 10_000.0)
LOGIN_TOKEN = "login-token-of-the-tests"


def view_of(job: JobFacts | None, **parts: Any) -> Any:
    """Return as much of a view as the card looks at."""
    known = {"attempts": (), "time_limit_seconds": None, "elapsed_seconds": None, "as_of": 10_000.0,
             "replacement": None, "run": SimpleNamespace(job=JobKey("box", "7"))}  # fmt: skip
    return SimpleNamespace(job=job, **{**known, **parts})


def told(view: Any, extras: JobExtras | None = None) -> dict[str, str]:
    """Return the facts by their names."""
    facts = job_facts(view, extras or JobExtras(), WORDS)
    return {str(name): str(text).replace("\u00a0", " ") for name, text in facts}


def test_a_waiting_job_says_what_for_and_how_long() -> None:
    """Its reason in words, its place in line, and when SLURM thinks that it starts."""
    job = JobFacts("7", "box", "PENDING", reason="Priority", estimated_start=11_800.0)
    found = told(view_of(job), JobExtras(place=3, in_line=12))
    assert "its turn: others come first" == found["Waits for"]
    assert "3 of 12" == found["Place in line"]
    assert "in 30 min" in found["Starts"]


def test_a_running_job_says_what_is_left_of_its_limit() -> None:
    """Counted on since the view was made."""
    job = JobFacts("7", "box", "RUNNING", restart_count=2)
    found = told(view_of(job, time_limit_seconds=7200.0, elapsed_seconds=3500.0, as_of=9_900.0))
    assert ("1 h", "2 times") == (found["Time left"], found["Requeued"])


def test_a_resumed_run_says_from_where() -> None:
    """The newest start counts."""
    starts = [Attempt("a", 1.0, None, 1, 50, 1, 1.0), Attempt("b", 9_000.0, None, 41, 60, 1, 1.0)]
    assert told(view_of(JobFacts("7", "box", "RUNNING"), attempts=starts))["Resumed"].endswith("from step 41")


def test_an_ended_job_says_how_well_it_used_what_it_had() -> None:
    """Cores, memory and GPU hours; what nobody counted is left out."""
    job = JobFacts("7", "box", "COMPLETED", exit_code="0:0")
    usage = Usage(3600.0, 4, 7200.0, 2, 4.0 * 2**30, 8.0 * 2**30)
    found = told(view_of(job), JobExtras(usage=usage))
    assert "50 % of 4 cores, 2.0 core hours" == found["CPU used"]
    assert "50 % of 8.0 GiB: 4.0 GiB" == found["Memory used"]
    assert "2.0 GPU hours on 2 GPUs" == found["GPU time"]
    unknown = told(view_of(job), JobExtras(usage=Usage(1.0, None, None, None, None, None)))
    assert {"Exit code": "0:0"} == unknown


def test_an_arrays_tasks_are_counted() -> None:
    """By state, in words."""
    found = told(view_of(JobFacts("7", "box", "RUNNING")), JobExtras(tasks={"RUNNING": 4, "PENDING": 12}))
    assert "4 running, 12 waiting" == found["Array"]


@pytest.mark.parametrize(
    ("reason", "words"),
    [("QOSMaxJobsPerUserLimit", "your quota"), ("AssocGrpGRES", "your quota"), ("Odd<x>", "Odd&lt;x&gt;"),
     ("ReqNodeNotAvail, UnavailableNodes:node1", "down or reserved")],
)  # fmt: skip
def test_reasons_are_told_in_words(reason: str, words: str) -> None:
    """What is not known stays as it is, escaped."""
    assert words in str(reason_words(reason, WORDS))


@pytest.mark.parametrize(
    ("state", "reason", "actions"),
    [("PENDING", "Resources", ["hold", "time-limit", "cancel"]),
     ("PENDING", "JobHeldUser", ["release", "time-limit", "cancel"]),
     ("RUNNING", None, ["checkpoint-cancel", "cancel", "requeue", "time-limit"]), ("COMPLETED", None, [])],
)  # fmt: skip
def test_only_fitting_actions_are_offered(state: str, reason: str | None, actions: list[str]) -> None:
    """None while a relaunch is under way."""
    job = JobFacts("7", "box", state, reason=reason)
    assert actions == [button.action for button in job_buttons(view_of(job), WORDS)]
    assert [] == job_buttons(view_of(job, replacement={"state": "submitted"}), WORDS)
    assert actions == [b.action for b in job_buttons(view_of(job, replacement={"state": "done"}), WORDS)]


def test_the_budget_is_told_and_so_is_an_outage() -> None:
    """For all jobs together; without an answer the age of what is shown."""
    asked = PollerFigures(99, 12, 240, 3, 0, 5.0, 0.1, 9_940.0, None)
    assert "12 of at most 240 times" in polling_words(asked, WORDS)
    away = PollerFigures(99, 12, 240, 3, 4, 5.0, 0.1, 9_400.0, "timed out")
    assert "does not answer: what is shown is from" in polling_words(away, WORDS)


class Scheduler:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: Exception | None = None

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.error is not None:
            raise self.error

    def waiting(self, partition: str) -> list[str]:
        """Return three jobs."""
        self._ask(f"waiting {partition}")
        return ["5", "7", "9"]

    def usage(self, job_id: str) -> Usage:
        """Return a usage."""
        self._ask(f"usage {job_id}")
        return Usage(1.0, 1, 1.0, None, None, None)

    def tasks(self, array_id: str) -> list[JobFacts]:
        """Return two tasks."""
        self._ask(f"tasks {array_id}")
        return [JobFacts("7_1", "box", "RUNNING"), JobFacts("7_2", "box", "PENDING")]


def test_a_page_never_waits_for_a_look() -> None:
    """It shows what the last one brought, and each has its time; an outage is not asked again at once."""
    scheduler: Any = Scheduler()
    published, now, calls = list[str](), [1000.0], list[int]()
    book = ExtrasBook(scheduler, lambda: now[0], lambda: calls.append(1), published.append)
    job = JobFacts("7", "box", "PENDING", partition="gpu")
    assert JobExtras() == book.of("r", job)
    until(lambda: published == ["r"])
    assert (2, 3) == (book.of("r", job).place, book.of("r", job).in_line)
    assert (["waiting gpu"], 1) == (scheduler.asked, len(calls))
    now[0] += 61
    scheduler.error = SchedulerUnavailableError("away")
    book.of("r", job)
    until(lambda: len(scheduler.asked) == 2)
    assert 2 == book.of("r", job).place
    assert 2 == len(scheduler.asked)
    book.close()


def test_an_ended_job_is_looked_at_once() -> None:
    """What it used does not change any more."""
    scheduler: Any = Scheduler()
    published, now = list[str](), [1000.0]
    book = ExtrasBook(scheduler, lambda: now[0], lambda: None, published.append)
    job = JobFacts("7", "box", "COMPLETED", ended=900.0)
    book.of("r", job, "7")
    until(lambda: bool(published))
    now[0] += 3600
    assert {"RUNNING": 1, "PENDING": 1} == book.of("r", job, "7").tasks
    assert ["usage 7", "tasks 7"] == scheduler.asked
    book.close()


def test_another_state_is_looked_at_at_once() -> None:
    """A job that has just ended has used something, and its array has moved on."""
    scheduler: Any = Scheduler()
    published, now = list[str](), [1000.0]
    book = ExtrasBook(scheduler, lambda: now[0], lambda: None, published.append)
    book.of("r", JobFacts("7", "box", "RUNNING"), "7")
    until(lambda: bool(published))
    now[0] += 12
    ended = JobFacts("7", "box", "COMPLETED", ended=1001.0)
    book.of("r", ended, "7")
    until(lambda: len(published) == 2)
    assert book.of("r", ended, "7").usage is not None
    assert ["tasks 7", "usage 7", "tasks 7"] == scheduler.asked
    book.close()


def test_the_line_of_runs_ends_where_it_closes(store: Store) -> None:
    """Oldest first, one's own only, and no circle is followed for ever."""
    for run, replaces, user in (("a", None, "ada"), ("b", "a", "ada"), ("c", "b", "ada"), ("x", "a", "eve"),
                                ("p", "q", "ada"), ("q", "p", "ada")):  # fmt: skip
        plan = {"name": run, **({"replaces": replaces} if replaces else {})}
        notes = {"seq": [1], "kind": ["plan"], "data": [plan]}
        told = {"v": 1, "attempt": f"{run}-1", "attempt_started": 1.0, "notes": notes}
        store.add(user, run, RecordBatch.model_validate(told), 1.0)
    found = [store.run(run) for run in ("b", "x", "p")]
    lines = [[one.id for one in lineage(store, run)] for run in found if run is not None]
    assert [["a", "b", "c"], ["x"]] == lines[:2]
    assert {"p", "q"} == set(lines[2])


@pytest.fixture
async def visitor(settings: Settings, tmp_path: Path, make_batch: Any) -> AsyncIterator[Any]:
    """Yield a signed-in browser beside a running job that reports as the run ``one``."""
    app = create_app(settings.model_copy(update={"scheduler": "local"}), login_token=LOGIN_TOKEN)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client,
    ):
        await client.get(f"/?token={LOGIN_TOKEN}", follow_redirects=True)
        scheduler = app.state.scheduler
        job = scheduler.submit(
            Submission("#!/bin/sh\n#SBATCH --time=10\nexec sleep 300\n", "o", str(tmp_path))
        )
        until(lambda: scheduler.jobs([job])[job].state == "RUNNING")
        place = {"cluster": "local", "id": job}
        body = make_batch(10, {"total_steps": 100}, attempt_started=time.time(), job=place)
        app.state.store.add("ada", "one", RecordBatch.model_validate(body), time.time())
        app.state.store.put_jobs([scheduler.detail(job)], time.time())
        yield SimpleNamespace(app=app, client=client, job=job)
        scheduler.cancel(job)
        until(lambda: not scheduler.jobs([job])[job].is_active)


async def _form(client: Any, path: str) -> dict[str, str]:
    page = (await client.get(path)).text
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


async def test_an_action_is_confirmed_then_done_and_logged(visitor: Any) -> None:
    """The run's page leads to a page that says what happens; the form does it, once, and it is in the log."""
    page = (await visitor.client.get("/runs/one")).text
    assert '/runs/one/job/cancel"' in page
    assert "The scheduler was asked" in page
    fields = await _form(visitor.client, "/runs/one/job/time-limit")
    wrong = await visitor.client.post("/runs/one/job/time-limit", data={**fields, "limit": "soon"})
    assert 422 == wrong.status_code
    done = await visitor.client.post("/runs/one/job/time-limit", data={**fields, "limit": "5"})
    assert (303, "/runs/one") == (done.status_code, done.headers["location"])
    assert 300.0 == visitor.app.state.scheduler.jobs([visitor.job])[visitor.job].time_limit_seconds
    assert "job time-limit" in {entry.action for entry in visitor.app.state.store.audit()}


@pytest.mark.parametrize(
    ("path", "form", "field"),
    [
        ("job/time-limit", "job/time-limit", "limit"),
        ("job/checkpoint-cancel", "job/checkpoint-cancel", "wait"),
        ("relaunch/check", "relaunch", "wait_minutes"),
        ("relaunch/check", "relaunch", "arguments"),
        ("relaunch/check", "relaunch", "script"),
    ],
)
async def test_a_field_that_cannot_be_used_is_told_of_in_words(
    visitor: Any, path: str, form: str, field: str
) -> None:
    """What is wrong stands beside its field and is tied to it: a red frame alone says it to some only."""
    hidden = await _form(visitor.client, f"/runs/one/{form}")
    typed = {"script": "#!/bin/bash", "work_dir": "/usr", "wait_minutes": "5", "arguments": ""}
    sent = {**hidden, **typed, field: "" if field == "script" else "'soon"}
    page = (await visitor.client.post(f"/runs/one/{path}", data=sent)).text
    assert re.search(rf'name="{field}"[^>]* aria-invalid="true" aria-describedby="{field}-error"', page)
    assert re.search(rf'class="error" id="{field}-error">[^<]+<', page)


async def test_another_runs_job_has_no_buttons(visitor: Any, make_batch: Any) -> None:
    """Where the job is the next run's by now, the ended run's page offers nothing to do to it."""
    button = "/runs/one/job/cancel"
    assert button in (await visitor.client.get("/runs/one")).text
    store, place = visitor.app.state.store, {"cluster": "local", "id": visitor.job}
    later = make_batch(attempt="next", attempt_started=time.time(), job=place)
    store.add("ada", "two", RecordBatch.model_validate(later), time.time())
    stopped = make_batch(notes=[("finish", {"reason": "stopped"})])
    store.add("ada", "one", RecordBatch.model_validate(stopped), time.time())
    assert button not in (await visitor.client.get("/runs/one")).text
    assert "/runs/two/job/cancel" in (await visitor.client.get("/runs/two")).text


async def test_what_would_be_refused_has_no_page_to_confirm(visitor: Any, make_batch: Any) -> None:
    """A page that is opened by its address refuses in the words in which the action would be."""
    store, place = visitor.app.state.store, {"cluster": "local", "id": visitor.job}
    path = "/runs/one/job/cancel"
    fields = await _form(visitor.client, path)
    waits = await visitor.client.get("/runs/one/job/release")
    assert (409, True) == (waits.status_code, "only a waiting job takes this" in waits.text)
    later = make_batch(attempt="next", attempt_started=time.time(), job=place)
    store.add("ada", "two", RecordBatch.model_validate(later), time.time())
    stopped = make_batch(notes=[("finish", {"reason": "stopped"})])
    store.add("ada", "one", RecordBatch.model_validate(stopped), time.time())
    shown = await visitor.client.get(path)
    done = await visitor.client.post(path, data=fields)
    words = f"un 'one' has ended (stopped); job {visitor.job} is run 'two''s by now"
    assert (409, 409) == (shown.status_code, done.status_code)
    assert (True, True) == (words in unescape(shown.text), words in unescape(done.text))
    assert 200 == (await visitor.client.get("/runs/two/job/cancel")).status_code


async def test_advice_to_stop_leads_to_the_cancel_first(visitor: Any, make_batch: Any) -> None:
    """Beside a model that diverged the page offers to cancel before it offers the relaunch."""
    assert "To stop it" not in (await visitor.client.get("/runs/one")).text
    now = time.time()
    columns = {
        "seq": list(range(100, 160)), "step": list(range(11, 71)), "ended": [now - 60 + n for n in range(60)],
        "seconds": [1.0] * 60, "loss": [2.0] * 40 + ["nan"] * 20, "lr": [None] * 60,
    }  # fmt: skip
    body = make_batch(0, columns=columns, job={"cluster": "local", "id": visitor.job})
    visitor.app.state.store.add("ada", "one", RecordBatch.model_validate(body), now)
    told = (await visitor.client.get("/runs/one")).text.partition("To stop it")[2]
    block = told[: told.index("Relaunch…")]
    assert '/runs/one/job/cancel"' in block
    assert "checkpoint-cancel" not in block


async def test_a_cancel_says_what_is_lost(visitor: Any) -> None:
    """And ends the job."""
    page = (await visitor.client.get("/runs/one/job/cancel")).text
    assert "all 10 steps are lost" in page
    fields = await _form(visitor.client, "/runs/one/job/cancel")
    assert 303 == (await visitor.client.post("/runs/one/job/cancel", data=fields)).status_code
    await asyncio.to_thread(
        until, lambda: not visitor.app.state.scheduler.jobs([visitor.job])[visitor.job].is_active
    )


async def test_a_form_from_elsewhere_does_nothing(visitor: Any) -> None:
    """Without the page's token no action is taken; an action that is none has no page."""
    refused = await visitor.client.post("/runs/one/job/cancel", data={"key": "k"})
    assert 403 == refused.status_code
    assert "RUNNING" == visitor.app.state.scheduler.jobs([visitor.job])[visitor.job].state
    assert 422 == (await visitor.client.get("/runs/one/job/destroy")).status_code


async def test_a_file_takes_the_scripts_place(visitor: Any) -> None:
    """It is shown with its checks; nothing is submitted, and only what was shown can be confirmed."""
    path = "/runs/one/relaunch"
    fields = await _form(visitor.client, path)
    sent = {**fields, "script": "#!/bin/sh\n", "wait_minutes": "1", "order": "handover"}
    file = {"file": ("fixed.sh", b"#!/bin/sh\n#SBATCH --time=10\nexec sleep 299\n")}
    shown = await visitor.client.post(f"{path}/check", data=sent, files=file)
    assert 200 == shown.status_code
    assert "exec sleep 299" in shown.text
    assert "Nothing speaks against it" in shown.text
    other = await visitor.client.post(path, data={**sent, "script": "#!/bin/sh\nexec sleep 1\n"})
    assert "has changed since you last saw it" in other.text
    assert [] == visitor.app.state.store.replacements()
