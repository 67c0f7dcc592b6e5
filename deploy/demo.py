"""The main job, end to end: a broken job is caught, replaced with one click, and overtaken.

A small transformer learns Python from Python's own standard library. Its checkpoint is then loaded into a job
that names the feed-forward block differently; with ``strict=False`` those weights silently start from random.
cutloss watches that job, says what it would take, and puts the corrected job in its place.

    make demo             then open the printed link and click
    make demo AUTO=1      clicks by itself; exit status 0 only if the corrected job really was sooner

It uses SLURM where a cluster answers, else the embedded local runner.
"""

import argparse
import getpass
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from app.slurm.local import LocalRunner
from app.slurm.scheduler import Submission

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".demo"
BIN = Path(sys.executable).parent
CLUSTER_SETTINGS = Path(os.environ.get("SLURMBOX", "/srv/cutloss-slurm")) / "etc" / "slurm.conf"

BASELINE_STEPS = 400
JOB_STEPS = 2_000
TARGET_BELOW_BASELINE = 0.02
PATIENCE_SECONDS = 330.0


BEGAN = time.monotonic()
Found = TypeVar("Found")


class DemoError(Exception):
    """The story did not come out as told."""


@dataclass(frozen=True)
class Service:
    """A running cutlossd and the token with which the demo acts."""

    process: subprocess.Popen[str]
    link: str
    token: str

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Call the REST API and return its JSON."""
        parts = urllib.parse.urlsplit(self.link)
        request = urllib.request.Request(  # noqa: S310 - our own service on loopback
            f"{parts.scheme}://{parts.netloc}/api/v1{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"demo-{time.time_ns()}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own service on loopback
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise DemoError(f"{method} {path}: {error.code} {error.read().decode()[:1000]}") from error


def say(text: str) -> None:
    """Print a line with the time since the demo began."""
    print(f"[{time.monotonic() - BEGAN:5.0f} s] {text}", flush=True)


def wait_for(what: str, look: Callable[[], Found | None], seconds: float) -> Found:
    """Return what a look finds, looking twice a second.

    Raises:
        DemoError: it was not found in time.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (found := look()) is not None:
            return found
        time.sleep(0.5)
    raise DemoError(f"{what} did not come within {seconds:.0f} s")


def environment() -> dict[str, str]:
    """Return the environment of the demo: its own spool and credentials, and where SLURM is."""
    own = {"CUTLOSS_SPOOL": str(FOLDER / "spool"), "CUTLOSS_CREDENTIALS": str(FOLDER / "credentials.json")}
    cluster = {} if "SLURM_CONF" in os.environ else {"SLURM_CONF": str(CLUSTER_SETTINGS)}
    return {**os.environ, **(cluster if CLUSTER_SETTINGS.is_file() else {}), **own}


def slurm_answers() -> bool:
    """Return whether a SLURM controller answers here."""
    if shutil.which("scontrol") is None:
        return False
    return (
        subprocess.run(["scontrol", "ping"], env=environment(), capture_output=True, check=False).returncode
        == 0
    )


