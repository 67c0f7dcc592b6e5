"""``cutloss compare``: scenarios from a file."""

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
