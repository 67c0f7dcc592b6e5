"""The ``cutloss`` command: what it prints, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cutloss.cli import main, parser
from cutloss.completion import options, subcommands
from cutloss.questions import MEANINGS, Exit
from cutloss.words import time_of_day

ETA = {
    "id": "topo-77", "status": "ok", "reason": None, "steps_left": 268, "validations_left": 1,
    "checkpoints_left": None, "remaining_seconds": {"0.1": 24000, "0.5": 25260, "0.9": 27000}, "as_of": 1.8e9,
    "finishes_within_limit": 0.97,
}  # fmt: skip
VERDICT = {
    "action": "relaunch", "scenario": "fix and relaunch", "probability": 0.93,
    "saving_seconds": {"0.5": 6180}, "reasons": [{"code": "x", "text": "Validation takes half of the time."}],
}  # fmt: skip
RUN = {
    "id": "topo-77", "state": "live", "at_step": 43, "total_steps": 311,
    "remaining_seconds": {"0.5": 25260}, "verdict": {"action": "relaunch"},
}  # fmt: skip
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def answering(service: Any) -> Callable[[int, Any], None]:
    """Return what lets the service give one answer to everything."""

    def answer(status: int, content: Any) -> None:
        service.answer = lambda _: (status, content)

    return answer


def test_runs_are_a_table(answering: Callable[[int, Any], None], capsys: Capture) -> None:
    """One line a run: id, state, step, time left, what it needs; without a badge, the verdict."""
    answering(200, {"runs": [RUN, {"id": "new"}]})
    assert Exit.ANSWERED == main(["runs"])
    _, first, second = capsys.readouterr().out.splitlines()
    assert ["topo-77", "live", "43/311", "7", "h", "1", "min", "RELAUNCH"] == first.split()
    assert ["new", "-", "-/-", "-", "-"] == second.split()


@pytest.mark.parametrize(
    ("stands", "ending"),
    [
        ({"state": "live", "badge": "misses_limit"}, "live 43/311 7 h 1 min MISSES LIMIT"),
        ({"state": "diverged", "badge": "stop"}, "diverged 43/311 no useful end STOP"),
        ({"state": "stale", "badge": "check"}, "stale 43/311 7 h 1 min, if alive CHECK"),
    ],
)
def test_a_line_says_what_the_page_says(
    answering: Callable[[int, Any], None], capsys: Capture, stands: Any, ending: str
) -> None:
    """The badge comes before the verdict, and an end that is of no use, or not sure, is not told as one."""
    answering(200, {"runs": [{**RUN, **stands}]})
    assert Exit.ANSWERED == main(["runs"])
    assert ["topo-77", *ending.split()] == capsys.readouterr().out.splitlines()[1].split()


def test_runs_can_be_searched(answering: Callable[[int, Any], None], service: Any, capsys: Capture) -> None:
    """The search and the limit travel to the service, safely quoted."""
    answering(200, {"runs": []})
    assert Exit.ANSWERED == main(["runs", "--query", "a b&c", "--limit", "5"])
    assert "/api/v1/runs?limit=5&query=a+b%26c" == service.calls[-1][0]
    assert "There are no runs.\n" == capsys.readouterr().out


def test_an_eta_is_said_with_its_range(
    answering: Callable[[int, Any], None], service: Any, capsys: Capture
) -> None:
    """Median, range, what is left, and the time limit; asked for by run or by job."""
    answering(200, ETA)
    assert Exit.ANSWERED == main(["eta", "13503904"])
    assert "/api/v1/runs/13503904/eta" == service.calls[-1][0]
    text = capsys.readouterr().out
    assert "ends in 7 h 1 min (80%: 6 h 40 min to 7 h 30 min), about " in text
    assert "left: 268 steps, 1 validation, an unknown number of checkpoints" in text
    assert "time limit: 97%" in text


def test_no_estimate_is_a_problem(answering: Callable[[int, Any], None], capsys: Capture) -> None:
    """A script sees it by the exit code, a person by the reason."""
    answering(200, {"status": "refused", "reason": "no_total_steps"})
    assert Exit.PROBLEM == main(["eta", "r"])
    assert "no estimate (no_total_steps)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"finished": "finished", "ended": 1.8e9, "steps_left": 0}, "r has ended at {clock} (finished)\n"),
        (
            {"finished": "failed", "ended": None, "steps_left": 12},
            "r has ended (failed, 12 steps before its end)\n",
        ),
        ({"finished": None, "state": "stopped"}, "r has ended (stopped)\n"),
    ],
)
def test_a_run_that_has_ended_is_no_problem(
    answering: Callable[[int, Any], None], capsys: Capture, answer: Any, told: str
) -> None:
    """How and when a run ended is an answer."""
    answering(200, {"status": "refused", "reason": "finished", **answer})
    assert Exit.ANSWERED == main(["eta", "r"])
    assert told.format(clock=time_of_day(1.8e9)) == capsys.readouterr().out


def test_a_verdict_is_said_with_its_reasons(answering: Callable[[int, Any], None], capsys: Capture) -> None:
    """Action, how sure, what it saves, why."""
    answering(200, {"verdict": VERDICT})
    assert Exit.ANSWERED == main(["verdict", "topo-77"])
    expected = "topo-77: RELAUNCH (93% sure)\nsaves 1 h 43 min\n- Validation takes half of the time.\n"
    assert expected == capsys.readouterr().out


@pytest.mark.parametrize(
    ("stands", "first"),
    [
        ({"state": "live", "badge": "relaunch"}, ["r: RELAUNCH (93% sure)"]),
        ({"state": "live", "badge": "misses_limit"}, ["r: MISSES LIMIT", "verdict: RELAUNCH (93% sure)"]),
        ({"state": "offline", "badge": "check"}, ["r: CHECK (offline)", "verdict: RELAUNCH (93% sure)"]),
    ],
)
def test_what_is_more_pressing_comes_before_the_verdict(
    answering: Callable[[int, Any], None], capsys: Capture, stands: Any, first: list[str]
) -> None:
    """The badge of the page leads where it is another one than the verdict."""
    answering(200, {"verdict": VERDICT, **stands})
    assert Exit.ANSWERED == main(["verdict", "r"])
    assert [*first, "saves 1 h 43 min"] == capsys.readouterr().out.splitlines()[:-1]


def test_a_run_without_a_number_is_to_be_stopped(
    answering: Callable[[int, Any], None], capsys: Capture
) -> None:
    """Also where it declared no end, so that there is nothing to compare; its steps' end is of no use."""
    answering(200, {"verdict": None, "state": "diverged", "badge": "stop"})
    assert Exit.ANSWERED == main(["verdict", "r"])
    assert "r: STOP\n- its loss is no finite number any more\n" == capsys.readouterr().out
    answering(200, {**ETA, "state": "diverged", "badge": "stop"})
    assert Exit.ANSWERED == main(["eta", "r"])
    useless, steps, *_ = capsys.readouterr().out.splitlines()
    assert "r: no useful end, its loss is no finite number any more" == useless
    assert steps.startswith("its steps end in 7 h 1 min")


