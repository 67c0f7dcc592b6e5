"""Messages as codes with parameters."""

import re
from pathlib import Path

import pytest

import planner
from planner.reasons import TEMPLATES, reason, refused, spoken


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (45.9, "45.9 s"),
        (120, "2 min"),
        (2400, "40 min"),
        (7410, "2 h 04"),
        (25260, "7 h 01"),
        (360000, "4 d 4 h"),
        (-2400, "-40 min"),
    ],
)
def test_durations_are_spoken_as_people_say_them(seconds: float, words: str) -> None:
    """Seconds below two minutes, minutes below an hour, hours and minutes, then days and hours."""
    assert words == spoken(seconds)


def test_reason_keeps_its_parameters() -> None:
    """A reason can be said again in another language: the numbers it was filled with stay with it."""
    said = reason("startup_again", scenario="fix", startup_seconds=960)
    assert "fix pays the start-up of 16 min again." == said.text
    assert ("startup_again", {"scenario": "fix", "startup_seconds": 960}) == (said.code, said.parameters)


def test_unforeseen_refusal_still_has_a_sentence() -> None:
    """A refusal without a sentence of its own is said by its code."""
    assert "The curve of a cannot be forecast: too strange." == refused("a", "too_strange").text


def test_every_code_is_said_somewhere_and_has_a_template() -> None:
    """Each code that the planner names has a template, and no template is left over."""
    source = "".join(path.read_text() for path in Path(planner.__path__[0]).glob("*.py"))
    said = set(re.findall(r'reason\(\s*"(\w+)"', source)) | set(re.findall(r'"(do_\w+)"', source))
    assert said <= set(TEMPLATES)
    unused = {code for code in TEMPLATES if len(re.findall(rf'"{code}"', source)) < 2}
    built = {f"{name}_{side}" for name in _INPUTS for side in ("above", "below")}
    assert set() == unused - built - _REFUSALS


_INPUTS = (
    "step_seconds",
    "validation_seconds",
    "checkpoint_seconds",
    "startup_seconds",
    "success_probability",
    "loss",
    "total_steps",
)
_REFUSED_BY_THE_CALLER = {"never_that_low"}
_REFUSALS = {f"missing_{name}" for name in _INPUTS[:4]} | _REFUSED_BY_THE_CALLER
