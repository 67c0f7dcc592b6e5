"""A relaunch's form and stages, and the output of a job."""

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ConflictError, NotFoundError
from app.lost_work import LostWork
from app.pages.output import LONGEST_LINE, MOST_LINES, output_tail
from app.pages.relaunch_course import courses, lost_words, signal_words
from app.pages.relaunch_form import checked, exact_of, first_form, order_of, sent_form
from app.pages.relaunch_refusal import refusal
from app.pages.stages import STEPS, replacement_face
from app.replace_draft import Corrected, Draft
from app.replacement import REVERSIBLE, Replacement, State
from app.settings import Settings
from app.slurm.local import LocalRunner
from app.slurm.scheduler import JobFacts, SchedulerError, SchedulerUnavailableError
from app.store.facts import JobKey
from app.supervision import Supervised
from app.words import Words

SCRIPT = "#!/bin/bash\n#SBATCH --job-name=demo\nexec python train.py --fix 0\n"
WORDS = Words("en", 1_000.0)
VIEW: Any = SimpleNamespace(replaced_by=None, at_step=None)
JOB = JobFacts("7", "local", "RUNNING", user="ada", name="demo", work_dir="/usr")


@pytest.fixture
def draft() -> Draft:
    """Return what a relaunch of the job starts from."""
    return Draft(JOB, SCRIPT, ("--seed", "two words"), {})


def moved(*states: State) -> Replacement:
    """Return a replacement that went through these states, one a second."""
    made = Replacement(
        "r", "one", "ada", "prepared", 0.0, 0.0, "local", "7", None, "ada", "mark", SCRIPT, "", "/usr"
    )  # fmt: skip
    for at, state in enumerate(states):
        made = made.moved(state, float(at), f"it is {state}")
    return made


def standings(replacement: Replacement) -> list[str]:
    """Return how each stage stands."""
    return [stage.standing for stage in replacement_face(replacement, VIEW, WORDS).stages]


def test_the_first_form_starts_from_what_runs(draft: Draft, settings: Settings) -> None:
    """Script, folder and arguments are the running job's, and would be submitted unchanged."""
    order = order_of(first_form(draft, settings))
    assert (SCRIPT, ("--seed", "two words"), "/usr") == (order.script, order.script_args, order.work_dir)
    assert 600.0 == order.checkpoint_wait_seconds


def test_a_sent_script_has_unix_line_ends(draft: Draft, tmp_path: Path) -> None:
    """Browsers end a text area's lines as Windows does; the script that is checked and run does not."""
    form = sent_form({"script": SCRIPT.replace("\n", "\r\n"), "work_dir": "/usr", "wait_minutes": "10"})
    assert form.script == SCRIPT
    runner = LocalRunner(tmp_path, "ada", source=os.environ, tick_seconds=None)
    told = checked(form, draft, runner)
    runner.close()
    assert told.passes
    assert [] == told.difference


def test_the_difference_shows_the_fix(draft: Draft, tmp_path: Path) -> None:
    """What was changed in the script is shown line by line."""
    form = sent_form(
        {"script": SCRIPT.replace("--fix 0", "--fix 1"), "work_dir": "/usr", "wait_minutes": "1"}
    )
    runner = LocalRunner(tmp_path, "ada", source=os.environ, tick_seconds=None)
    changed = [(sign, line) for sign, line in checked(form, draft, runner).difference if sign in "+-"]
    runner.close()
    assert [("-", "exec python train.py --fix 0"), ("+", "exec python train.py --fix 1")] == changed


@pytest.mark.parametrize(
    ("field", "value"),
    [("script", "  \n"), ("arguments", 'open "quote'), ("wait_minutes", "soon"), ("wait_minutes", "-1"),
     ("wait_minutes", "nan"), ("wait_minutes", "1e9")],
)  # fmt: skip
def test_a_field_that_cannot_be_used_is_named(field: str, value: str) -> None:
    """A form with a wrong field is not an order; the field is named."""
    form = {"script": SCRIPT, "arguments": "", "wait_minutes": "10", field: value}
    assert field == sent_form(form).error


def test_stages_stand_as_the_replacement_does() -> None:
    """What is done, under way and to come follows the states that were entered."""
    asked = moved("prepared", "submitting", "submitted", "checked", "asking", "checkpoint_asked")
    assert ["done", "done", "now", "later", "later", "later", "later"] == standings(asked)
    done = moved("submitted", "checked", "releasing", "released", "cancelling", "handed_over", "done")
    assert ["done"] * len(STEPS) == standings(done)


