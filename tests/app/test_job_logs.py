"""The logs of jobs that were started without the reporter: followed, over restarts, and only one's own."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import app.cli
from app.audit import Audit
from app.errors import ConflictError, ForbiddenError, NotFoundError
from app.followed import Followed, FollowedBook
from app.job_logs import MOST_FOLLOWED, JobLogs
from app.schemas.job_logs import FollowOrder
from app.slurm.scheduler import JobFacts
from app.spools import Spools
from app.store import Store, open_store
from app.store.facts import JobKey
from planner.errors import InvalidInputError

PATIENCE_SECONDS = 30.0
ASKING = 8


class OneJob:
    """A scheduler that knows one job of this user, which the test describes."""

    cluster = "c1"
    user = "ada"

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {"user": "ada", "name": "topo", "state": "RUNNING"}
        self.known = {"77"}

    def detail(self, job_id: str) -> JobFacts | None:
        """Return a job under its id."""
        return JobFacts(id=job_id, cluster=self.cluster, **self.fields) if job_id in self.known else None


class Bench:
    """A store, the spools of it and the followed logs, as the service wires them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store: Store = open_store(folder / "store.sqlite3")
        self.scheduler = OneJob()
        self.now_ahead = 0.0
        self.spools = Spools(
            self.store, (folder / "spool",), "ada", self.clock, lambda _: None, may_acknowledge=lambda: True
        )
        self.logs = self.new_logs()

    def clock(self) -> float:
        """Return epoch seconds, ahead by what the test wants."""
        return time.time() + self.now_ahead

    def new_logs(self) -> JobLogs:
        """Return the followed logs of a service that starts."""
        scheduler: Any = self.scheduler
        return JobLogs(
            book=FollowedBook(self.folder / "job-logs"), store=self.store, scheduler=scheduler,
            spool=self.folder / "spool", user="ada", audit=Audit(self.store, self.clock), clock=self.clock,
        )  # fmt: skip

    def turn_until(self, condition: Callable[[], object], what: str) -> None:
        """Look at logs and spools until a condition holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}: {self.logs.followed('ada')}"
            self.logs.look()
            self.spools.poll_once()
            time.sleep(0.05)

    def steps(self) -> list[int]:
        """Return the steps that were read of the job's log."""
        return [int(step) for step in self.store.recent_steps("topo-77").step]

    def close(self) -> None:
        """Stop everything."""
        self.logs.close()
        self.store.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return a store, spools and followed logs."""
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def output(bench: Bench, tmp_path: Path) -> Path:
    """Return the output of the job, which has begun to train."""
    path = tmp_path / "slurm-77.out"
    bench.scheduler.fields["stdout"] = str(path)
    write(path, 1, 5)
    return path


def write(path: Path, first: int, last: int) -> None:
    """Train on, from one step to another."""
    with path.open("a") as file:
        file.writelines(f"step {step}/100 loss {9 / step:.4f}\n" for step in range(first, last + 1))


def test_the_output_of_a_job_becomes_a_run_of_that_job(bench: Bench, output: Path) -> None:
    """What is there is read, what comes is followed, and the run is bound to the job."""
    followed = bench.logs.attach("ada", "77", FollowOrder())
    assert ("topo-77", str(output)) == (followed.run, followed.path)
    bench.turn_until(lambda: bench.steps() == [1, 2, 3, 4, 5], "what was there")
    write(output, 6, 8)
    bench.turn_until(lambda: bench.steps() == list(range(1, 9)), "what came")
    run = bench.store.run("topo-77")
    assert run is not None
    assert (JobKey("c1", "77"), "ada", 100) == (run.job, run.user, run.plan["total_steps"])
    words = bench.logs.followed("ada")[0].words
    assert words is not None
    assert words.startswith("reads as generic")


def test_a_restarted_service_follows_on(bench: Bench, output: Path) -> None:
    """No step twice, none lost, and no further attempt: the training was not restarted."""
    bench.logs.attach("ada", "77", FollowOrder())
    bench.turn_until(lambda: bench.steps() == [1, 2, 3, 4, 5], "what was there")
    bench.logs.close()
    write(output, 6, 8)
    bench.logs = bench.new_logs()
    bench.turn_until(lambda: bench.steps() == list(range(1, 9)), "what came meanwhile")
    assert 1 == len(bench.store.attempts("topo-77"))
    assert 8 == bench.store.step_count("topo-77")


def test_what_the_log_does_not_tell_can_be_declared(bench: Bench, output: Path) -> None:
    """A plan in the order wins over the log; asked for anew with another, the reader is started anew."""
    bench.logs.attach("ada", "77", FollowOrder(name="mine", total_steps=500))
    bench.turn_until(lambda: bench.store.run("mine-77") is not None, "the run")
    bench.logs.attach("ada", "77", FollowOrder(name="mine", total_steps=600, validate_every=25))

    def plan() -> Any:
        run = bench.store.run("mine-77")
        return run.plan if run is not None else {}

    bench.turn_until(lambda: plan().get("validate_every") == 25, "the new plan")
    assert (600, "mine") == (plan()["total_steps"], plan()["name"])
    assert output.exists()


def test_the_end_of_the_job_ends_the_reading(bench: Bench, output: Path) -> None:
    """Its last line is read though it lack its end, and the reader's process is gone."""
    bench.logs.attach("ada", "77", FollowOrder())
    bench.turn_until(lambda: bench.steps() == [1, 2, 3, 4, 5], "what was there")
    with output.open("a") as file:
        file.write("step 6/100 loss 1.5")
    bench.store.put_jobs([JobFacts("77", "c1", "COMPLETED", ended=time.time())], time.time())
    bench.now_ahead = 60.0
    bench.turn_until(lambda: bench.logs.followed("ada")[0].state == "ended", "the end")
    bench.turn_until(lambda: bench.steps()[-1] == 6, "the last line")


