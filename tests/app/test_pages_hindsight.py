"""The pages that hold what was said against what happened, and what the limit does to a run."""

import html
import re
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.fixes import FixBook
from app.hindsight import Calibration, EndedRun, History, SaidEnd
from app.pages.calibration_page import calibration_face
from app.pages.history_card import history_card
from app.pages.limit_facts import limit_facts
from app.replacement import Replacement
from app.run_limit import run_limit
from app.schemas.actions import RelaunchOrder
from app.slurm.scheduler import JobFacts
from app.words import Words
from planner.eta import EtaQuery, Timings
from planner.hindsight import Said, hindsight
from planner.pace import measure
from planner.plan import Plan
from planner.quantiles import DEFAULT_LEVELS, Quantiles

NOW = 1_700_000_000.0
LOGIN = "/?token=login-token-of-the-tests"
PLAN = {"name": "demo", "total_steps": 200, "validate_every": 20, "checkpoint_every": 50}


def _text(page: str) -> str:
    body = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<svg\b.*?</svg>", " ", page, flags=re.DOTALL)))
    return " ".join(body.replace("\u00a0", " ").replace("\u202f", " ").split())


def _plain(text: str) -> str:
    return _text(str(text))


def _said(at: float, median: float, ended: float | None, spread: float = 600.0) -> SaidEnd:
    values = tuple(median + (index - 3) * spread / 2 for index in range(7))
    ends = Quantiles(DEFAULT_LEVELS, tuple(at + value for value in values))
    realised = None if ended is None else ended - at
    return SaidEnd(at, 10, 200, Quantiles(DEFAULT_LEVELS, values), ends, realised)


def _history(count: int, ended: float | None) -> History:
    said = tuple(_said(NOW + 100.0 * n, 8000.0 - 100.0 * n, ended) for n in range(count))
    return History("one", said, (), ended, None if ended is None else "finished", NOW + 9000.0)


@pytest.fixture
async def visitor(service: Any) -> Any:
    """Return a browser that is signed in."""
    await service.client.get(LOGIN, follow_redirects=True)
    return service.client


async def test_calibration_before_the_first_finished_run(visitor: Any) -> None:
    """Without a finished run the page says what will stand there."""
    page = await visitor.get("/calibration")
    assert 200 == page.status_code
    assert "No run has finished yet" in _text(page.text)


async def test_calibration_of_a_finished_run(service: Any, visitor: Any) -> None:
    """After a run has finished the page tells how right its ETAs were, in the reader's language."""
    await service.report("one", steps=100, plan=PLAN)
    await service.get("/runs/one/eta")
    (said,) = (await service.get("/runs/one/history")).json()["eta"]
    rest = {
        "seq": list(range(100, 200)), "step": list(range(101, 201)), "seconds": [40.0] * 100,
        "ended": [said["at"] + 40.0 * n for n in range(1, 101)], "loss": [0.5] * 100, "lr": [None] * 100,
    }  # fmt: skip
    await service.report("one", columns=rest, notes=[("finish", {"reason": "finished"})])
    await service.get("/runs/one/eta")
    told = _text((await visitor.get("/calibration")).text)
    assert "Measured on 1 finished run" in told
    assert "So few runs prove little yet." in told
    french = await visitor.get("/calibration", headers={"Accept-Language": "fr"})
    assert "Mesuré sur 1 exécution terminée" in _text(french.text)


@pytest.mark.parametrize(
    ("spread", "words"), [(0.1, "held only"), (1.0, "held 8"), (9.0, "wider than need be")]
)
def test_calibration_is_judged(spread: float, words: str) -> None:
    """Intervals that hold too few ends, about as many as they promise, and too many are told apart."""
    runs = []
    for number in range(40):
        truth = 1000.0 + (number - 19.5) * 10.0
        values = tuple(1000.0 + (level - 0.5) * 400.0 * spread for level in DEFAULT_LEVELS)
        runs.append([Said(0.5, Quantiles(DEFAULT_LEVELS, values), truth)])
    found = hindsight(runs)
    assert found is not None
    ended = tuple(EndedRun(f"run-{number}", found.overall) for number in range(8))
    told = Calibration(found.overall, found.by_progress, found.levels, ended)
    face = calibration_face(told, Words("en", NOW))
    assert ("run-0", 8) == (face.runs[0].id, len(face.runs))
    assert words in _plain(face.title)
    assert (None, 7) == (face.caution, len(face.dots))