def test_a_run_that_will_not_learn_has_no_useful_end(
    answering: Callable[[int, Any], None], capsys: Capture
) -> None:
    """Where no end is known either, that is still an answer."""
    answering(200, {"status": "refused", "reason": "no_total_steps", "state": "live", "badge": "stop"})
    assert Exit.ANSWERED == main(["eta", "r"])
    assert "r: no useful end, it is not expected to reach its target\n" == capsys.readouterr().out


def test_nothing_to_decide_is_said(answering: Callable[[int, Any], None], capsys: Capture) -> None:
    """A run that has ended has no verdict."""
    answering(200, {"verdict": None})
    assert Exit.PROBLEM == main(["verdict", "r"])
    assert "nothing to decide" in capsys.readouterr().out


@pytest.mark.parametrize(("command", "content"), [("eta", ETA), ("verdict", {"verdict": VERDICT})])
def test_json_is_the_services_answer(
    answering: Callable[[int, Any], None], capsys: Capture, command: str, content: object
) -> None:
    """Nothing is lost on the way to a script."""
    answering(200, content)
    assert Exit.ANSWERED == main([command, "r", "--json"])
    assert content == json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(404, Exit.NO_SUCH_RUN), (401, Exit.NO_ACCESS), (403, Exit.NO_ACCESS), (500, Exit.SERVICE_ERROR)],
)
def test_each_missing_answer_has_its_exit_code(
    answering: Callable[[int, Any], None], capsys: Capture, status: int, expected: Exit
) -> None:
    """The reason is the problem document's, on stderr."""
    answering(status, {"detail": "There is no run 'r'."})
    assert expected == main(["eta", "r"])
    printed = capsys.readouterr()
    assert ("", "cutloss: There is no run 'r'.\n") == (printed.out, printed.err)


