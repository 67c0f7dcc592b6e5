"""Processes of the local runner: started so that they outlive the service, and recognised when it is back."""

import contextlib
import os
import signal as signals
from collections.abc import Mapping, Sequence
from pathlib import Path

# A constant text: every value comes in as an argument. The folder "started" makes a second start impossible,
# the traps let this shell outlive a TERM to its group and tell how the job ended, and its last act takes with
# it what the job left running, as SLURM does.
_LAUNCH = """
folder=$1; work_dir=$2; shift 2
mkdir "$folder/started" || exit 75
echo $$ > "$folder/pid"
cd -- "$work_dir" || exit 71
trap : TERM INT HUP USR1 USR2
"$@"
echo $? > "$folder/exit.part"
mv "$folder/exit.part" "$folder/exit"
kill -KILL 0
"""


def launch(
    folder: Path, work_dir: str, command: Sequence[str], environment: Mapping[str, str], output: Path
) -> int:
    """Start a command in a session of its own and return its process id."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return os.posix_spawn(
        "/bin/sh",
        ["/bin/sh", "-c", _LAUNCH, "cutloss-job", str(folder), work_dir, *command],
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(output), flags, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def command_of(script: str, path: Path, arguments: Sequence[str]) -> list[str]:
    """Return what the kernel would run for a script, without needing its file to be executable."""
    interpreter = script[2:].split("\n", 1)[0].strip().split(maxsplit=1)
    return [*interpreter, str(path), *arguments]


def recorded_pid(folder: Path) -> int | None:
    """Return the process id in a started job's folder, while that process is still the job's."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((folder / "pid").read_text())
        # After a crash and a reboot the number may be anybody's; the command line names the folder.
        if os.fsencode(folder) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\x00"):
            return pid
    return None


def exit_status(folder: Path) -> tuple[int, float] | None:
    """Return the exit status that a job left and when, ``None`` while it has none."""
    with contextlib.suppress(OSError, ValueError):
        path = folder / "exit"
        return int(path.read_text()), path.stat().st_mtime
    return None


def birth(pid: int) -> str | None:
    """Return what tells this process from a later one of the same number; ``None`` when it is not alive."""
    _reap(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # The program's name is in brackets and may hold anything; what follows it is state, then numbers.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else f"{boot}/{fields[19]}"


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def signal_group(pid: int, known_birth: str, signal: signals.Signals) -> bool:
    """Signal a job's whole process group; False when that job's process is no more."""
    if birth(pid) != known_birth:
        return False
    try:
        os.killpg(pid, signal)
    except ProcessLookupError:
        return False
    return True
