"""A relaunch's form and stages, and the output of a job."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pages.output import LONGEST_LINE, MOST_LINES, output_tail
from app.pages.relaunch_form import checked, first_form, order_of, sent_form
from app.pages.stages import STEPS, replacement_face
from app.replace_draft import Draft
from app.replacement import REVERSIBLE, Replacement, State
from app.settings import Settings
from app.slurm.local import LocalRunner
from app.slurm.scheduler import JobFacts
from app.words import Words

SCRIPT = "#!/bin/bash\n#SBATCH --job-name=demo\nexec python train.py --fix 0\n"
WORDS = Words("en", 1_000.0)
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
    view: Any = type("View", (), {"replaced_by": None})
    return [stage.standing for stage in replacement_face(replacement, view, WORDS).stages]


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
    view: Any = type("View", (), {"replaced_by": None})
    face = replacement_face(failed, view, WORDS)
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