def test_a_job_that_has_ended_is_read_all_the_same(bench: Bench, output: Path) -> None:
    """Its log is read once, to its end."""
    bench.scheduler.fields |= {"state": "COMPLETED", "ended": time.time() - 3600}
    bench.logs.attach("ada", "77", FollowOrder())
    bench.turn_until(lambda: bench.logs.followed("ada")[0].state == "ended", "the end")
    bench.turn_until(lambda: bench.steps() == [1, 2, 3, 4, 5], "its steps")
    assert output.exists()


def test_a_waiting_job_is_followed_once_it_writes(bench: Bench, tmp_path: Path) -> None:
    """Its file is not there yet."""
    path = tmp_path / "later.out"
    bench.scheduler.fields |= {"stdout": str(path), "state": "PENDING"}
    bench.logs.attach("ada", "77", FollowOrder())
    bench.turn_until(lambda: bench.store.run("topo-77") is not None, "the run")
    write(path, 1, 3)
    bench.turn_until(lambda: bench.steps() == [1, 2, 3], "its first lines")


def test_who_is_not_wanted_stops(bench: Bench, output: Path) -> None:
    """The run stays as it is."""
    bench.logs.attach("ada", "77", FollowOrder())
    bench.turn_until(lambda: bench.steps() == [1, 2, 3, 4, 5], "what was there")
    assert "ended" == bench.logs.detach("ada", "77").state
    bench.turn_until(lambda: not bench.logs._readers, "the reader's end")
    write(output, 6, 8)
    bench.logs.look()
    assert not bench.logs._readers


def test_a_preset_that_nobody_knows_is_refused_in_words(bench: Bench, output: Path) -> None:
    """The reader says so, and is not started again."""
    bench.logs.attach("ada", "77", FollowOrder(preset="no-such"))
    bench.turn_until(lambda: bench.logs.followed("ada")[0].state == "refused", "the refusal")
    assert "no-such" in str(bench.logs.followed("ada")[0].words)
    assert output.exists()


@pytest.mark.parametrize(
    ("stdout", "words"),
    [(None, "expected a file"), ("/dev/null", "expected a file"), ("relative.out", "expected a file")],
)
def test_a_job_without_an_output_of_its_own_is_refused(bench: Bench, stdout: str | None, words: str) -> None:
    """Nowhere, the null device, and a name that says nothing of its folder."""
    bench.scheduler.fields["stdout"] = stdout
    with pytest.raises(ConflictError, match=words):
        bench.logs.attach("ada", "77", FollowOrder())


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_an_output_that_is_no_plain_file_is_refused(bench: Bench, output: Path, kind: str) -> None:
    """A link leads to who knows what; a pipe would be emptied."""
    odd = output.with_name("odd")
    if kind == "link":
        odd.symlink_to(output)
    elif kind == "folder":
        odd.mkdir()
    else:
        os.mkfifo(odd)
    bench.scheduler.fields["stdout"] = str(odd)
    with pytest.raises(ConflictError, match="no plain file"):
        bench.logs.attach("ada", "77", FollowOrder())


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file to somebody else takes root")
def test_a_file_of_somebody_else_is_refused(bench: Bench, output: Path) -> None:
    """The job's own output belongs to its owner."""
    os.chown(output, 12345, 12345)
    with pytest.raises(ForbiddenError, match="12345"):
        bench.logs.attach("ada", "77", FollowOrder())


def test_only_ones_own_jobs_are_followed(bench: Bench, output: Path) -> None:
    """Neither somebody else's job, nor by somebody else; each refusal is in the log of actions."""
    with pytest.raises(ForbiddenError):
        bench.logs.attach("eve", "77", FollowOrder())
    bench.scheduler.fields["user"] = "bob"
    with pytest.raises(ForbiddenError):
        bench.logs.attach("ada", "77", FollowOrder())
    assert ["refused", "refused"] == [entry.outcome for entry in bench.store.audit(10, 0)]
    assert [] == bench.logs.followed("eve")
    assert output.exists()


@pytest.mark.parametrize(("job", "error"), [("78", NotFoundError), ("../77", InvalidInputError)])
def test_a_job_that_nobody_knows_is_refused(bench: Bench, job: str, error: type[Exception]) -> None:
    """An id that could be a path never becomes one."""
    with pytest.raises(error):
        bench.logs.attach("ada", job, FollowOrder())
    with pytest.raises(NotFoundError):
        bench.logs.detach("ada", job)