def test_history_of_a_run_that_goes_on() -> None:
    """The card shows what was said, and nothing of what has not happened."""
    card = history_card(_history(9, None), Words("en", NOW + 9000.0))
    assert card is not None
    assert (None, 6, {None}) == (card.happened_y, len(card.lines), {line.off for line in card.lines})
    assert 9 == len(card.middle.split())


def test_history_of_a_run_that_has_ended() -> None:
    """The card counts the intervals that held the end, and says how far off each ETA was."""
    card = history_card(_history(9, NOW + 8300.0), Words("en", NOW + 9000.0))
    assert card is not None
    assert "9 of 9 intervals held that" in _plain(card.title)
    assert "5 min too early" == _plain(card.lines[0].off or "")
    early = history_card(_history(3, NOW + 7000.0), Words("en", NOW + 9000.0))
    assert early is not None
    assert "0 of 3" in _plain(early.title)
    assert "too late" in (early.lines[0].off or "")
    assert early.happened_y is not None


def test_history_of_a_run_that_failed() -> None:
    """Its ETAs were of steps that it never did: none of them is held against the moment of its failure."""
    history = replace(_history(9, NOW + 900.0), finished="failed")
    card = history_card(history, Words("en", NOW + 9000.0))
    assert card is not None
    assert "before its steps were done; it was said to end at" in _plain(card.title)
    assert {None} == {line.off for line in card.lines}
    assert card.happened_y is not None


def test_a_wild_beginning_does_not_flatten_the_rest() -> None:
    """The first ETAs of a run may span days; the plot keeps to those after them, and cuts them off."""
    wild = _said(NOW, 500_000.0, None, spread=300_000.0)
    calm = [_said(NOW + 100.0 * n, 8_000.0 - 100.0 * n, None) for n in range(1, 20)]
    history = History("one", (wild, *calm), (), None, None, NOW + 9_000.0)
    card = history_card(history, Words("en", NOW + 9_000.0))
    assert card is not None
    heights = [float(point.split(",")[1]) for point in card.middle.split()]
    assert heights[0] < -100
    assert all(20 < height < 80 for height in heights[1:])


def test_a_card_says_what_was_said_then_and_now() -> None:
    """An end that was put off shows in the title: then, and now."""
    said = (
        *(_said(NOW + 60.0 * n, 3_600.0 - 60.0 * n, None) for n in range(3)),
        _said(NOW + 180.0, 7_020.0, None),
    )
    card = history_card(History("one", said, (), None, None, NOW + 200.0), Words("en", NOW + 200.0))
    assert card is not None
    assert "At 22:15:20 it said 23:13, now it says 00:13" in _plain(card.title).replace("Wed ", "")


def test_now_is_this_moment_not_the_last_one_kept() -> None:
    """An ETA is kept now and then; what it says now is what the page says, and the end of the line."""
    kept = _history(3, None)
    card = history_card(replace(kept, now=_said(NOW + 300.0, 9_000.0, None)), Words("en", NOW + 300.0))
    same = history_card(replace(kept, now=kept.eta[-1]), Words("en", NOW + 300.0))
    assert card is not None
    assert same is not None
    assert "now it says Wed 00:48" in _plain(card.title)
    assert (4, 3) == (len(card.middle.split()), len(same.middle.split()))


def test_history_needs_two_points() -> None:
    """One ETA is no history."""
    assert None is history_card(_history(1, None), Words("en", NOW))


def _limit(seconds: float) -> Any:
    steps = _steps(1, 100)
    query = EtaQuery(
        at_step=100, plan=Plan(311, 25, checkpoint_every=50), startup_seconds=960.0,
        steps=Timings(steps, 0 * steps + 45.0), elapsed_seconds=10_000.0, time_limit_seconds=seconds,
        validations=Timings(_steps(25, 100), 0 * _steps(25, 100) + 1200.0),
        checkpoints=Timings(_steps(50, 100), 0 * _steps(50, 100) + 60.0),
    )  # fmt: skip
    pace = measure(query.steps, query.validations, query.checkpoints)
    return SimpleNamespace(limit=run_limit(query, pace, 600.0, NOW), total_steps=311, as_of=NOW)


