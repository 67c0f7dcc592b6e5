"""Finding the earlier run that a run resembles."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from app.curves import Alignment
from app.earlier import EarlierRuns
from app.records import RecordBatch, checked
from app.store import Store
from app.store.facts import Run
from planner.loss_path import LatentCurve, RefusedCurve

FINISHED = [("finish", {"reason": "finished"})]


@pytest.fixture
def report(store: Store, make_batch: Callable[..., Any]) -> Callable[..., Run]:
    """Return what stores a batch of a run and returns the run."""

    def add(run: str, user: str = "ada", **parts: Any) -> Run:
        store.add(user, run, checked(RecordBatch.model_validate(make_batch(**parts))), time.time())
        found = store.run(run)
        assert found is not None
        return found

    return add


def _plan(name: str, **parts: Any) -> dict[str, Any]:
    return {"name": name, "total_steps": 100, **parts}


def test_named_run_comes_first(store: Store, report: Any) -> None:
    """The run that the plan names, by id or by name, goes before one of the same name."""
    report("same", plan=_plan("mine"), attempt_started=1.0, notes=FINISHED)
    report("good", plan=_plan("baseline"), attempt_started=1.0)
    found = [
        EarlierRuns(store).resembling(report(f"run-{like}", plan=_plan("mine", like=like)))
        for like in ("good", "baseline", "nobody")
    ]
    assert ["good", "good", None] == [run and run.id for run in found]


def test_same_name_must_have_finished_before(store: Store, report: Any) -> None:
    """Without a name in the plan it is a finished run of the same name that began before."""
    report("failed", plan=_plan("mine"), attempt_started=1.0, notes=[("finish", {"reason": "failed"})])
    report("later", plan=_plan("mine"), attempt_started=9e9, notes=FINISHED)
    report("alike", plan=_plan("mine-too"), attempt_started=1.0, notes=FINISHED)
    run = report("run", plan=_plan("mine"), attempt_started=100.0)
    assert None is EarlierRuns(store).resembling(run)
    report("done", plan=_plan("mine"), attempt_started=2.0, notes=FINISHED)
    assert "done" == EarlierRuns(store).resembling(run).id


def test_other_users_runs_are_no_model(store: Store, report: Any) -> None:
    """Another user's run is neither found nor does it lend its curve, even by its id."""
    report("theirs", user="eve", plan=_plan("mine"), attempt_started=1.0, notes=FINISHED, steps=50)
    run = report("run", plan=_plan("mine", like="theirs"))
    earlier = EarlierRuns(store)
    assert (None, None) == (earlier.resembling(run), earlier.curve("ada", "theirs", "train", 0, 100))
    assert isinstance(earlier.curve("eve", "theirs", "train", 0, 100), LatentCurve)


def test_curve_of_the_kind_that_was_asked(store: Store, report: Any, make_validations: Any) -> None:
    """The curve is of the kind of the target; without a target the validation curve goes first."""
    report("good", plan=_plan("good"), steps=100, validations=make_validations(10, 100))
    report("bare", plan=_plan("bare"), steps=100)
    earlier = EarlierRuns(store)
    ends = [earlier.curve("ada", "good", kind, 50, 100).losses[11][-1] for kind in ("train", "val", None)]
    assert pytest.approx([0.6, 0.7, 0.7], abs=0.03) == ends
    assert RefusedCurve("too_few_points") == earlier.curve("ada", "bare", "val", 50, 100)


@pytest.mark.parametrize(("first", "from_step"), [(0.0, 60.0), (40.0, 100.0), (40.0, 40.0)])
def test_curve_is_aligned_at_the_resume_step(
    store: Store, report: Any, first: float, from_step: float
) -> None:
    """From the resume step on a relaunch does what the earlier run did after the step it is aligned with."""
    report("good", plan=_plan("good"), steps=200)
    earlier, levels = EarlierRuns(store), 11
    curve = earlier.curve("ada", "good", "train", first, first + 100.0, Alignment(from_step))
    assert (max(first, 1.0), first + 100.0) == (curve.steps[0], curve.steps[-1])
    truth = [0.3 + 3.0 * (step + from_step - first) ** -0.5 for step in curve.steps]
    assert pytest.approx(truth, rel=0.04) == curve.losses[levels]


def test_curve_begins_at_the_loss_that_was_measured(store: Store, report: Any) -> None:
    """A fix that starts at a loss does what the earlier run did from where its own loss was that low."""
    report("good", plan=_plan("good"), steps=200)
    earlier, loss = EarlierRuns(store), 0.3 + 3.0 * 64.0**-0.5
    curve = earlier.curve("ada", "good", "train", 0.0, 100.0, Alignment(loss=loss))
    truth = [0.3 + 3.0 * (step + 64.0) ** -0.5 for step in curve.steps]
    assert pytest.approx(truth, rel=0.05) == curve.losses[11]
    never = earlier.curve("ada", "good", "train", 0.0, 100.0, Alignment(loss=0.01))
    assert RefusedCurve("never_that_low") == never


def test_paces_of_earlier_runs(store: Store, report: Any) -> None:
    """What steps took in earlier runs of the name is known, the newest last."""
    report("first", plan=_plan("mine"), attempt_started=1.0, steps=30, step_seconds=10.0)
    report("second", plan=_plan("mine"), attempt_started=2.0, steps=30, step_seconds=20.0)
    priors = EarlierRuns(store).priors(report("run", plan=_plan("mine")))
    assert pytest.approx((10.0, 20.0), rel=0.02) == priors.step_seconds
    assert () == priors.validation_seconds
