"""Whatever is sent, the answer is a refusal that helps: never a failure, never a made-up answer."""

import copy
import json
import math
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.auth import issue
from app.errors import LONGEST_VALUE
from app.main import create_app
from app.settings import Settings
from tests.app.malformed import GOOD, RAW, SPOILT, spoil

PLAIN = re.compile(
    r"pydantic|\bvalid (list|dict|integer|string|number|boolean|tuple)|Input should|String should|Tuple|List "
    r"|Field required|None|\bdict|<class|function|Traceback|True|False|after validation|validation error"
)
"""What no refusal says: words of Python, or of the libraries behind the service."""

AT_LEISURE = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@dataclass(frozen=True)
class Asker:
    """Sends bodies to an application."""

    client: httpx.AsyncClient
    headers: dict[str, str]

    async def ask(self, endpoint: str, content: bytes) -> httpx.Response:
        """Return the answer to a body."""
        return await self.client.post(f"/api/v1/{endpoint}", content=content, headers=self.headers)


@pytest.fixture
async def asker(tmp_path: Path) -> AsyncIterator[Asker]:
    """Yield what sends bodies to a running application; its failures are answers, as they are to a client."""
    configured = Settings(state=tmp_path, spool=(tmp_path / "spool",), scheduler="none", user="ada")
    app = create_app(configured)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        token = issue(app.state.store, "ada", "operate", 1.0)
        yield Asker(client, {"Authorization": f"Bearer {token}"})


def strictly(answer: httpx.Response) -> Any:
    """Return the JSON of an answer, which holds no NaN."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(answer.content, parse_constant=refuse)


def found(body: Any, pointer: str) -> bool:
    """Tell whether the place, or the object it is missing in, is in a body."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for depth, part in enumerate(parts):
        if isinstance(body, list) and part.isdigit() and int(part) < len(body):
            body = body[int(part)]
        elif isinstance(body, dict) and part in body:
            body = body[part]
        else:
            return isinstance(body, dict) and depth == len(parts) - 1
    return True


def check_refusal(answer: httpx.Response, content: bytes) -> list[dict[str, Any]]:
    """Return what a refusal names; it is a problem document in plain words that points into the body."""
    assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"]), (
        answer.text
    )
    problem = strictly(answer)
    assert problem["errors"]
    for error in problem["errors"]:
        assert error["expected"]
        assert not PLAIN.search(error["expected"]), error
        assert len(json.dumps(error["value"])) <= 4 * LONGEST_VALUE
        if error["pointer"]:
            assert found(json.loads(content), error["pointer"]), error
            assert problem["detail"].startswith("/")
    return list(problem["errors"])


