"""docs/api.md: its commands work, and its table of further fields is true."""

import json
import re
import shlex
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest

from tests.app.malformed import GOOD

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
URL = "http://127.0.0.1:8765"
COMMANDS = [
    "curl" + command
    for block in re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for command in re.split(r"^curl", block, flags=re.MULTILINE)[1:]
]
PROMISED = {
    "forecast": {
        "forecasts", "id", "status", "reason", "warnings", "law", "floor", "exponent", "amplitude", "at",
        "step", "quantiles", "targets", "loss", "probability", "step_quantiles",
    },
    "eta": {
        "etas", "id", "status", "reason", "steps_left", "validations_left", "checkpoints_left",
        "remaining_seconds", "by_phase", "step", "validation", "checkpoint", "mean_seconds",
        "finishes_within_limit", "step_at_limit",
    },
    "compare": {
        "outcomes", "name", "status", "reason", "finish_seconds", "total_seconds", "steps_left",
        "validations_left", "loss_at_end", "probability_of_target", "probability_first", "regret_seconds",
        "gpu_hours", "cost", "kwh", "kg_co2", "attention_seconds", "milestones", "step", "loss", "timeline",
        "phase", "start_seconds", "seconds", "verdict", "action", "scenario", "probability", "saving_seconds",
        "saving_fraction", "sunk_seconds", "break_even_seconds", "saving_over_experiments_seconds",
        "sensitivity", "input", "flips_at", "swing_seconds", "pareto", "reasons", "code", "text", "better_if",
        "suggestions", "actions", "at_seconds", "kind",
    },
    "runs/r/records": {"acknowledged_seq", "commands"},
}  # fmt: skip
FREE = {"parameters", "better_if", "suggestions"}
"""Objects whose keys are data."""


def of_curl(command: str, token: str) -> dict[str, Any]:
    """Return the request that a curl command sends."""
    parser = ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-X")
    parser.add_argument("-d")
    words = shlex.split(command.replace("\\\n", " ").replace("$TOKEN", token).replace("$URL", URL))
    given = parser.parse_args(words[1:])
    headers = dict(header.split(": ", 1) for header in given.H)
    if given.d is not None:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")  # as curl itself does
    method = given.X or ("GET" if given.d is None else "POST")
    return {"method": method, "url": given.url, "headers": headers, "content": given.d}


@pytest.mark.parametrize("command", COMMANDS, ids=range(len(COMMANDS)))
async def test_each_command_is_answered(service: Any, command: str) -> None:
    """As it stands on the page, against a service that knows the run it names."""
    await service.report("my-run", steps=40, plan={"total_steps": 60, "validate_every": 20})
    token = service.headers("operate")["Authorization"].removeprefix("Bearer ")
    answer = await service.client.request(**of_curl(command, token))
    assert answer.is_success, answer.text


def keys(answer: Any, into: set[str]) -> set[str]:
    """Return the names of all fields of an answer, quantiles left out."""
    if isinstance(answer, list):
        for item in answer:
            keys(item, into)
    elif isinstance(answer, dict):
        for name, item in answer.items():
            if not re.fullmatch(r"0\.\d+", name):
                into.add(name)
                if name not in FREE:
                    keys(item, into)
    return into


@pytest.mark.parametrize("endpoint", GOOD)
async def test_answers_hold_what_is_promised_and_what_is_told(service: Any, endpoint: str) -> None:
    """Every field of the contract is there, and every other one is in the page's table."""
    question = json.loads(json.dumps(GOOD[endpoint]))
    if endpoint == "compare":  # the verdict of a comparison that can be made holds everything
        question |= {"target": None}
    answer = await service.post(f"/{endpoint}", question)
    found = keys(answer.json(), set())
    told = set(re.findall(r"^\| `/\w+` \| `\S*?(\w+)` \|", PAGE, re.MULTILINE))
    assert set() == PROMISED[endpoint] - found
    assert set() == found - PROMISED[endpoint] - told


async def test_the_example_of_a_refusal_is_the_service_s(service: Any) -> None:
    """The problem document on the page is what the call it speaks of gets."""
    (example,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    answer = await service.post("/eta", {"runs": [{"id": "a", "at_step": "3", "plan": {}}]})
    assert json.loads(example) == answer.json()
