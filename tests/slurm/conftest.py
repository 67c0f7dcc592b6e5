"""A real one-machine SLURM cluster, started once, with two ordinary users."""

import os
import pwd
import random
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.slurm import process
from app.slurm.commands import SlurmCommands
from app.slurm.local import LocalRunner
from app.slurm.rest import SlurmRest
from app.slurm.rest_daemon import RestDaemon
from app.slurm.scheduler import Scheduler
from app.slurm.web_token import WebToken, token_source
from tests.slurm.installed import install
from tests.slurm.waiting import until

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy" / "slurm"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster: its folder, and the settings with which it was started."""

    folder: Path
    settings: Mapping[str, str]

    @property
    def configuration(self) -> str:
        """Return the path of slurm.conf."""
        return str(self.folder / "etc" / "slurm.conf")

    def up(self) -> None:
        """Start what does not run."""
        self._script("up.sh")

    def down(self) -> None:
        """Stop and delete everything."""
        self._script("down.sh", "--wipe")

    def _script(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(DEPLOY / name), *arguments],
            env={"PATH": os.environ["PATH"], **self.settings},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def manage(self, *arguments: str) -> None:
        """Change accounting as the administrator."""
        environment = {"PATH": "/usr/bin:/bin", "SLURM_CONF": self.configuration}
        subprocess.run(["sacctmgr", "-i", "-Q", *arguments], env=environment, check=True, capture_output=True)

    def pid(self, daemon: str) -> int:
        """Return a daemon's process id."""
        return int((self.folder / "run" / f"{daemon}.pid").read_text())

    def stop(self, daemon: str) -> None:
        """End a daemon and wait until it has ended; ``up`` starts it again."""
        pid = self.pid(daemon)
        os.kill(pid, signal.SIGTERM)
        # A zombie that nobody reaps has no program any more.
        until(lambda: not Path(f"/proc/{pid}/exe").exists())

    def scheduler(self, user: str, timeout_seconds: float = 20.0, *, is_hasty: bool = False) -> SlurmCommands:
        """Return the scheduler as a user has it; a hasty one soon believes that a controller is away."""
        source = self._source(user)
        if is_hasty:
            source["SLURM_CONF"] = self._hasty_configuration()
        return SlurmCommands("box", user, source, run=as_user(user), timeout_seconds=timeout_seconds)

    def _hasty_configuration(self) -> str:
        text = Path(self.configuration).read_text()
        hasty = Path(self.configuration).with_name("hasty.conf")
        hasty.write_text(text.replace("\nMessageTimeout=5\n", "\nMessageTimeout=2\n"))
        assert hasty.read_text() != text
        return str(hasty)

    def _source(self, user: str) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": f"/home/{user}",
            "USER": user,
            "LANG": "C.UTF-8",
            "SLURM_CONF": self.configuration,
            "SBATCH_PARTITION": "closed",  # leaks into every submission of a service that inherits
            "SCANCEL_STATE": "PENDING",
        }

    def rest(self, user: str, timeout_seconds: float = 20.0) -> SlurmRest:
        """Return the scheduler as a user has it through slurmrestd, with a token of that user's own."""
        source = self._source(user)
        token = WebToken(token_source(source, None, as_user(user)), time.time)
        url = f"http://127.0.0.1:{int(self.settings['SLURMBOX_PORT']) + 3}"
        return SlurmRest("box", user, source, RestDaemon(url, user, token, timeout_seconds))

    def folder_of(self, user: str, name: str) -> Path:
        """Return a new folder of a user's."""
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder / "work"))
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        folder.chmod(0o755)
        return folder


def as_user(user: str) -> process.Run:
    """Return the starter of programs as a user; ``cat`` gives them a standard input they may reopen."""

    def run(
        argv: Sequence[str], *, environment: Mapping[str, str], timeout_seconds: float, stdin: str = ""
    ) -> process.Completed:
        switch = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        shell = ["bash", "-c", 'cat | "$@"', "as-user", *argv]
        return process.run(
            [*switch, *shell], environment=environment, timeout_seconds=timeout_seconds, stdin=stdin
        )

    return run