def test_stages_follow_the_order_that_was_chosen() -> None:
    """With overlap the start comes before the checkpoint; a cancel with checkpoint has no new job."""
    reached: list[State] = ["submitted", "checked", "starting", "started"]
    overlapping = replace(moved(*reached), order="overlap")
    assert ["done", "done", "now", "later", "later", "later"] == standings(overlapping)
    proven = replace(moved(*reached, "proven", "asking", "signalled"), order="overlap")
    assert ["done", "done", "done", "now", "later", "later"] == standings(proven)
    ended = replace(moved("prepared", "releasing", "cancelled", "handed_over", "done"), order="cancel")
    assert ["done", "done", "done"] == standings(ended)


def test_a_failed_relaunch_says_that_the_job_runs_on() -> None:
    """After a failure the stages not reached are not done, and the old job's fate is told first."""
    failed = replace(moved("submitted", "undoing", "failed"), reason="the script is refused")
    face = replacement_face(failed, VIEW, WORDS)
    assert "Not relaunched: job 7 runs on untouched." == face.title
    assert "the script is refused" in face.advice
    assert ["done", *["not_done"] * 6] == standings(failed)


@given(states=st.lists(st.sampled_from(sorted(REVERSIBLE)), min_size=1, max_size=6))
def test_at_most_one_stage_is_under_way(states: list[State]) -> None:
    """Whatever a killed service left behind, the page shows one stage at most as under way."""
    assert standings(moved(*states)).count("now") <= 1


def test_output_is_a_files_end_without_controls(tmp_path: Path) -> None:
    """Only the last lines are shown, a progress bar as its last state, nothing that steers a terminal."""
    file = tmp_path / "demo-7.out"
    lines = [f"line {number}" for number in range(500)]
    file.write_text("\n".join([*lines, "1 %\r50 %\r100 %", "\x1b[31mred\x1b[0m", "x" * 9_000, ""]))
    told = output_tail(replace(JOB, stdout=f"{tmp_path}/%x-%j.out"))
    assert told is not None
    assert len(told.lines) <= MOST_LINES
    assert max(map(len, told.lines)) <= LONGEST_LINE
    assert "\x1b" not in "".join(told.lines)


@pytest.mark.parametrize("path", [None, "relative.out", "/nowhere/at.all", "/proc", "/dev/null"])
def test_no_output_is_no_error(path: str | None) -> None:
    """A job without readable output has none; folders and devices are not opened."""
    assert output_tail(replace(JOB, stdout=path)) is None


def test_a_progress_bar_shows_its_last_state(tmp_path: Path) -> None:
    """Carriage returns overwrite, as on a terminal."""
    (tmp_path / "out").write_text("start\n1 %\r50 %\r100 %\n")
    told = output_tail(replace(JOB, stdout=str(tmp_path / "out")))
    assert told is not None
    assert ("start", "100 %") == told.lines
    assert "100 %" == told.last_line


def supervised(draft: Draft) -> Draft:
    """Return the same draft of a job that takes orders."""
    return replace(draft, supervised=Supervised(("srun", "python", "train.py"), 1.0))


def test_a_supervised_job_keeps_its_nodes(draft: Draft, settings: Settings) -> None:
    """The form starts from the command that runs, and orders that the nodes are kept."""
    form = first_form(supervised(draft), settings)
    assert ("keep", "srun python train.py") == (form.order, form.command)
    order = order_of(form)
    assert ("keep", "srun python train.py", None) == (order.order, order.script, order.script_args)


def test_what_is_confirmed_is_exactly_what_will_run(draft: Draft, settings: Settings) -> None:
    """Any change of script, arguments, folder or way has another fingerprint; waiting longer has not."""
    form = first_form(supervised(draft), settings)
    forms = [
        form,
        replace(form, command="srun python train.py --fix"),
        replace(form, order="handover"),
        replace(form, order="handover", script=SCRIPT + "\n"),
        replace(form, order="handover", arguments="--seed 2"),
        replace(form, order="handover", work_dir="/opt"),
    ]
    found = [exact_of(one, supervised(draft)) for one in forms]
    assert len(forms) == len({one.sha256 for one in found if one is not None})
    assert found[0] == exact_of(replace(form, wait_minutes="99", signal="USR1"), supervised(draft))


def test_a_field_that_cannot_be_used_confirms_nothing(draft: Draft) -> None:
    """There is no fingerprint of it."""
    form = sent_form({"order": "keep", "command": 'open "quote', "wait_minutes": "1", "sha256": "a" * 64})
    assert ("command", None) == (form.error, exact_of(form, supervised(draft)))


