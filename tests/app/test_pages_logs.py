"""The page on which a job's log is had followed."""

import re
from pathlib import Path
from typing import Any

import pytest

from app.slurm.scheduler import JobFacts

LOGIN = "/?token=login-token-of-the-tests"
Service = Any


class OneJob:
    """A scheduler that knows job 77 of this user."""

    cluster = "c1"
    user = "ada"

    def __init__(self, output: Path) -> None:
        self._output = output

    def detail(self, job_id: str) -> JobFacts | None:
        """Return the job."""
        facts = JobFacts("77", "c1", "RUNNING", user="ada", name="topo", stdout=str(self._output))
        return facts if job_id == "77" else None


@pytest.fixture
async def visitor(service: Service, tmp_path: Path) -> Any:
    """Return a browser that is signed in to a service with one job."""
    scheduler: Any = OneJob(tmp_path / "slurm-77.out")
    service.app.state.job_logs._scheduler = scheduler
    assert 200 == (await service.client.get(LOGIN, follow_redirects=True)).status_code
    return service.client


async def sent(visitor: Any, path: str = "/logs", **fields: str) -> Any:
    """Send the form as the browser has it."""
    page = (await visitor.get("/logs")).text
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert found
    return await visitor.post(path, data={"csrf_token": found.group(1), **fields})


async def test_a_jobs_log_is_followed_from_the_page(visitor: Any) -> None:
    """What was asked for is listed, and can be left again."""
    answer = await sent(visitor, job="77", name="", total_steps="311", validate_every="")
    assert (303, "/logs") == (answer.status_code, answer.headers["location"])
    page = (await visitor.get("/logs")).text
    assert "topo-77" in page
    assert "Follow job 77 no longer" in page
    assert 303 == (await sent(visitor, "/logs/77/leave")).status_code
    assert "no longer followed" in (await visitor.get("/logs")).text


@pytest.mark.parametrize(
    ("job", "steps", "words"),
    [
        ("78", "", "does not know job 78"),
        ("x<b>", "", "expected a job"),
        ("77", "many", "whole numbers from 1"),
        ("77", "0", "whole numbers from 1"),
    ],
)
async def test_what_cannot_be_followed_is_said(visitor: Any, job: str, steps: str, words: str) -> None:
    """The form comes back with what was typed, and nothing is followed."""
    answer = await sent(visitor, job=job, total_steps=steps)
    assert 409 == answer.status_code
    assert words in answer.text
    assert "<b>" not in answer.text
    assert "no longer" not in (await visitor.get("/logs")).text


async def test_a_form_without_its_token_follows_nothing(visitor: Any) -> None:
    """Another site cannot have a log followed."""
    assert 403 == (await visitor.post("/logs", data={"job": "77"})).status_code