def _steps(every: int, last: int) -> Any:
    return np.arange(every, last + 1, every, dtype=float)


def test_what_the_limit_does_is_said() -> None:
    """A run that will not fit its limit is told what is lost, what it still needs, and what would help."""
    told = {_plain(name): _plain(text) for name, text in limit_facts(_limit(23_000.0), Words("en", NOW))}
    assert "saved at 2" in told["At the limit"]
    assert told["Requeues"].startswith("1 more, costing")
    assert "10 min in the queue, 16 min to start" in told["Requeues"]
    assert told["Ends with them"].startswith("about ")
    assert told["Last chance"].startswith("start a checkpoint before")
    assert ": then it fits with" in told["Validate rarer"]
    assert "that loses least" in told["Save every"]
    assert told["Save rarer"].startswith("every 100 steps saves 2 min")


def test_one_step_between_checkpoints_is_one_step() -> None:
    """The interval that loses least is counted in the singular where it is one step."""
    view = _limit(23_000.0)
    view.limit = replace(view.limit, best_checkpoint_every=1)
    told = {_plain(name): _plain(text) for name, text in limit_facts(view, Words("en", NOW))}
    assert told["Save every"].startswith("about 1 step instead of 50: ")


def test_a_run_that_fits_its_limit() -> None:
    """A run that ends long before its limit hears nothing of it; nor does one without a limit."""
    words = Words("en", NOW)
    assert ([], []) == (limit_facts(_limit(90_000.0), words), limit_facts(SimpleNamespace(limit=None), words))


async def test_run_page_shows_history_and_limit(
    service: Any, visitor: Any, make_validations: Callable[..., Any]
) -> None:
    """The page of a run holds its history and what its limit does to it."""
    now = time.time()
    job = {"cluster": "c", "id": "7"}
    await service.report("one", steps=100, plan=PLAN, job=job, validations=make_validations(20, 100, 900.0))
    facts = JobFacts(
        "7", "c", "RUNNING", submitted=now - 19_000, started=now - 18_000, time_limit_seconds=20_000
    )
    store = service.app.state.store
    store.put_jobs([facts], now)
    for ago in (600.0, 300.0):
        remaining = Quantiles(DEFAULT_LEVELS, tuple(8000.0 + 100 * n for n in range(7))).to_map()
        said = {"step": 90, "total_steps": 200, "remaining_seconds": remaining}
        store.append_history("one", "eta", now - ago, said)
    told = _text((await visitor.get("/runs/one")).text)
    for words in ("History of the ETA", "it said", "At the limit", "Requeues"):
        assert words in told


async def test_past_fixes_stand_beside_what_was_predicted(service: Any, visitor: Any) -> None:
    """The page of fixes and the run's own tell what was predicted and what it took, and what is learned."""
    assert "No run was relaunched from here yet." in _text((await visitor.get("/fixes")).text)
    await service.report("old", steps=100, plan=PLAN, job={"cluster": "demo", "id": "77", "restart_count": 0})
    now = time.time()
    made = Replacement(
        id="r1", run="old", user="ada", state="done", created=now, updated=now, cluster="demo", old_id="77",
        old_submitted=None, old_user="ada", token="t", script="#!/bin/sh", sha256="", work_dir=".",
        old_ended=now + 5, new_started=now + 125,
    )  # fmt: skip
    store, order = (
        service.app.state.store,
        RelaunchOrder(script="#!/bin/sh", edit_seconds=600, test_seconds=300),
    )
    store.put_replacement("r1", "old", "done", made.as_data(), now)
    FixBook(store, service.app.state.plans, time.time).click(made, order)
    for path in ("/fixes", "/runs/old"):
        told = _text((await visitor.get(path)).text)
        assert "Edit 30 min 15 min to 1 h 10 min sooner" in told, path
        assert re.search(r"Queue [\w ]+ to [\w ]+ 2 min\b", told), path
    assert "from 1 of your own times" in _text((await visitor.get("/fixes")).text)
    answer = (await service.get("/fixes")).json()
    assert ("r1", "user") == (answer["fixes"][0]["replacement"], answer["usual"]["edit"]["source"])