def test_odd_choices_are_the_usual_ones() -> None:
    """What no form offers is not passed on."""
    form = sent_form({"order": "cancel", "signal": "KILL; id", "without_answer": "x", "script": SCRIPT})
    assert ("handover", None, "proceed") == (form.order, form.signal, form.without_answer)


@pytest.mark.parametrize(
    ("scheduler", "commands"),
    [("slurm", ["sbatch --parsable --hold --dependency=afterany:7", "scontrol release NEW", "scancel 7"]),
     ("rest", ["POST /slurm/", "DELETE /slurm/"]), ("local", [])],
)  # fmt: skip
def test_the_course_names_the_commands(draft: Draft, scheduler: str, commands: list[str]) -> None:
    """Each scheduler's own, in the order in which they are given."""
    exact = Corrected(SCRIPT, (), {"partition": "gpu"}, "/usr")
    told = courses(supervised(draft), exact, scheduler, WORDS)
    assert ["keep", "handover", "overlap"] == list(told)
    text = " ".join(step.command or "" for step in told["handover"])
    assert [True] * len(commands) == [command in text for command in commands]
    assert ("--partition=gpu" in text) == (scheduler == "slurm")
    assert "afterany" not in " ".join(step.command or "" for step in told["overlap"])


def test_a_signal_is_told_by_what_it_would_do(draft: Draft) -> None:
    """As the batch script makes room for it."""
    assert "passes it on" in signal_words(draft, "USR1", WORDS)
    plain = replace(draft, script="#!/bin/bash\npython train.py\n")
    assert "would die of it" in signal_words(plain, "USR1", WORDS)
    assert "not known" in signal_words(replace(draft, script=None), "USR1", WORDS)


@pytest.mark.parametrize(
    ("lost", "said"),
    [(LostWork(0, 0.0, 50), "Nothing would be lost"), (LostWork(12, 600.0, 38), "12 steps are lost, 10"),
     (LostWork(12, None, None), "12 steps are lost."), (LostWork(12, 600.0, None), "all 12 steps"),
     (None, None)],
)  # fmt: skip
def test_lost_work_is_told_in_steps_and_time(lost: LostWork | None, said: str | None) -> None:
    """Without a pace in steps alone; before the first step there is nothing to tell."""
    told = lost_words(lost, WORDS)
    assert (said is None) == (told is None)
    assert (said or "") in (told or "")


def test_keeping_the_nodes_has_its_own_stages() -> None:
    """Checkpoint, order, restart; after the order the old command is gone, whatever came of it."""
    done = replace(
        moved("prepared", "releasing", "released", "cancelling", "cancelled", "handed_over", "done"),
        order="keep",
    )
    assert ["done"] * 4 == standings(done)
    failed = replace(
        moved("releasing", "released", "cancelling", "cancelled", "undoing", "failed"),
        order="keep",
        reason="no such file",
    )
    assert ["done", "done", "not_done", "not_done"] == standings(failed)
    assert "does not run in job 7" in replacement_face(failed, VIEW, WORDS).title


REFUSED: list[tuple[Any, Exception, str, int]] = [
    (None, NotFoundError("x"), "not a job of a scheduler", 404),
    (JobKey("far", "7"), ConflictError("x"), "Job 7 is one of far", 409),
    (JobKey("box", "7"), NotFoundError("x"), "no longer knows job 7", 404),
    (JobKey("box", "7"), SchedulerUnavailableError("x"), "does not answer", 503),
    (JobKey("box", "7"), SchedulerError("it said no"), "cannot be done now", 409),
]


@pytest.mark.parametrize(("job", "error", "said", "status"), REFUSED)
def test_a_run_without_a_job_is_told_why(job: Any, error: Exception, said: str, status: int) -> None:
    """And what can be done instead; a page with the run on it, not an error."""
    view: Any = SimpleNamespace(run=SimpleNamespace(job=job))
    scheduler: Any = SimpleNamespace(cluster="box")
    told = refusal(view, error, scheduler, WORDS)
    assert (True, status) == (said in told.title, told.status)


def test_a_service_without_a_scheduler_says_so() -> None:
    """Before anything else is asked of it."""
    view: Any = SimpleNamespace(run=SimpleNamespace(job=JobKey("box", "7")))
    assert "without a scheduler" in refusal(view, ConflictError("x"), None, WORDS).title
