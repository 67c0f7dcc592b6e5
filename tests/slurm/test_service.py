"""The whole way: a service of alice's, her training as a job with the real client, and one relaunch."""

import http.client
import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.slurm.scheduler import Submission
from tests.slurm.waiting import until

pytestmark = pytest.mark.slurm

SYSTEM_PYTHON = "/usr/bin/python3"

TRAINING = """
    import sys, time, pathlib, cutloss

    run = cutloss.init("topo", total_steps=100000, validate_every=1000, target_loss=0.1)
    step = 0
    while not run.should_stop():
        step += 1
        time.sleep(0.01)
        run.step(step, loss=2.0 / (1 + step) ** 0.3 if sys.argv[1] == "broken" else 1.0 / (1 + step) ** 0.6)
        if run.should_checkpoint():
            path = pathlib.Path(f"checkpoint-{step}.txt").absolute()
            with run.checkpoint(step, path):
                path.write_text(str(step))
"""


class Service:
    """A running service, asked as a script asks it."""

    def __init__(self, home: Path, url: str, token: str) -> None:
        self.home = home
        self._address = urlsplit(url).netloc
        self._token = token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Return status and answer."""
        connection = http.client.HTTPConnection(self._address, timeout=30)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", **headers}
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@pytest.fixture(name="service", scope="module")
def start_service(cluster: Any, library: Path) -> Iterator[Service]:
    """Serve as alice with her own home, on the real cluster."""
    if not same_python():
        pytest.skip("left out: needs /usr/bin/python3 of the version that runs the tests")
    home = cluster.folder_of("alice", "home")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "USER": "alice",
        "LOGNAME": "alice",
        "LANG": "C.UTF-8",
        "SLURM_CONF": cluster.configuration,
        "PYTHONPATH": str(library),
        "CUTLOSSD_SPOOL_SECONDS": "0.2",
        "CUTLOSSD_POLL_SECONDS": "0.5",
    }
    switch = ["setpriv", "--reuid=alice", "--regid=alice", "--init-groups"]
    cli = [*switch, SYSTEM_PYTHON, "-c", "from app.cli import main; main()"]
    with (home / "log").open("w") as log:
        serving = subprocess.Popen(
            [*cli, "serve", "--scheduler=slurm"], env=environment, cwd=home, stdout=log, stderr=log
        )
    try:
        credentials = home / ".cutloss" / "credentials.json"
        until(lambda: credentials.exists() or serving.poll() is not None)
        assert serving.poll() is None, (home / "log").read_text()
        made = subprocess.run(
            [*cli, "token", "create", "--scope=operate"],
            env=environment, cwd=home, capture_output=True, text=True, check=True,
        )  # fmt: skip
        yield Service(home, json.loads(credentials.read_text())["url"], made.stdout.strip())
    finally:
        serving.terminate()
        serving.wait(30)


def same_python() -> bool:
    """Whether Debian's Python can import what was installed for this one."""
    ask = "import sys; print(*sys.version_info[:2])"
    done = subprocess.run([SYSTEM_PYTHON, "-c", ask], capture_output=True, text=True, check=False)
    return done.stdout.split() == [str(part) for part in sys.version_info[:2]]


def batch_script(service: Service, library: Path, which: str) -> str:
    """Return the training's script: the spool is its only way to the service."""
    return textwrap.dedent(f"""\
        #!/bin/bash
        #SBATCH --job-name=topo
        #SBATCH --time=20
        #SBATCH --output={which}-%j.txt
        export PYTHONPATH={library} CUTLOSS_CREDENTIALS=/nonexistent
        export CUTLOSS_SPOOL={service.home}/.cutloss/spool
        exec {SYSTEM_PYTHON} train.py {which}
        """)


def run_of(service: Service, job_id: str) -> dict[str, Any] | None:
    """Return a job's run once it has reported steps."""
    _, listed = service.ask("GET", "/api/v1/runs")
    runs = [run for run in listed["runs"] if (run.get("job") or {}).get("id") == job_id]
    found: dict[str, Any] | None = runs[0] if runs and runs[0].get("at_step") else None
    return found