def start_service(scheduler: str) -> Service:
    """Start cutlossd and return it once it answers."""
    state = FOLDER / "state"
    process = subprocess.Popen(
        [BIN / "cutlossd", "serve", "--state", state, "--scheduler", scheduler],
        env={**environment(), "CUTLOSSD_LOG_LEVEL": "warning"},
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline() if process.stdout else ""
    if "http" not in line:
        raise DemoError(f"the service did not start: {line}")
    command = [BIN / "cutlossd", "token", "create", "--scope", "operate", "--state", state]
    token = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout
    return Service(process, line.split()[-1], token.strip())


def training(name: str, *options: str) -> list[str]:
    """Return the command line of one training."""
    script = str(ROOT / "trainer" / "reference" / "train.py")
    return [str(BIN / "python"), script, "--name", name, "--out", str(FOLDER / name), *options]


def batch_script(name: str, target: float, mlp: str) -> str:
    """Return the batch script of a job that starts from the baseline's checkpoint."""
    command = training(
        "demo", "--out", str(FOLDER / name), "--init-from", str(FOLDER / "baseline" / "last.pt"),
        "--mlp", mlp, "--steps", str(JOB_STEPS), "--lr", "6e-4", "--target-loss", f"{target:.4f}",
        "--stop-at-target",
    )  # fmt: skip
    exports = {key: value for key, value in environment().items() if key.startswith("CUTLOSS_")}
    return "\n".join(
        [
            "#!/bin/bash",
            f"#SBATCH --job-name=demo-{name}",
            f"#SBATCH --output={FOLDER / name}.out",
            "#SBATCH --time=00:30:00",
            *(f"export {key}={shlex.quote(value)}" for key, value in exports.items()),
            f"exec {shlex.join(command)}",
            "",
        ]
    )


def submit(scheduler: str, script: str) -> str:
    """Submit a batch script as a person would and return the job's id."""
    path = FOLDER / "train.sh"
    path.write_text(script)
    if scheduler == "slurm":
        command = ["sbatch", "--parsable", f"--chdir={FOLDER}", str(path)]
        sent = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
        return sent.stdout.strip().split(";")[0]
    runner = LocalRunner(FOLDER / "state" / "local", getpass.getuser(), os.environ, tick_seconds=None)
    return runner.submit(Submission(script=script, token="demo", work_dir=str(FOLDER)))  # noqa: S106 - a job's label


def train_baseline(service: Service) -> float:
    """Train the baseline and return its last validation loss."""
    say(f"training the baseline: {BASELINE_STEPS} steps")
    command = training("baseline", "--steps", str(BASELINE_STEPS))
    subprocess.run(command, env=environment(), stdout=subprocess.DEVNULL, check=True)

    def last_loss() -> float | None:
        found = [run for run in service.call("GET", "/runs")["runs"] if run["name"] == "baseline"]
        return found[0]["last_val_loss"] if found and found[0]["finished"] else None

    return wait_for("the baseline's last record", last_loss, 30)


def scenario(baseline_loss: float, target: float) -> dict[str, Any]:
    """Return what a person would type: loaded rightly, the run starts at the baseline's loss."""
    return {
        "name": "fix and relaunch",
        "action": "relaunch",
        "edit_seconds": [2, 10],
        "test_seconds": 0,
        "queue_seconds": [0.2, 5],
        "cancel": "at_relaunch",
        "curve": {
            "milestones": [
                [1, baseline_loss * 0.97, baseline_loss * 1.1],
                [50, baseline_loss * 0.97, baseline_loss * 1.02],
                [200, target * 0.93, target * 0.995],
            ]
        },
    }


def find_run(
    service: Service, chosen: Callable[[dict[str, Any]], bool]
) -> Callable[[], dict[str, Any] | None]:
    """Return a look for the first run that is the chosen one."""
    return lambda: next((run for run in service.call("GET", "/runs")["runs"] if chosen(run)), None)


def await_relaunch_verdict(service: Service, run_id: str) -> dict[str, Any]:
    """Watch the verdict until it says relaunch, and return the comparison it stands on."""

    def look() -> dict[str, Any] | None:
        answer = service.call("GET", f"/runs/{run_id}")
        verdict = answer["verdict"]
        if verdict is not None and verdict["action"] == "relaunch":
            return service.call("GET", f"/runs/{run_id}/compare")
        return None

    compared = wait_for("the verdict RELAUNCH", look, PATIENCE_SECONDS)
    say(f"verdict: RELAUNCH, {compared['verdict']['probability']:.0%} sure")
    return compared


def relaunch(service: Service, run_id: str, script: str) -> None:
    """Ask for the replacement through the REST API and wait until it is done."""
    order = {"script": script, "work_dir": str(FOLDER), "checkpoint_wait_seconds": 30}
    replacement = service.call("POST", f"/runs/{run_id}/relaunch", order)

    def ended() -> dict[str, Any] | None:
        now = service.call("GET", f"/replacements/{replacement['id']}")
        return now if now["state"] in {"done", "failed", "rolled_back", "aborted"} else None

    outcome = wait_for("the end of the replacement", ended, 120)
    if outcome["state"] != "done":
        raise DemoError(f"the replacement ended as {outcome['state']}: {json.dumps(outcome)[:1500]}")


def reached_at(service: Service, run_id: str, target: float) -> Callable[[], float | None]:
    """Return a look for the clock time at which a run's validation was at the target."""

    def look() -> float | None:
        points = service.call("GET", f"/runs/{run_id}/points")
        pairs = zip(points["validation_ended"], points["validation_losses"], strict=True)
        return next((ended for ended, loss in pairs if loss is not None and loss <= target), None)

    return look


def predicted(compared: Mapping[str, Any], action: str) -> Mapping[str, float | None]:
    """Return the predicted seconds to the target of one option, by quantile."""
    named = compared["verdict"]["scenario"] if action == "relaunch" else "continue"
    (outcome,) = [item for item in compared["outcomes"] if item["name"] == named]
    return outcome["finish_seconds"] or {}


def in_words(seconds: Mapping[str, float | None]) -> str:
    """Return a prediction as a person reads it."""
    low, middle, high = (seconds.get(level) for level in ("0.1", "0.5", "0.9"))
    if middle is None:
        return "not within its steps"
    return f"{middle:5.0f} s (8 in 10: {low or 0:.0f} s to {f'{high:.0f} s' if high else 'never'})"


def tell_the_end(compared: Mapping[str, Any], realised_seconds: float) -> bool:
    """Print predicted beside realised times; return whether the corrected job was really sooner."""
    broken, corrected = predicted(compared, "continue"), predicted(compared, "relaunch")
    print("\nseconds to the target loss, from the verdict on")
    print(f"  broken job, forecast       {in_words(broken)}")
    print(f"  corrected job, predicted   {in_words(corrected)}")
    print(f"  corrected job, realised    {realised_seconds:5.0f} s")
    forecast = broken.get("0.5")
    return forecast is None or realised_seconds < forecast


def story(service: Service, scheduler: str, *, auto: bool) -> bool:
    """Tell the story from the baseline to the overtaking."""
    baseline_loss = train_baseline(service)
    target = baseline_loss - TARGET_BELOW_BASELINE
    say(f"its validation loss is {baseline_loss:.3f}; the target of the next job is {target:.3f}")
    job = submit(scheduler, batch_script("broken", target, "sequential"))
    say(f"job {job} started from its checkpoint; its feed-forward blocks silently start from random")
    run_id = wait_for("the job's first record", find_run(service, lambda r: r["name"] == "demo"), 60)["id"]
    service.call("PUT", f"/runs/{run_id}/scenario", scenario(baseline_loss, target))
    compared = await_relaunch_verdict(service, run_id)
    clicked = time.time()
    corrected = batch_script("corrected", target, "named")
    if auto:
        relaunch(service, run_id, corrected)
    else:
        (FOLDER / "corrected.sh").write_text(corrected)
        say(f"open {service.link}, choose the run, then Relaunch: in the script, change")
        say(f"--mlp sequential to --mlp named (or paste {FOLDER / 'corrected.sh'})")
    patience = 60.0 if auto else 3_600.0
    new = wait_for("the corrected run", find_run(service, lambda r: r["replaces"] == run_id), patience)
    say(f"the corrected job is {new['job']['id'] if new['job'] else new['id']}")
    ended = wait_for("the target", reached_at(service, new["id"], target), PATIENCE_SECONDS)
    return tell_the_end(compared, ended - clicked)


def main() -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(description="Run the main job end to end.")
    parser.add_argument("--auto", action="store_true", help="click by itself and exit 0 only on success")
    auto = parser.parse_args().auto
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o700)
    scheduler = "slurm" if slurm_answers() else "local"
    service = start_service(scheduler)
    say(f"cutloss is at {service.link} ({'SLURM' if scheduler == 'slurm' else 'the local runner'})")
    try:
        sooner = story(service, scheduler, auto=auto)
        say("the corrected job overtook the broken one" if sooner else "the corrected job was not sooner")
        if not auto:
            say("the service goes on; Ctrl-C ends it")
            service.process.wait()
    except DemoError as error:
        say(f"failed: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        service.process.send_signal(signal.SIGINT)
        service.process.wait(timeout=20)
    return 0 if sooner else 1


if __name__ == "__main__":
    sys.exit(main())
