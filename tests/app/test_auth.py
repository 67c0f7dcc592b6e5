"""Who asks, and what they may do."""

import time
from typing import Any

import pytest

from app.auth import ALLOWED, Sessions, issue, new_token, token_hash
from app.store import Store, open_store

LOGIN = "login-token-of-the-tests"


def test_report_tokens_are_write_only() -> None:
    """A report token reads nothing, a read token changes nothing, an operate token does both."""
    assert {"report": {"report"}, "read": {"read"}, "operate": {"report", "read", "operate"}} == ALLOWED


def test_only_the_hash_is_stored(store: Store) -> None:
    """A token is stored as its SHA-256, under its user and scope."""
    token = issue(store, "ada", "read", 7.0)
    stored = store.token(token_hash(token))
    assert ("ada", "read", 7.0) == (stored.user, stored.scope, stored.created)
    assert None is store.token(token)


def test_tokens_are_unlike() -> None:
    """No two tokens are alike."""
    assert 100 == len({new_token() for _ in range(100)})


def test_login_link_opens_a_session(store: Store) -> None:
    """The printed link's token opens an operating session of the service's user."""
    sessions = Sessions("secret", LOGIN, "ada")
    caller = sessions.caller(sessions.open(LOGIN, store), store)
    assert ("ada", "operate") == (caller.user, caller.scope)
    assert None is sessions.open("another", store)


def test_session_of_a_token_ends_with_it(store: Store) -> None:
    """A session opened with a stored token has its user and scope; a report token opens none."""
    sessions = Sessions("secret", None, "ada")
    caller = sessions.caller(sessions.open(issue(store, "eve", "read", 0.0), store), store)
    assert ("eve", "read") == (caller.user, caller.scope)
    assert None is sessions.open(issue(store, "eve", "report", 0.0), store)
    forgetful = open_store(None)
    cookie = sessions.open(issue(store, "eve", "read", 0.0), store)
    assert None is sessions.caller(cookie, forgetful)
    forgetful.close()


def test_forged_cookie_is_nobody(store: Store) -> None:
    """A cookie signed with another secret, or changed, is nobody's."""
    ours, theirs = Sessions("secret", LOGIN, "ada"), Sessions("other", LOGIN, "ada")
    assert None is ours.caller(theirs.open(LOGIN, store), store)
    assert None is ours.caller(ours.open(LOGIN, store)[:-2] + "xx", store)


def test_csrf_tokens_belong_to_a_session() -> None:
    """Each session has its own CSRF token, and another secret gives others."""
    sessions = Sessions("secret", LOGIN, "ada")
    assert sessions.csrf("a") == sessions.csrf("a")
    assert 3 == len({sessions.csrf("a"), sessions.csrf("b"), Sessions("other", LOGIN, "ada").csrf("a")})


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic YTpi", "bearer \u00e9".encode()])
async def test_wrong_token_is_401(service: Any, header: str | bytes) -> None:
    """Without a valid token there is nothing, and the answer says which is wanted."""
    answer = await service.client.get("/api/v1/runs", headers={"Authorization": header})
    assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"])
    assert "application/problem+json" == answer.headers["content-type"]


async def test_scope_is_not_exceeded(service: Any) -> None:
    """A read token changes nothing, a report token reads nothing; both are 403."""
    read, report = service.headers("read"), service.headers("report")
    changed = await service.client.post(
        "/api/v1/runs/x/commands", json={"command": "stop"}, headers={**read, "Idempotency-Key": "k"}
    )
    reported = await service.client.post("/api/v1/runs/x/records", json={}, headers=read)
    listed = await service.client.get("/api/v1/runs", headers=report)
    assert (403, 403, 403) == (changed.status_code, reported.status_code, listed.status_code)


async def test_login_link_sets_a_strict_cookie(service: Any) -> None:
    """The link signs the browser in and takes the token off the address bar."""
    answer = await service.client.get(f"/?token={LOGIN}")
    cookie = answer.headers["set-cookie"].lower()
    assert (303, "/") == (answer.status_code, answer.headers["location"])
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/"))
    assert 200 == (await service.client.get("/api/v1/runs")).status_code


async def test_wrong_link_is_a_readable_page(service: Any) -> None:
    """A browser without a session gets a page that says what to do, with status 401."""
    for path in ("/", "/?token=wrong"):
        answer = await service.client.get(path, headers={"Accept": "text/html"})
        assert 401 == answer.status_code
        assert answer.headers["content-type"].startswith("text/html")
        assert "cutlossd" in answer.text


async def test_session_acts_only_with_its_csrf_token(service: Any) -> None:
    """A browser session changes nothing over the API without the token of its own forms."""
    await service.report("one", steps=3)
    await service.client.get(f"/?token={LOGIN}")
    sessions = service.app.state.sessions
    caller = sessions.caller(service.client.cookies[sessions.cookie], service.app.state.store)
    statuses = []
    for token in ("", sessions.csrf("another"), sessions.csrf(caller.session)):
        headers = {"Idempotency-Key": "k", "X-CSRF-Token": token}
        answer = await service.client.post(
            "/api/v1/runs/one/commands", json={"command": "checkpoint"}, headers=headers
        )
        statuses.append(answer.status_code)
    assert [403, 403, 202] == statuses


async def test_refused_changes_are_kept(service: Any) -> None:
    """A token that may not, a form from elsewhere, somebody else's run: each attempt is in the log."""
    await service.report("one", steps=3)
    order, key = {"command": "stop"}, {"Idempotency-Key": "k"}
    for headers in (service.headers("read"), service.headers("operate", "eve")):
        await service.client.post("/api/v1/runs/one/commands", json=order, headers={**headers, **key})
    await service.client.get(f"/?token={LOGIN}")
    await service.client.post("/runs/one/scenario", data={"edit": "1"})
    kept = [(one.user, one.action, one.subject, one.outcome) for one in service.app.state.store.audit(9, 0)]
    assert [
        ("ada", "attempt", "one", "refused"),
        ("eve", "command", "one", "refused"),
        ("ada", "attempt", "one", "refused"),
    ] == kept


async def test_what_may_not_be_read_is_not_kept(service: Any) -> None:
    """The log is of changes; a reporter with a wrong token does not fill it."""
    await service.client.post("/api/v1/runs/one/records", json={}, headers=service.headers("read"))
    await service.client.get("/api/v1/runs", headers=service.headers("report"))
    assert [] == service.app.state.store.audit(9, 0)


async def test_health_needs_no_token(service: Any) -> None:
    """Whether the service is ready may be asked by anybody; its numbers may not."""
    assert 200 == (await service.client.get("/healthz")).status_code
    assert 401 == (await service.client.get("/metrics")).status_code
    metrics = await service.client.get("/metrics", headers=service.headers("read"))
    assert 'cutloss_requests_total{method="GET",route="/healthz",status="200"} 1.0' in metrics.text


def test_sessions_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session ends after two weeks."""
    sessions = Sessions("secret", LOGIN, "ada")
    cookie, now = sessions.open(LOGIN, store), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 15 * 86_400)
    assert None is sessions.caller(cookie, store)