def test_logs_that_are_followed_are_bounded(bench: Bench, output: Path) -> None:
    """A further one is refused, one of them may be asked for anew, and one that ended makes room."""
    book = FollowedBook(bench.folder / "job-logs")
    others = [
        Followed(str(job), "c1", f"r-{job}", str(output), "ada", 1.0, "r")
        for job in range(1000, 1000 + MOST_FOLLOWED)
    ]
    for one in others:
        book.put(one)
    with pytest.raises(ConflictError, match=f"fewer than {MOST_FOLLOWED}"):
        bench.logs.attach("ada", "77", FollowOrder())
    bench.logs.detach("ada", others[0].job)
    for _ in range(2):
        assert "following" == bench.logs.attach("ada", "77", FollowOrder()).state


def test_many_who_ask_at_once_stay_within_the_bound(bench: Bench, output: Path) -> None:
    """Where one place is left, one of those who ask at the same moment gets it."""
    book = FollowedBook(bench.folder / "job-logs")
    for job in range(1000, 1000 + MOST_FOLLOWED - 1):
        book.put(Followed(str(job), "c1", f"r-{job}", str(output), "ada", 1.0, "r"))
    together = threading.Barrier(ASKING)

    def ask(job: int) -> bool:
        together.wait(PATIENCE_SECONDS)
        try:
            bench.logs.attach("ada", str(job), FollowOrder())
        except ConflictError:
            return False
        return True

    bench.scheduler.known = {str(job) for job in range(ASKING)}
    with ThreadPoolExecutor(ASKING) as threads:
        admitted = list(threads.map(ask, range(ASKING)))
    assert (1, MOST_FOLLOWED) == (sum(admitted), len([one for one in book.all() if one.state == "following"]))


def test_a_job_that_reports_by_itself_is_not_followed_too(
    bench: Bench, output: Path, make_batch: Callable[..., dict[str, Any]]
) -> None:
    """Two runs of one training would each be half true."""
    from app.records import read_batch  # noqa: PLC0415 - for this one

    body = json.dumps(make_batch(3, job={"cluster": "c1", "id": "77"})).encode()
    bench.store.add("ada", "its-own", read_batch(body), time.time())
    with pytest.raises(ConflictError, match="its-own"):
        bench.logs.attach("ada", "77", FollowOrder())
    assert output.exists()


def test_a_reader_that_dies_is_started_again(bench: Bench, output: Path) -> None:
    """After a pause that grows."""
    bench.logs.attach("ada", "77", FollowOrder())
    bench.turn_until(lambda: bench.steps() == [1, 2, 3, 4, 5], "what was there")
    (reader,) = bench.logs._readers.values()
    reader.process.kill()
    write(output, 6, 7)
    bench.turn_until(lambda: not bench.logs._readers, "the reader's end")
    bench.now_ahead = 120.0
    bench.turn_until(lambda: bench.steps() == list(range(1, 8)), "what came since")


async def test_logs_can_be_followed_over_the_api(service: Any, tmp_path: Path) -> None:
    """Asked for, listed and left; a log of another's service is nobody else's business."""
    scheduler: Any = OneJob()
    scheduler.fields["stdout"] = str(tmp_path / "slurm-77.out")
    service.app.state.job_logs._scheduler = scheduler
    asked = await service.post("/jobs/77/log", {"total_steps": 100})
    assert (202, "topo-77", "following") == (asked.status_code, asked.json()["run"], asked.json()["state"])
    assert ["77"] == [log["job"] for log in (await service.get("/logs")).json()["logs"]]
    assert [] == (await service.get("/logs", "eve")).json()["logs"]
    assert 403 == (await service.post("/jobs/77/log", {}, "eve")).status_code
    assert 404 == (await service.post("/jobs/78/log", {})).status_code
    assert 422 == (await service.post("/jobs/77/log", {"total_step": 100})).status_code
    left = await service.client.delete("/api/v1/jobs/77/log", headers=service.headers())
    assert (200, "ended") == (left.status_code, left.json()["state"])


def test_the_command_line_asks_a_service_that_may_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it writes down is found at the service's next look or start; without a scheduler it is refused."""
    scheduler = OneJob()
    scheduler.fields["stdout"] = str(tmp_path / "slurm-77.out")
    asked = ["attach", "77", "--state", str(tmp_path), "--total-steps", "100"]
    monkeypatch.setenv("CUTLOSSD_SCHEDULER", "none")
    refused = CliRunner().invoke(app.cli.app, asked)
    assert (2, True) == (refused.exit_code, "without a scheduler" in " ".join(refused.output.split()))
    monkeypatch.setattr(app.cli, "scheduler_of", lambda _: scheduler)
    answered = CliRunner().invoke(app.cli.app, asked)
    assert (0, True) == (answered.exit_code, "reported as topo-77" in answered.output)
    followed = FollowedBook(tmp_path / "job-logs").one("77")
    assert followed is not None
    assert {"total_steps": 100} == followed.plan
