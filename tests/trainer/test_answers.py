"""``cutloss compare`` and ``cutloss eta``: what the service answers, in a terminal."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from cutloss.cli import main
from cutloss.questions import Exit

QUESTION = {"at_step": 43, "scenarios": [{"name": "continue", "action": "continue"}]}
ANSWER = {
    "outcomes": [
        {
            "name": "continue",
            "finish_seconds": {"0.5": 25260},
            "probability_first": 0.05,
            "regret_seconds": 7400,
        },
        {"name": "fix", "finish_seconds": None, "status": "refused", "reason": "different_goals"},
    ],
    "verdict": {
        "action": "relaunch",
        "probability": 0.95,
        "saving_seconds": {"0.5": 7410},
        "reasons": [{"code": "x", "text": "Rarer validation."}],
    },
}
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def question(tmp_path: Path, service: Any) -> Path:
    """Return a file with a question that the service answers."""
    service.answer = lambda _: (200, ANSWER)
    path = tmp_path / "question.json"
    path.write_text(json.dumps(QUESTION))
    return path


def test_a_comparison_is_a_table_and_a_verdict(question: Path, service: Any, capsys: Capture) -> None:
    """The file is the call's body; each scenario is a line, unknown numbers are said to be."""
    assert Exit.ANSWERED == main(["compare", str(question)])
    assert ("/api/v1/compare", QUESTION) == (service.calls[-1][0], service.calls[-1][2])
    lines = capsys.readouterr().out.splitlines()
    assert ["continue", "7", "h", "1", "min", "5%", "2", "h", "3", "min"] == lines[1].split()
    assert ["fix", "unknown", "unknown", "unknown", "different_goals"] == lines[2].split()
    assert [f"{question}: RELAUNCH (95% sure)", "saves 2 h 3 min", "- Rarer validation."] == lines[3:]


def test_a_question_may_come_through_a_pipe(
    question: Path, service: Any, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """A dash stands for the input, and --json for the answer as it is."""
    monkeypatch.setattr("sys.stdin", io.StringIO(question.read_text()))
    assert Exit.ANSWERED == main(["compare", "-", "--json"])
    assert QUESTION == service.calls[-1][2]
    assert ANSWER == json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("content", [None, "{"])
def test_a_file_without_a_question_is_wrong_usage(
    tmp_path: Path, service: Any, content: str | None, capsys: Capture
) -> None:
    """It is named, and nothing is asked."""
    path = tmp_path / "question.json"
    if content is not None:
        path.write_text(content)
    assert Exit.USAGE == main(["compare", str(path)])
    assert str(path) in capsys.readouterr().err
    assert [] == service.calls


ETA = {
    "status": "ok",
    "as_of": 1_700_000_000.0,
    "steps_left": 268,
    "validations_left": 11,
    "checkpoints_left": 1,
    "remaining_seconds": {"0.1": 24_000, "0.5": 25_260, "0.9": 26_000},
    "finishes_within_limit": 0.2,
    "limit": {
        "act_before": 1_700_020_000.0,
        "outlook": {
            "finishes": 0.2,
            "checkpoint_step": {"0.5": 250.0},
            "lost_seconds": {"0.5": 1_200.0},
            "requeues": {"0.5": 2.0},
            "requeue_seconds": 3_000.0,
        },
    },
    "ends_by_budget": 0.35,
    "step_at_end": {"0.5": 300.0},
    "early_stopping": {"patience": 5, "waited": 2, "probability": 0.6, "step": {"0.5": 225.0}},
}


def told(service: Any, capsys: Capture, **changes: Any) -> list[str]:
    """Return what ``cutloss eta`` prints."""
    service.answer = lambda _: (200, {**ETA, **changes})
    assert Exit.ANSWERED == main(["eta", "run"])
    return capsys.readouterr().out.splitlines()


def test_an_eta_tells_every_way_a_run_may_end(service: Any, capsys: Capture) -> None:
    """The end by steps with its range, then the limit, the budget and early stopping, a line each."""
    lines = told(service, capsys)
    assert lines[0].startswith("run ends in 7 h 1 min (80%: 6 h 40 min to 7 h 13 min)")
    assert lines[1:5] == [
        "left: 268 steps, 11 validations, 1 checkpoint",
        "within the job's time limit: 20%",
        "at the limit: saved at step 250, 20 min of work lost",
        "then: 2 requeues, 50 min each",
    ]
    assert lines[5].startswith("start a checkpoint before ")
    assert lines[6:] == [
        "its own budget of time ends it before its steps: 35%, about step 300",
        "early stopping ends it sooner: 60%, about step 225 (2 of 5 waited)",
    ]


def test_an_eta_keeps_quiet_of_what_cannot_happen(service: Any, capsys: Capture) -> None:
    """Without a limit, a budget and a rule two lines are all."""
    nothing = dict.fromkeys(("finishes_within_limit", "limit", "ends_by_budget", "early_stopping"))
    assert 2 == len(told(service, capsys, **nothing))


@pytest.mark.parametrize("state", ["stale", "offline"])
def test_an_eta_of_a_silent_run_is_one_on_a_condition(service: Any, capsys: Capture, state: str) -> None:
    """Nobody knows that it still runs; of a live one nothing is said."""
    condition = f"it is {state}, no record came lately: all this holds if it is alive"
    assert condition in told(service, capsys, state=state)
    assert not any("if it is alive" in line for line in told(service, capsys, state="live"))


def test_an_eta_says_what_is_not_forecast(service: Any, capsys: Capture) -> None:
    """A rule on something that is no loss is told without a probability, with its earliest step."""
    stop = {"patience": 5, "waited": 0, "probability": None, "earliest_step": 125}
    lines = told(service, capsys, early_stopping=stop)
    assert "early stopping ends it sooner: not forecast, from step 125 on (0 of 5 waited)" == lines[-1]


def test_an_eta_says_that_a_rule_was_met(service: Any, capsys: Capture) -> None:
    """A rule that did not end the run when it was met is not said to end it next time."""
    stop = {"patience": 4, "waited": 4, "probability": None, "earliest_step": None, "reason": "stop_was_due"}
    lines = told(service, capsys, early_stopping=stop)
    assert "early stopping: its rule was met, yet the run goes on (4 of 4 waited)" == lines[-1]


def test_an_eta_of_a_run_that_never_ends(service: Any, capsys: Capture) -> None:
    """Where no allocation gets to a checkpoint, that is said instead of a number of requeues."""
    limit = {"outlook": {**ETA["limit"]["outlook"], "requeues": {"0.5": None}}}  # type: ignore[dict-item,index]  # JSON
    assert any("it never ends" in line for line in told(service, capsys, limit=limit))