def test_a_training_is_relaunched_by_one_call(
    service: Service, alice: Any, library: Path, cluster: Any
) -> None:
    """Checkpointed on request, cancelled, replaced; the new run knows the old one. All through the spool."""
    (service.home / "train.py").write_text(textwrap.dedent(TRAINING))
    broken = Submission(batch_script(service, library, "broken"), "e2e", str(service.home))
    old = alice.submit(broken)
    until(lambda: run_of(service, old) is not None)
    run = run_of(service, old) or {}

    order = {"script": batch_script(service, library, "corrected"), "checkpoint_wait_seconds": 30}
    path = f"/api/v1/runs/{run['id']}/relaunch"
    status, started = service.ask("POST", path, order, **{"Idempotency-Key": "one"})
    assert 202 == status, started
    again = service.ask("POST", path, order, **{"Idempotency-Key": "one"})[1]
    assert started["id"] == again["id"]

    def replacement() -> dict[str, Any]:
        found: dict[str, Any] = service.ask("GET", f"/api/v1/replacements/{started['id']}")[1]
        return found

    until(lambda: not replacement()["is_active"])
    done = replacement()
    assert "done" == done["state"], done["reason"]
    assert str(done["checkpoint"]["step"]) == Path(done["checkpoint"]["path"]).read_text()
    assert "CANCELLED" == alice.jobs([old])[old].state
    assert "RUNNING" == alice.jobs([done["new_id"]])[done["new_id"]].state

    until(lambda: run_of(service, done["new_id"]) is not None)
    following = run_of(service, done["new_id"]) or {}
    assert run["id"] == following["replaces"]
    assert cluster.folder in service.home.parents


def test_a_supervised_training_keeps_its_nodes(
    service: Service, alice: Any, library: Path, cluster: Any
) -> None:
    """The corrected command is a new step of the same job and a run of its own, after a checkpoint."""
    (service.home / "train.py").write_text(textwrap.dedent(TRAINING))
    told = batch_script(service, library, "broken").replace("export ", f"export HOME={service.home} ", 1)
    supervise = (
        f"exec {SYSTEM_PYTHON} -m cutloss.cli supervise --grace 5 --probation 1 -- srun {SYSTEM_PYTHON}"
    )
    script = told.replace(f"exec {SYSTEM_PYTHON}", supervise)
    job = alice.submit(Submission(script, "keep", str(service.home)))
    until(lambda: run_of(service, job) is not None)
    run = run_of(service, job) or {}

    order = {"script": f"srun {SYSTEM_PYTHON} train.py corrected", "order": "keep"}
    path = f"/api/v1/runs/{run['id']}/relaunch"
    status, check = service.ask("POST", f"{path}/check", order)
    assert (200, True, True) == (status, check["passes"], check["supervised"]), check
    order |= {"sha256": check["sha256"], "checkpoint_wait_seconds": 30}
    started = service.ask("POST", path, order, **{"Idempotency-Key": "keep"})[1]
    here = f"/api/v1/replacements/{started['id']}"
    until(lambda: not service.ask("GET", here)[1]["is_active"])
    done = service.ask("GET", here)[1]
    assert ("done", job, job) == (done["state"], done["old_id"], done["new_id"]), done["reason"]
    assert str(done["checkpoint"]["step"]) == Path(done["checkpoint"]["path"]).read_text()

    new = f"/api/v1/runs/{run['id']}-{done['id'][:6]}"
    until(lambda: service.ask("GET", new)[1].get("at_step"))
    following = service.ask("GET", new)[1]
    assert (run["id"], job) == (following["replaces"], following["job"]["id"])
    assert "RUNNING" == alice.jobs([job])[job].state
    steps = subprocess.run(
        ["scontrol", "show", "step", f"{job}.1", "--oneliner"],
        env={"PATH": "/usr/bin:/bin", "SLURM_CONF": cluster.configuration},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert f"StepId={job}.1" in steps.stdout


PLAIN = """\
#!/bin/bash
#SBATCH --job-name=plain
#SBATCH --time=20
#SBATCH --output=plain-%j.txt
for step in $(seq 1 100000); do
  echo "step $step/100000 loss $((900000 / (step + 100))).5"
  sleep 0.05
done
"""


def test_a_job_without_the_reporter_is_followed_by_its_id(service: Service, alice: Any) -> None:
    """The service asks SLURM where it writes, and its run is that job's."""
    job = alice.submit(Submission(PLAIN, "plain", str(service.home)))
    until(lambda: alice.jobs([job])[job].state == "RUNNING")
    status, followed = service.ask("POST", f"/api/v1/jobs/{job}/log", {})
    assert (202, str(service.home / f"plain-{job}.txt")) == (status, followed["path"]), followed
    until(lambda: run_of(service, job) is not None)
    run = run_of(service, job) or {}
    assert (f"plain-{job}", 100000) == (run["id"], run["total_steps"])
    assert "ended" == service.ask("DELETE", f"/api/v1/jobs/{job}/log")[1]["state"]
    alice.cancel(job)
