"""Posting to services that work, fail, hang, refuse and come back."""

import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cutloss
import pytest
from cutloss import sender as sender_module

Records = Callable[..., list[dict[str, Any]]]
Wait = Callable[[Callable[[], object], str], None]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sender try again soon; the rules are the same at any pace."""
    monkeypatch.setattr(sender_module, "POST_SECONDS", 0.05)
    monkeypatch.setattr(sender_module, "LONGEST_PAUSE_SECONDS", 0.2)


def train(run: cutloss.Run, first: int, last: int) -> None:
    """Report some steps."""
    for step in range(first, last + 1):
        run.step(step, loss=1.0 / step, lr=0.1)


def test_records_arrive_once_each_and_in_order(service: Any) -> None:
    """What the spool holds is what the service got, with the attempt and the token."""
    run = cutloss.init("arrives", total_steps=100)
    train(run, 1, 100)
    run.finish()
    assert list(range(1, 101)) == service.column("steps", "step")
    seqs = sorted(seq for block in ("steps", "notes", "spans") for seq in service.column(block, "seq"))
    assert list(range(1, len(seqs) + 1)) == seqs
    path, headers, batch = service.calls[-1]
    assert (f"/api/v1/runs/{run.id}/records", "Bearer a-token") == (path, headers["Authorization"])
    assert (1, run.attempt, None) == (batch["v"], batch["attempt"], batch["job"])


def test_losses_that_are_not_finite_arrive(service: Any) -> None:
    """NaN and the infinities travel as words."""
    run = cutloss.init("nan")
    for step, loss in enumerate((float("nan"), float("inf"), float("-inf")), start=1):
        run.step(step, loss=loss)
    run.finish()
    assert ["nan", "inf", "-inf"] == service.column("steps", "loss")


def test_records_are_posted_while_the_training_runs(service: Any, wait_for: Wait) -> None:
    """The page is live: nothing waits for the end."""
    run = cutloss.init("live")
    train(run, 1, 3)
    wait_for(lambda: service.column("steps", "step") == [1, 2, 3], "the steps")
    run.finish()


def test_an_idle_run_sends_heartbeats(service: Any, wait_for: Wait, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch without records says that the training lives."""
    monkeypatch.setattr(sender_module, "HEARTBEAT_SECONDS", 0.1)
    run = cutloss.init("idle")
    wait_for(lambda: sum("notes" not in batch for batch in service.batches) >= 2, "two heartbeats")
    run.finish()


def test_nothing_is_lost_while_the_service_is_away(
    absent_service: int, new_service: Callable[[int], Any], wait_for: Wait
) -> None:
    """Records of an outage arrive when the service is there, in bounded batches."""
    run = cutloss.init("away")
    train(run, 1, 8_000)
    wait_for(lambda: run.counters.post_failures >= 2, "failed posts")
    service = new_service(absent_service)
    wait_for(lambda: len(service.column("steps", "step")) == 8_000, "the records")
    run.finish()
    assert list(range(1, 8_001)) == service.column("steps", "step")
    sizes = [len(batch.get("steps", {}).get("seq", [])) for batch in service.batches]
    assert max(sizes) <= sender_module.BATCH_LIMIT


@pytest.mark.parametrize("status", [500, 502, 503, 401, 403, 404, 429])
def test_an_error_that_may_pass_is_tried_again(service: Any, wait_for: Wait, status: int) -> None:
    """A record is not given up for a server's bad day or a token that is renewed."""
    service.answer = lambda _: (status, {})
    run = cutloss.init("errors")
    train(run, 1, 3)
    wait_for(lambda: len(service.refused) >= 2, "two tries")
    service.answer = lambda _: (200, {})
    wait_for(lambda: service.column("steps", "step") == [1, 2, 3], "the steps")
    run.finish()