@pytest.mark.usefixtures("absent_service")
def test_a_service_that_is_away_is_told_apart(capsys: Capture) -> None:
    """Away is not "no such run"."""
    assert Exit.NO_SERVICE == main(["runs"])
    assert "refused" in capsys.readouterr().err


def test_without_credentials_the_missing_file_is_named(home: Path, capsys: Capture) -> None:
    """The reason says what was looked for."""
    assert Exit.NO_SERVICE == main(["runs"])
    assert str(home / ".cutloss" / "credentials.json") in capsys.readouterr().err


@pytest.mark.parametrize("content", [[1], "text", None])
def test_an_answer_of_another_shape_is_the_services_error(
    answering: Callable[[int, Any], None], content: object
) -> None:
    """It is not shown as if it were an answer."""
    answering(200, content)
    assert Exit.SERVICE_ERROR == main(["eta", "r"])


@pytest.mark.parametrize("arguments", [[], ["dance"], ["eta"], ["runs", "--limit", "many"]])
def test_wrong_usage_is_two(arguments: list[str], capsys: Capture) -> None:
    """As every command line of this system does it."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert Exit.USAGE == ended.value.code
    assert "usage: cutloss" in capsys.readouterr().err


def test_the_help_names_every_exit_code(capsys: Capture) -> None:
    """What a script may rely on is documented where it is looked for."""
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert set(Exit) == set(MEANINGS)
    for code, meaning in MEANINGS.items():
        assert f"{int(code)}  {meaning}" in text


def test_the_doctor_finds_a_healthy_way(answering: Callable[[int, Any], None], capsys: Capture) -> None:
    """A token that is let in but for the empty batch is accepted."""
    answering(422, {})
    assert Exit.PROBLEM == main(["doctor", "--json"])
    found = {check["check"]: check["passed"] for check in json.loads(capsys.readouterr().out)}
    assert (True, True, True) == (found["process"], found["spool"], found["report token"])
    assert (False, False) == (found["service"], found["read token"])


def test_the_doctor_names_a_refused_token(answering: Callable[[int, Any], None], capsys: Capture) -> None:
    """Reached, but not let in."""
    answering(401, {"detail": "The token is unknown."})
    assert Exit.PROBLEM == main(["doctor"])
    assert "NO  report token: The token is unknown." in capsys.readouterr().out


def test_the_doctor_names_a_spool_without_a_place(home: Path, capsys: Capture) -> None:
    """A spool folder that cannot be made is found before a training needs it."""
    (home / ".cutloss").write_text("no folder")
    assert Exit.PROBLEM == main(["doctor"])
    assert f"NO  spool: {home / '.cutloss' / 'spool'} cannot be used" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(subcommands(parser())))
def test_every_command_answers_in_json(name: str) -> None:
    """For scripts, whatever it does."""
    words = {word for action in options(subcommands(parser())[name]) for word in action.option_strings}
    assert {"--json", "--help"} <= words