def shown_as(value: object) -> object:
    """Return a simple value as a refusal shows it."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


@pytest.mark.parametrize("endpoint", GOOD)
async def test_the_good_body_is_good(asker: Asker, endpoint: str) -> None:
    """What is spoilt below is answered as it stands."""
    answer = await asker.ask(endpoint, json.dumps(GOOD[endpoint]).encode())
    assert 200 == answer.status_code, answer.text


@pytest.mark.parametrize("endpoint", SPOILT)
async def test_each_spoilt_place_is_named(asker: Asker, endpoint: str) -> None:
    """Of over eighty wrong bodies for each endpoint each is refused at its place, with the value there."""
    assert len(SPOILT[endpoint]) >= 80
    for place, value, *named in SPOILT[endpoint]:
        content = spoil(GOOD[endpoint], place, value)
        errors = check_refusal(await asker.ask(endpoint, content), content)
        assert (named or [place])[0] in {error["pointer"] for error in errors}, (place, value, errors)
        if not named and isinstance(value, str | bool | float) and len(str(value)) <= LONGEST_VALUE:
            assert shown_as(value) == errors[0]["value"]


@pytest.mark.parametrize("endpoint", GOOD)
async def test_what_is_no_json_is_refused_as_a_whole(asker: Asker, endpoint: str) -> None:
    """Broken, foreign and endlessly nested bodies point at the whole."""
    for name, content in RAW.items():
        answer = await asker.ask(endpoint, content)
        assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"]), name
        (error,) = strictly(answer)["errors"]
        assert "" == error["pointer"], name
        assert not PLAIN.search(error["expected"])


def places(body: Any, place: str = "") -> Iterator[str]:
    """Yield every place of a body."""
    yield place
    inside = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for part, item in inside:
        yield from places(item, f"{place}/{part}")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.sampled_from(
        ["never", "latest", "nan", "continue", "relaunch", "stop", "train", -1, 0, 2**53, 1e300]
    ),
    lambda part: st.lists(part, max_size=3)
    | st.dictionaries(st.sampled_from(["name", "action", "run", "steps", "seq", "x"]), part, max_size=3),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.parametrize("endpoint", GOOD)
async def test_anything_anywhere(asker: Asker, endpoint: str) -> None:
    """Anything put anywhere in a good body is answered or refused in form, never failed at."""
    sent: list[tuple[str, Any]] = []

    @AT_LEISURE
    @given(place=st.sampled_from(list(places(GOOD[endpoint]))[1:]), value=ANYTHING)
    def collect(place: str, value: Any) -> None:
        sent.append((place, copy.deepcopy(value)))

    collect()
    refused = 0
    for place, value in sent:
        content = spoil(GOOD[endpoint], place, value)
        answer = await asker.ask(endpoint, content)
        if answer.status_code == 200:
            strictly(answer)
        else:
            check_refusal(answer, content)
            refused += 1
    assert refused > len(sent) / 4


async def test_parameters_are_named_by_where_they_stand(asker: Asker) -> None:
    """A parameter of the path, the query or the header is told from a field of the body."""
    answers = [
        await asker.ask("runs/-r/records", b"{}"),
        await asker.client.get("/api/v1/runs?limit=many", headers=asker.headers),
        await asker.ask("runs/r/commands", b'{"command": "stop"}'),
    ]
    assert ["/path/run", "/query/limit", "/header/Idempotency-Key"] == [
        answer.json()["errors"][0]["pointer"] for answer in answers
    ]


@pytest.mark.parametrize("run", ["-r", ".r", "..", "a b", "x" * 101, "é"])
async def test_ids_of_runs_are_safe_names(asker: Asker, run: str) -> None:
    """An id neither hides a folder nor reads as an option."""
    answer = await asker.ask(f"runs/{run}/records", json.dumps(GOOD["runs/r/records"]).encode())
    assert answer.status_code in {404, 422}


async def test_json_is_read_whatever_its_type_says(asker: Asker) -> None:
    """``curl -d`` calls JSON a form; it is read all the same."""
    headers = {**asker.headers, "Content-Type": "application/x-www-form-urlencoded"}
    answer = await asker.client.post("/api/v1/eta", content=b'{"runs": []}', headers=headers)
    assert (200, {"etas": []}) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"curves": [{"id": "a", "steps": ["x"] * 500_000, "losses": ["x"] * 500_000}]}),
        json.dumps({"curves": [], **{f"k{n}": 1 for n in range(100_000)}}),
        json.dumps({"curves": [{}] * 100_000}),
    ],
)
async def test_a_body_of_wrong_items_is_no_million_errors(asker: Asker, content: str) -> None:
    """A large wrong body is refused after its first wrong items."""
    answer = await asker.ask("forecast", content.encode())
    assert 422 == answer.status_code
    assert len(answer.json()["errors"]) <= 3


async def test_every_route_reads_its_json_strictly(asker: Asker, service: Any) -> None:
    """What takes a body refuses broken, foreign and endlessly nested ones in the one form."""
    taken = 0
    for path, operations in service.app.openapi()["paths"].items():
        for method, operation in operations.items():
            if "application/json" not in operation.get("requestBody", {}).get("content", {}):
                continue
            url = re.sub(r"\{action\}", "hold", path)
            for name in ("half an object", "no UTF-8 inside", "objects too deep", "a number of 5,000 digits"):
                headers = {**asker.headers, "Idempotency-Key": name}
                answer = await asker.client.request(
                    method, re.sub(r"\{\w+\}", "r", url), content=RAW[name], headers=headers
                )
                assert 422 == answer.status_code, (method, path, name)
                assert strictly(answer)["errors"]
            taken += 1
    assert taken >= 9


@pytest.mark.parametrize("endpoint", GOOD)
async def test_a_stranger_hears_nothing_of_the_body(asker: Asker, endpoint: str) -> None:
    """Without a token the answer is 401, whatever is sent."""
    for content in (
        RAW["half an object"],
        RAW["objects too deep"],
        b"{}",
        json.dumps(GOOD[endpoint]).encode(),
    ):
        answer = await asker.client.post(f"/api/v1/{endpoint}", content=content)
        assert (401, []) == (answer.status_code, answer.json()["errors"])