def test_a_refused_record_is_set_aside_and_blocks_nothing(
    service: Any, wait_for: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused batch is split until only the culprits are set aside; they are counted."""
    monkeypatch.setattr(sender_module, "SMALLEST_SPLIT", 4)
    service.answer = lambda batch: (422 if 300 in batch.get("steps", {}).get("step", []) else 200, {})
    run = cutloss.init("refused")
    train(run, 1, 1000)
    wait_for(lambda: 1000 in service.column("steps", "step"), "what follows")
    run.finish()
    missing = set(range(1, 1001)) - set(service.column("steps", "step"))
    assert 300 in missing
    assert len(missing) <= run.counters.set_aside <= 4
    warned = [data for data in service.column("notes", "data") if "set_aside" in data]
    assert run.counters.set_aside == warned[-1]["set_aside"]


def test_a_service_that_refuses_everything_stops_nothing(service: Any, spooled: Records) -> None:
    """All is counted, and all is still in the spool."""
    service.answer = lambda _: (422, {"detail": "no"})
    run = cutloss.init("all")
    train(run, 1, 500)
    run.finish()
    assert 500 == len(spooled("step"))
    assert [] == service.batches


@pytest.mark.parametrize("answer", ["nonsense", 5, None, [], {"commands": "none"}, {"commands": [3, {}]}])
def test_a_strange_answer_hurts_nobody(service: Any, answer: object) -> None:
    """A 200 is an acknowledgement whatever else is in it."""
    service.answer = lambda _: (200, answer)
    run = cutloss.init("strange")
    train(run, 1, 3)
    run.finish()
    assert [1, 2, 3] == service.column("steps", "step")


def test_a_redirect_is_not_followed(service: Any, new_service: Callable[[int], Any], wait_for: Wait) -> None:
    """It would show the token to another address."""
    other = new_service(0)
    service.answer = lambda _: (307, f"{other.url}/stolen")
    run = cutloss.init("redirect")
    train(run, 1, 3)
    wait_for(lambda: len(service.refused) >= 2, "two tries")
    run.finish()
    assert [] == other.calls


def test_a_service_that_never_answers_holds_neither_steps_nor_spool(
    silent_service: socket.socket, spooled: Records, wait_for: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The post hangs in its own thread; the spool goes on, and the end does not wait for the post."""
    monkeypatch.setattr(sender_module, "STRANGER_SECONDS", 0.2)
    assert silent_service.getsockname()
    run = cutloss.init("silent")
    train(run, 1, 100)
    wait_for(lambda: len(spooled("step")) == 100, "the spool")
    train(run, 101, 200)
    wait_for(lambda: len(spooled("step")) == 200, "the spool behind a hanging post")
    run.finish()
    assert "cutloss-sender" in [thread.name for thread in threading.enumerate()]
    assert 200 == len(spooled("step"))


def test_a_service_without_http_is_like_none(spooled: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    """Garbage on the line is counted and tried again."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("CUTLOSS_URL", f"http://127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.setenv("CUTLOSS_TOKEN", "t")
        run = cutloss.init("garbage")
        train(run, 1, 3)
        connection, _ = listening.accept()
        connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
        connection.close()
    run.finish()
    assert (3, True) == (len(spooled("step")), run.counters.post_failures > 0)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:{port}", "http://nowhere.invalid:1", "http://[::1]:{port}"]
)
def test_addresses_that_lead_nowhere_are_like_none(
    service: Any, spooled: Records, monkeypatch: pytest.MonkeyPatch, url: str, wait_for: Wait
) -> None:
    """TLS that fails, a name that does not resolve, a port that is closed: counted, and the spool stands."""
    monkeypatch.setenv("CUTLOSS_URL", url.format(port=service.server_address[1]))
    monkeypatch.setattr(sender_module, "STRANGER_SECONDS", 0.2)
    run = cutloss.init("nowhere")
    train(run, 1, 3)
    wait_for(lambda: run.counters.post_failures, "a failed post")
    run.finish()
    assert (3, []) == (len(spooled("step")), service.batches)


def test_a_proxy_of_the_site_is_not_asked_for_loopback(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would look for the service on itself."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    run = cutloss.init("proxy")
    train(run, 1, 3)
    run.finish()
    assert [1, 2, 3] == service.column("steps", "step")


def test_the_next_attempt_sends_what_the_last_one_could_not(
    absent_service: int, new_service: Callable[[int], Any], wait_for: Wait
) -> None:
    """After a kill or an outage to the end, the run's next process start replays the spool."""
    first = cutloss.init("again", id="again-1")
    train(first, 1, 50)
    first.finish()
    service = new_service(absent_service)
    second = cutloss.init("again", id="again-1")
    train(second, 51, 60)
    wait_for(lambda: len(service.column("steps", "step")) == 60, "both attempts")
    second.finish()
    by_attempt = {batch["attempt"] for batch in service.batches}
    assert {first.attempt, second.attempt} == by_attempt


def test_a_spool_without_a_place_does_not_stop_posts(service: Any, home: Path) -> None:
    """Where the home is full or read-only, records go by HTTP from memory."""
    (home / ".cutloss").write_text("no folder")
    run = cutloss.init("homeless")
    train(run, 1, 100)
    run.finish()
    assert list(range(1, 101)) == service.column("steps", "step")
    assert run.counters.spool_failures > 0


def test_a_removed_spool_loses_nothing(service: Any, home: Path, wait_for: Wait, spooled: Records) -> None:
    """The folder is made anew, and every record arrives."""
    run = cutloss.init("removed")
    train(run, 1, 10)
    wait_for(lambda: len(spooled("step")) == 10, "the spool")
    shutil.rmtree(home / ".cutloss")
    train(run, 11, 20)
    run.finish()
    assert set(range(1, 21)) == set(service.column("steps", "step"))
