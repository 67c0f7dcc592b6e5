"""Reading a batch script before it is submitted: its directives, and what would make it fail later."""

import contextlib
import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from app.slurm.scheduler import Check, SchedulerError, Submission

MAX_BYTES = 4 * 1024 * 1024  # SLURM's default max_script_size

SHORT_OPTIONS = {
    "A": "account", "a": "array", "b": "begin", "C": "constraint", "c": "cpus-per-task", "D": "chdir",
    "d": "dependency", "e": "error", "F": "nodefile", "G": "gpus", "H": "hold", "i": "input", "J": "job-name",
    "k": "no-kill", "L": "licenses", "M": "clusters", "m": "distribution", "N": "nodes", "n": "ntasks",
    "O": "overcommit", "o": "output", "p": "partition", "Q": "quiet", "q": "qos", "S": "core-spec",
    "s": "oversubscribe", "t": "time", "v": "verbose", "W": "wait", "w": "nodelist", "x": "exclude",
}  # fmt: skip
_FLAGS = frozenset(
    {"hold", "wait", "requeue", "no-requeue", "overcommit", "quiet", "verbose", "test-only", "parsable",
     "spread-job", "use-min-nodes", "ignore-pbs", "contiguous", "reboot", "exclusive", "oversubscribe",
     "no-kill"}
)  # fmt: skip
_BASH = Path("/bin/bash")
_SHELLS = frozenset({"bash", "sh", "dash"})
# Directives under which "the corrected job" is not one job, or sbatch does not come back.
_REFUSED = {
    "array": "would submit a whole array; a relaunch is one job",
    "clusters": "would submit to another cluster",
    "test-only": "would submit nothing",
    "uid": "would run as somebody else",
    "gid": "would run as another group",
    "wait": "would keep the submission waiting until the job has ended",
}


def directives(script: str) -> dict[str, str]:
    """Return the ``#SBATCH`` options by long name; a flag's value is empty, the last of equals wins.

    As sbatch does, reading stops at the first line that is neither blank nor a comment.
    """
    found: dict[str, str] = {}
    for line in script.splitlines()[1:]:
        if line.strip() and not line.startswith("#"):
            break
        if re.match(r"#SBATCH\s", line):
            found.update(_options(_split(line[len("#SBATCH") :])))
    return found


