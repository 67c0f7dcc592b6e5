"""Curves as CSV files: through the API, on the run page and on ``/plan``."""

import re
from typing import Any

import pytest

LOGIN = "/?token=login-token-of-the-tests"
PLAN = {"name": "demo", "total_steps": 200, "validate_every": 20, "target_loss": 0.62}
CSV = "step,low,high\n20,0.7,0.8\n60,0.55,0.62\n"
MILESTONES = [[20.0, 0.7, 0.8], [60.0, 0.55, 0.62]]
Service = Any


def part(text: str = CSV) -> dict[str, Any]:
    """Return a file as a form sends it."""
    return {"file": ("curve.csv", text.encode(), "text/csv")}


async def test_a_file_is_read_as_a_scenarios_curve(service: Service) -> None:
    """What comes back is a CURVE to be put into a call of compare; nothing is kept."""
    answer = await service.client.post("/api/v1/curves", headers=service.headers("read"), files=part())
    assert (200, {"milestones": MILESTONES}) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    ("text", "status", "pointer"),
    [("step,loss\n1,2\n2,x\n", 422, "/file/line/3/column/2"), (" " * 2_000_001, 413, None)],
)
async def test_a_file_that_is_no_curve_is_refused(
    service: Service, text: str, status: int, pointer: str | None
) -> None:
    """The answer names the line and the column, or says how large a file may be."""
    answer = await service.client.post("/api/v1/curves", headers=service.headers("read"), files=part(text))
    assert status == answer.status_code
    assert pointer == next((one["pointer"] for one in answer.json().get("errors", [])), None)


async def test_a_file_becomes_the_curve_of_a_runs_fix(service: Service, make_validations: Any) -> None:
    """It is kept in the run's scenario, beside its times, and decides the run's verdict."""
    await service.report("one", steps=100, plan=PLAN, validations=make_validations(20, 100))
    before = (await service.get("/runs/one/compare")).json()["verdict"]
    path, mine = "/api/v1/runs/one/scenario/curve", service.headers()
    assert (
        404 == (await service.client.put(path, headers=service.headers(user="bob"), files=part())).status_code
    )
    assert 403 == (await service.client.put(path, headers=service.headers("read"), files=part())).status_code
    answer = await service.client.put(path, headers=mine, files=part())
    assert (200, {"milestones": MILESTONES}) == (answer.status_code, answer.json())
    run = (await service.get("/runs/one")).json()
    assert (False, MILESTONES) == (run["scenario_is_default"], run["scenario"]["curve"]["milestones"])
    after = (await service.get("/runs/one/compare")).json()["verdict"]
    told = [{reason["code"] for reason in verdict["reasons"]} for verdict in (before, after)]
    assert [True, False] == ["learns_alike" in codes for codes in told]


async def test_the_run_page_takes_a_file(service: Service, make_validations: Any) -> None:
    """The form needs its token; a wrong file is told of beside it, with the line; a right one is kept."""
    browser = service.client
    await browser.get(LOGIN, follow_redirects=True)
    await service.report("one", steps=100, plan=PLAN, validations=make_validations(20, 100))
    page = (await browser.get("/runs/one")).text
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert token is not None
    assert 403 == (await browser.post("/runs/one/curve", files=part())).status_code
    signed = {"csrf_token": token[1]}
    wrong = await browser.post("/runs/one/curve", data=signed, files=part("step,loss\n1,2\n2,x\n"))
    assert (422, True) == (wrong.status_code, "line 3, column 2 (loss)" in wrong.text)
    assert 303 == (await browser.post("/runs/one/curve", data=signed, files=part())).status_code
    assert '<option value="typed" selected>' in (await browser.get("/runs/one")).text


async def test_plan_takes_a_file_into_its_url(service: Service) -> None:
    """The other numbers stay as typed; the curve is in the URL, so that a colleague sees the same."""
    browser = service.client
    await browser.get(LOGIN, follow_redirects=True)
    typed = {"edit": "25", "steps": "150"}
    led = await browser.post("/plan/curve", data=typed, files=part())
    assert 303 == led.status_code
    assert "edit=25&steps=150&fixed_losses=20%3A+0.7-0.8%3B+60%3A+0.55-0.62" in led.headers["location"]
    assert 200 == (await browser.get(led.headers["location"])).status_code
    long = "step,loss\n" + "\n".join(f"{step},{0.3 + 3 * step**-0.5}" for step in range(1, 3_000))
    led = await browser.post("/plan/curve", data=typed, files=part(long))
    page = await browser.get(led.headers["location"])
    assert (200, False) == (page.status_code, "no number that can be used" in page.text)
    wrong = await browser.post("/plan/curve", data=typed, files=part("step,loss\n1,2\n2,x\n"))
    assert (422, True) == (wrong.status_code, "line 3, column 2 (loss)" in wrong.text)