def free_ports(count: int) -> int:
    """Return the first of a block of free TCP ports."""
    for _ in range(50):
        first = random.randrange(20000, 30000, count)  # noqa: S311 - not a secret
        try:
            for port in (first, first + 1, first + 3, first + 10, first + 11):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise OSError("no free ports")


@pytest.fixture(scope="session", name="cluster")
def start_cluster() -> Iterator[Cluster]:
    """Start a cluster in a folder that ordinary users may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    folder.chmod(0o755)
    cluster = Cluster(folder, {"SLURMBOX": str(folder), "SLURMBOX_PORT": str(free_ports(30))})
    try:
        cluster.up()
        (folder / "work").mkdir()
        yield cluster
    finally:
        cluster.down()


@pytest.fixture(scope="session", name="library")
def install_service(cluster: Cluster) -> Path:
    """Return a folder from which ordinary users import the service and the client."""
    library = cluster.folder / "lib"
    install(ROOT, library)
    return library


@pytest.fixture(name="alice")
def make_alice(cluster: Cluster) -> Iterator[SlurmCommands]:
    """Act as alice, and leave none of her jobs behind."""
    alice = cluster.scheduler("alice")
    yield alice
    end_jobs(cluster, "alice")


@pytest.fixture(name="alice_by_rest")
def make_alice_by_rest(cluster: Cluster) -> Iterator[SlurmRest]:
    """Act as alice through slurmrestd, and leave none of her jobs behind."""
    yield cluster.rest("alice")
    end_jobs(cluster, "alice")


@pytest.fixture(name="bob")
def make_bob(cluster: Cluster) -> Iterator[SlurmCommands]:
    """Act as bob, and leave none of his jobs behind."""
    bob = cluster.scheduler("bob")
    yield bob
    end_jobs(cluster, "bob")


@pytest.fixture(name="root")
def make_root(cluster: Cluster) -> Iterator[SlurmCommands]:
    """Act as who runs the tests, and leave none of these jobs behind."""
    yield cluster.scheduler("root")
    end_jobs(cluster, "root")


def end_jobs(cluster: Cluster, user: str) -> None:
    """Cancel a user's jobs and wait until none is left."""
    environment = {"PATH": "/usr/bin:/bin", "SLURM_CONF": cluster.configuration}
    subprocess.run(["scancel", "--quiet", f"--user={user}"], env=environment, check=True)
    queue = ["squeue", "--noheader", f"--user={user}"]
    until(lambda: not subprocess.run(queue, env=environment, check=True, capture_output=True).stdout)


@pytest.fixture(name="folder")
def make_folder(cluster: Cluster) -> Path:
    """Return a new folder of alice's."""
    return cluster.folder_of("alice", "job")


@pytest.fixture(name="local")
def make_local(tmp_path: Path) -> Iterator[LocalRunner]:
    """Run jobs locally, and leave none behind."""
    source = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "SBATCH_PARTITION": "closed"}
    local = LocalRunner(tmp_path / "queue", "alice", source, kill_wait_seconds=1.0, tick_seconds=0.05)
    yield local
    ids = [str(number) for number in range(1, 20)]
    for job_id in local.jobs(ids):
        local.cancel(job_id)
    until(lambda: not any(facts.is_active for facts in local.jobs(ids).values()))
    local.close()


@dataclass(frozen=True, slots=True)
class Bench:
    """A scheduler and a folder in which its jobs may run."""

    scheduler: Scheduler
    folder: Path

    def state(self, job_id: str) -> str | None:
        """Return a job's state."""
        facts = self.scheduler.jobs([job_id]).get(job_id)
        return facts.state if facts else None

    def reaches(self, job_id: str, *states: str) -> str:
        """Wait until a job is in one of some states, and return it."""
        until(lambda: self.state(job_id) in states)
        return self.state(job_id) or ""


@pytest.fixture(
    name="bench",
    params=[
        "local",
        pytest.param("commands", marks=pytest.mark.slurm),
        pytest.param("rest", marks=pytest.mark.slurm),
    ],
)
def make_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """Return each scheduler in turn."""
    if request.param == "local":
        return Bench(request.getfixturevalue("local"), tmp_path)
    if request.param == "rest":
        return Bench(request.getfixturevalue("alice_by_rest"), request.getfixturevalue("folder"))
    return Bench(request.getfixturevalue("alice"), request.getfixturevalue("folder"))