def read_submit_line(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the options and the script's arguments of a recorded ``sbatch`` command line.

    SLURM joins the words with spaces and keeps no quotes: a value with a space ends the reading.
    """
    words = text.split()[1:]
    found: dict[str, str] = {}
    position = 0
    while position < len(words) and words[position].startswith("-"):
        behind = words[position : position + 2]
        (option,) = _options(behind[: 1 if _stands_alone(behind) else 2])
        found.update([option])
        position += 1 if _stands_alone(behind) else 2
    return found, tuple(words[position + 1 :])


def _stands_alone(words: list[str]) -> bool:
    name, given, _ = _option(words[0])
    return given or name in _FLAGS or len(words) == 1 or words[1].startswith("-")


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()  # an open quote: bash -n or sbatch itself will say so


def _options(words: list[str]) -> Iterable[tuple[str, str]]:
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        name, given, value = _option(word)
        if not given and name not in _FLAGS and position < len(words) and not words[position].startswith("-"):
            value = words[position]
            position += 1
        if name:
            yield name, value


def _option(word: str) -> tuple[str, bool, str]:
    if word.startswith("--"):
        name, equals, value = word[2:].partition("=")
        return name, bool(equals), value
    if word.startswith("-") and len(word) > 1:
        return SHORT_OPTIONS.get(word[1], word[1]), len(word) > len("-x"), word[2:].removeprefix("=")
    return "", True, ""


def effective_options(submission: Submission) -> dict[str, str]:
    """Return the directives of a submission's script, overridden by its own options as sbatch does."""
    return {**directives(submission.script), **submission.options}


def refuse_directives(submission: Submission) -> None:
    """Raise where a script's directives would make of it more or other than one job of the user's."""
    check = _directives(submission)
    if not check.passed:
        raise SchedulerError(f"{check.name}: {check.finding}")


def lint(submission: Submission) -> list[Check]:
    """Check the script's form and the folders it needs; runs ``bash -n`` on a shell script."""
    script = submission.script
    checks = [
        _shebang(script),
        _line_ends(script),
        _size(script),
        _directives(submission),
        _work_dir(submission),
    ]
    checks.append(_output_folder(submission))
    if all(check.passed for check in checks[:3]):
        checks.append(_syntax(script))
    return checks


def _shebang(script: str) -> Check:
    first = script.split("\n", 1)[0]
    if re.match(r"#!\s*/\S", first):
        return Check("shebang", passed=True, finding=f"runs under {first[2:].strip()}")
    return Check(
        "shebang", passed=False, finding=f"the first line is {first[:80]!r}; expected #! and an interpreter"
    )


def _line_ends(script: str) -> Check:
    if "\r" in script:
        line = script[: script.index("\r")].count("\n") + 1
        return Check("line ends", passed=False, finding=f"line {line} ends as on Windows (CRLF); expected LF")
    if "\x00" in script:
        return Check("line ends", passed=False, finding="the script holds a NUL byte; expected text")
    return Check("line ends", passed=True, finding="LF throughout")


def _size(script: str) -> Check:
    size = len(script.encode())
    return Check("size", passed=size <= MAX_BYTES, finding=f"{size} bytes of {MAX_BYTES} allowed")


def _directives(submission: Submission) -> Check:
    found = directives(submission.script)
    refused = [f"--{name} {why}" for name, why in _REFUSED.items() if name in found]
    if re.search(r"^#SBATCH\s+(?:het|pack)job", submission.script, re.MULTILINE):
        refused.append("hetjob would submit several jobs")
    if refused:
        return Check("directives", passed=False, finding="; ".join(refused))
    return Check("directives", passed=True, finding=_told(found) or "none")


def _told(options: Mapping[str, str]) -> str:
    return " ".join(f"--{name}={value}" if value else f"--{name}" for name, value in options.items())


def _work_dir(submission: Submission) -> Check:
    folder = submission.work_dir
    if not folder.startswith("/"):
        return Check("work folder", passed=False, finding=f"{folder!r} is not an absolute path")
    if not _is_folder(Path(folder)):
        return Check("work folder", passed=False, finding=f"{folder} does not exist")
    return Check("work folder", passed=True, finding=folder)


def _output_folder(submission: Submission) -> Check:
    options = effective_options(submission)
    for name in sorted({"output", "error"} & options.keys()):
        folder = Path(submission.work_dir, options[name]).parent
        # SLURM puts the job's own words in place of %x, %j …: only a fixed folder can be looked at.
        if "%" not in str(folder) and not _is_folder(folder):
            return Check("output folder", passed=False, finding=f"{folder} (--{name}) does not exist")
    return Check("output folder", passed=True, finding="exists")


def _is_folder(path: Path) -> bool:
    with contextlib.suppress(OSError):  # somebody else's private folder, a name too long
        return path.is_dir()
    return False


def _syntax(script: str) -> Check:
    interpreter = script[2:].split("\n", 1)[0].split()
    if not _SHELLS & {Path(word).name for word in interpreter}:
        return Check("syntax", passed=True, finding="not a shell script")
    if not _BASH.exists():
        return Check("syntax", passed=True, finding="not looked at: there is no bash here")
    done = subprocess.run(  # noqa: S603 - argv list, never a shell; the script comes on standard input
        [str(_BASH), "-n"],
        input=script.encode(),
        capture_output=True,
        timeout=20,
        check=False,
        env={},
        cwd="/",
    )
    words = done.stderr.decode("utf-8", "replace").strip().replace("/bin/bash: ", "")
    return Check(
        "syntax", passed=done.returncode == 0, finding=words.replace("\n", "; ") or "bash -n has no complaint"
    )
