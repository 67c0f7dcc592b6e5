"""The stateless endpoints: the worked example, and everything that is refused."""

import math
from typing import Any

import pytest

PLAN = {"total_steps": 311, "validate_every": 25, "checkpoint_every": "never"}
CONTINUE = {"name": "continue", "action": "continue"}
RELAUNCH = {
    "name": "fix and relaunch", "action": "relaunch", "edit_seconds": 2400, "test_seconds": 900,
    "queue_seconds": 600, "plan": {"total_steps": 150}, "resume_step": 0, "cancel": "now",
}  # fmt: skip


def question(*scenarios: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the worked example's question."""
    return {
        "job": "13503904",
        "elapsed_seconds": 4200,
        "at_step": 43,
        "plan": PLAN,
        "pace": {"step_seconds": 45, "validation_seconds": 1200, "startup_seconds": 0},
        "target": None,
        "scenarios": list(scenarios or (CONTINUE, RELAUNCH)),
        **changes,
    }


def only(quantiles: dict[str, float]) -> float:
    """Return the one value of quantiles that agree."""
    (value,) = set(quantiles.values())
    return value


async def compared(service: Any, body: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a comparison."""
    answer = await service.post("/compare", body)
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_worked_example_as_scheduled(service: Any) -> None:
    """Exact in, exact out: 11 validations, finishes, totals, saving and break-even to the second."""
    answer = await compared(service, question())
    going_on, relaunch = answer["outcomes"]
    assert (25_260, 29_460, 11) == (
        only(going_on["finish_seconds"]), only(going_on["total_seconds"]), going_on["validations_left"],
    )  # fmt: skip
    assert (17_850, 22_050, 6) == (
        only(relaunch["finish_seconds"]), only(relaunch["total_seconds"]), relaunch["validations_left"],
    )  # fmt: skip
    verdict = answer["verdict"]
    assert ("relaunch", 7410, 11_310) == (
        verdict["action"], only(verdict["saving_seconds"]), verdict["break_even_seconds"],
    )  # fmt: skip
    assert 0.25 == round(verdict["saving_fraction"], 2)
    assert "different_goals" in {reason["code"] for reason in verdict["reasons"]}


async def test_worked_example_with_the_documents_count(service: Any) -> None:
    """The document's count of 10 validations overrides the plan's."""
    answer = await compared(service, question({**CONTINUE, "validations_left": 10}, RELAUNCH))
    going_on = answer["outcomes"][0]
    assert (24_060, 28_260) == (only(going_on["finish_seconds"]), only(going_on["total_seconds"]))
    assert (6210, 10_110) == (
        only(answer["verdict"]["saving_seconds"]), answer["verdict"]["break_even_seconds"],
    )  # fmt: skip


async def test_worked_example_with_its_own_startup(service: Any) -> None:
    """A relaunch pays this job's start-up; continuing does not, for it has begun."""
    answer = await compared(service, question(CONTINUE, {**RELAUNCH, "pace": {"startup_seconds": 960}}))
    relaunch = answer["outcomes"][1]
    assert (18_810, 23_010) == (only(relaunch["finish_seconds"]), only(relaunch["total_seconds"]))
    assert (6450, 10_350) == (
        only(answer["verdict"]["saving_seconds"]), answer["verdict"]["break_even_seconds"],
    )  # fmt: skip


async def test_worked_example_with_rarer_validation(service: Any) -> None:
    """Validating every 100 steps beats every relaunch."""
    rarer = {"name": "rarer", "action": "continue", "plan": {"validate_every": 100}}
    answer = await compared(service, question(rarer, RELAUNCH))
    assert (15_660, 19_860) == (
        only(answer["outcomes"][0]["finish_seconds"]), only(answer["outcomes"][0]["total_seconds"]),
    )  # fmt: skip
    assert "rarer" == answer["verdict"]["scenario"]


async def test_same_question_same_bytes(service: Any) -> None:
    """The same body and seed give the same bytes, also where durations are uncertain."""
    body = question(CONTINUE, {**RELAUNCH, "edit_seconds": [1200, 3600]}, seed=7)
    assert (await service.post("/compare", body)).content == (await service.post("/compare", body)).content


async def test_curve_of_points_is_forecast(service: Any) -> None:
    """A scenario's curve may be points seen so far; they are forecast up to its end."""
    points = {"steps": list(range(1, 44)), "losses": [0.3 + 3.0 * step**-0.5 for step in range(1, 44)]}
    going_on = {**CONTINUE, "curve": {"points": points}}
    answer = await compared(service, question(going_on, target={"loss": 0.55, "of": "train"}))
    assert "ok" == answer["outcomes"][0]["status"]
    assert 0.3 < answer["outcomes"][0]["loss_at_end"]["0.5"] < 0.7


async def test_curve_of_a_stored_run(service: Any) -> None:
    """A scenario's curve may be a stored run's, by its id; somebody else's is no run."""
    await service.report("earlier", steps=60, plan={"total_steps": 60})
    relaunch = {**RELAUNCH, "curve": {"run": "earlier"}}
    body = question(CONTINUE, relaunch, target={"loss": 0.6, "of": "train"})
    answer = await compared(service, body)
    assert ("ok", "refused") == (answer["outcomes"][1]["status"], answer["outcomes"][0]["status"])
    refused = await service.post("/compare", body, user="eve")
    assert 422 == refused.status_code
    assert "/scenarios/1/curve/run" == refused.json()["errors"][0]["pointer"]


async def test_curve_of_a_stored_run_continues_where_it_is_told(service: Any) -> None:
    """A relaunch that counts from 0 from an earlier run's checkpoint has that run's losses from there on."""
    await service.report("earlier", steps=200, plan={"total_steps": 200})
    ends = []
    for place in ({}, {"from_step": 100}):
        relaunch = {**RELAUNCH, "plan": {"total_steps": 60}, "curve": {"run": "earlier", **place}}
        body = question(relaunch, target={"loss": 0.9, "of": "train"})
        ends.append((await compared(service, body))["outcomes"][0]["loss_at_end"]["0.5"])
    assert pytest.approx([0.3 + 3.0 * 60**-0.5, 0.3 + 3.0 * 160**-0.5], rel=0.04) == ends


async def test_a_place_in_no_run(service: Any) -> None:
    """A step to continue from belongs to a run; beside milestones it is refused."""
    curve = {"milestones": [[10, 0.5, 0.8]], "from_step": 3}
    refused = await service.post("/compare", question(CONTINUE, {**RELAUNCH, "curve": curve}))
    assert (422, "/scenarios/1/curve/from_step") == (
        refused.status_code, refused.json()["errors"][0]["pointer"],
    )  # fmt: skip


async def test_target_without_a_curve_waits(service: Any) -> None:
    """A target without a curve: the outcome is refused and the verdict is to wait."""
    answer = await compared(service, question(target={"loss": 0.34, "of": "val"}))
    assert ("refused", "no_curve") == (answer["outcomes"][0]["status"], answer["outcomes"][0]["reason"])
    assert ("wait", None) == (answer["verdict"]["action"], answer["verdict"]["probability"])


async def test_suggestions_can_be_asked(service: Any) -> None:
    """Every suggestion is a scenario that the endpoint itself accepts."""
    answer = await compared(service, question())
    assert answer["suggestions"]
    again = await service.post("/compare", question(*answer["suggestions"]))
    assert 200 == again.status_code, again.text


WRONG = {
    "wrong type": ({"at_step": "43"}, "/at_step", "43"),
    "true is no number": ({"at_step": True}, "/at_step", True),
    "negative seconds": ({"elapsed_seconds": -1}, "/elapsed_seconds", -1),
    "total_steps 0": ({"plan": {"total_steps": 0}}, "/plan/total_steps", 0),
    "validate_every 0": ({"plan": {**PLAN, "validate_every": 0}}, "/plan/validate_every", 0),
    "low above high": ({"pace": {"step_seconds": [50, 40]}}, "/pace/step_seconds", [50, 40]),
    "a job that is no id": ({"job": "1; id"}, "/job", "1; id"),
    "an option for a job": ({"job": "--user=bob"}, "/job", "--user=bob"),
    "a job with a line end": ({"job": "1\n"}, "/job", "1\n"),
    "unknown field": ({"at_stop": 43}, "/at_stop", 43),
    "unknown action": ({"scenarios": [{"name": "a", "action": "pause"}]}, "/scenarios/0/action", "pause"),
    "no scenario": ({"scenarios": []}, "/scenarios", []),
    "quantile 1": ({"quantiles": [0.5, 1]}, "/quantiles/1", 1),
    "two of a name": ({"scenarios": [CONTINUE, CONTINUE]}, "/scenarios/1/name", "continue"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_wrong_comparison_is_named(service: Any, name: str) -> None:
    """A wrong call is 422 as a whole, naming the field, the value and what was expected."""
    changes, pointer, value = WRONG[name]
    answer = await service.post("/compare", question(**changes))
    assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    (error,) = answer.json()["errors"]
    assert (pointer, value) == (error["pointer"], error["value"])
    assert error["expected"]


async def test_too_many_scenarios(service: Any) -> None:
    """At most 50 scenarios are compared."""
    many = [{"name": str(n), "action": "continue"} for n in range(51)]
    answer = await service.post("/compare", question(*many))
    assert (422, "/scenarios") == (answer.status_code, answer.json()["errors"][0]["pointer"])


@pytest.mark.parametrize(
    ("milestones", "pointer"),
    [([[10, 0.5, 0.4]], "/milestones/0"), ([[10, None, 0.4], [10, None, 0.3]], "/milestones/1/0")],
)
async def test_wrong_milestones(service: Any, milestones: list[Any], pointer: str) -> None:
    """Milestones have low at most high, and steps that increase."""
    going_on = {**CONTINUE, "curve": {"milestones": milestones}}
    answer = await service.post("/compare", question(going_on))
    assert 422 == answer.status_code
    assert f"/scenarios/0/curve{pointer}" == answer.json()["errors"][0]["pointer"]


async def test_forecast_answers_and_refuses_by_item(service: Any) -> None:
    """A curve that cannot be forecast is refused with its reason; the others are answered."""
    steps = list(range(1, 41))
    curves = [
        {"id": "good", "kind": "train", "steps": steps, "losses": [0.3 + 3 * s**-0.5 for s in steps],
         "total_steps": 100, "at": [100], "targets": [0.7, 0.1]},
        {"id": "short", "kind": "train", "steps": [1, 2], "losses": [3.0, 2.0]},
        {"id": "gone", "kind": "train", "steps": steps, "losses": [3.0, *[None] * 39]},
    ]  # fmt: skip
    answer = await service.post("/forecast", {"curves": curves, "quantiles": [0.9, 0.1, 0.5]})
    good, short, gone = answer.json()["forecasts"]
    assert ("good", "ok", None) == (good["id"], good["status"], good["reason"])
    assert ["0.1", "0.5", "0.9"] == list(good["at"][0]["quantiles"])
    likely, unlikely = good["targets"]
    assert likely["probability"] > 0.9
    assert unlikely["probability"] < 0.1
    assert ("refused", "too_few_points") == (short["status"], short["reason"])
    assert "refused" == gone["status"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"losses": [1.0]}, "/curves/0/losses"),
        ({"steps": [1, -2]}, "/curves/0/steps/1"),
        ({"companion": "nobody"}, "/curves/0/companion"),
        ({"total_steps": 0}, "/curves/0/total_steps"),
        ({"lr_schedule": [[10, 0.1], [5, 0.1]]}, "/curves/0/lr_schedule/1/0"),
    ],
)
async def test_wrong_curve_is_named(service: Any, change: dict[str, Any], pointer: str) -> None:
    """A malformed curve makes the whole call 422, pointing at it."""
    curve = {"id": "a", "steps": [1, 2], "losses": [3.0, 2.0], **change}
    answer = await service.post("/forecast", {"curves": [curve]})
    assert (422, pointer) == (answer.status_code, answer.json()["errors"][0]["pointer"])


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_not_a_number_in_steps(service: Any, literal: str) -> None:
    """A number that is not finite is refused, however it is written."""
    body = f'{{"curves": [{{"id": "a", "steps": [1, {literal}], "losses": [3.0, 2.0]}}]}}'
    answer = await service.client.post("/api/v1/forecast", content=body, headers=service.headers("read"))
    assert (422, "/curves/0/steps/1") == (answer.status_code, answer.json()["errors"][0]["pointer"])


async def test_no_json_at_all(service: Any) -> None:
    """A body that is no JSON is 422, and says so."""
    answer = await service.client.post("/api/v1/eta", content=b'{"runs": [', headers=service.headers("read"))
    assert 422 == answer.status_code
    assert answer.json()["errors"][0]["expected"].startswith("valid JSON")


async def test_eta_of_a_run_beyond_its_end_is_refused(service: Any) -> None:
    """More completed steps than the plan has are a contradiction."""
    runs = [{"id": "a", "at_step": 312, "plan": PLAN}]
    answer = await service.post("/eta", {"runs": runs})
    assert 422 == answer.status_code
    assert "/runs/0/at_step" == answer.json()["errors"][0]["pointer"]


async def test_quantiles_are_keyed_as_they_were_asked(service: Any) -> None:
    """A level is the key of its quantile, digit for digit."""
    answer = await compared(service, question(quantiles=[0.05, 0.123456789, 0.5]))
    assert ["0.05", "0.123456789", "0.5"] == list(answer["outcomes"][0]["finish_seconds"])


async def test_eta_counts_what_is_due(service: Any) -> None:
    """The plan's validations and checkpoints still due are counted, and phases add up to the mean."""
    run = {
        "id": "a", "at_step": 43, "plan": {**PLAN, "checkpoint_every": 50},
        "steps": {"step": list(range(1, 44)), "seconds": [45.0] * 42 + [None]},
        "validations": {"step": [25], "seconds": [1200.0]},
        "checkpoints": {"step": [], "seconds": []},
    }  # fmt: skip
    answer = await service.post("/eta", {"runs": [run]})
    (eta,) = answer.json()["etas"]
    assert ("ok", 268, 11, 6) == (
        eta["status"], eta["steps_left"], eta["validations_left"], eta["checkpoints_left"],
    )  # fmt: skip
    assert math.isclose(eta["mean_seconds"], sum(eta["by_phase"].values()), rel_tol=1e-9)


async def test_eta_refuses_by_item(service: Any) -> None:
    """A run of which nothing is timed is refused, with what is still due of it."""
    answer = await service.post("/eta", {"runs": [{"id": "a", "at_step": 0, "plan": PLAN}]})
    (eta,) = answer.json()["etas"]
    assert ("refused", "no_steps", 311) == (eta["status"], eta["reason"], eta["steps_left"])


async def test_contradictory_run_is_named(service: Any) -> None:
    """What only the planner can see to be contradictory points into the call as well."""
    run = {"id": "a", "at_step": 10, "plan": PLAN, "resumed_at_step": 20}
    answer = await service.post("/eta", {"runs": [run]})
    assert (422, "/runs/0/resumed_at_step") == (answer.status_code, answer.json()["errors"][0]["pointer"])


async def test_questions_need_a_read_token(service: Any) -> None:
    """A report token may only report."""
    answer = await service.client.post("/api/v1/eta", json={"runs": []}, headers=service.headers("report"))
    assert (403, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
