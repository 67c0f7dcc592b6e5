"""``cutloss attach`` on the command line: how a log is named, declared and followed."""

import argparse
import hashlib
import os
import select
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cutloss.answers import Answer
from cutloss.attach import Attachment, Found
from cutloss.catch_up import ENDING_SECONDS, Replay, find_earlier, sign
from cutloss.credentials import CredentialsError, find_service
from cutloss.environment import slug, spool_folder
from cutloss.logs.guess import Guess
from cutloss.logs.lines import written_at
from cutloss.logs.regex import Regex, RegexError
from cutloss.questions import Exit, NoAnswerError, tell
from cutloss.run import Run, begin
from cutloss.sync import send_spool

DECLARED = (
    "total_steps", "validate_every", "checkpoint_every", "validation_batches", "target_loss", "target_of",
    "like",
)  # fmt: skip
SAY_EVERY_SECONDS = 30.0
HEAD_BYTES = 1 << 16


def attach_log(options: argparse.Namespace) -> Answer:
    """Follow a log, or have the service follow what a job writes."""
    if options.file is None:
        return _ask_service(options)
    path = options.file.absolute()
    if options.once and not path.is_file():
        raise NoAnswerError(Exit.USAGE, f"{path} is no file; expected a log")
    declared = {name: getattr(options, name) for name in DECLARED}
    run, attachment = _attached(options, path, declared)
    sign(_spool_of(run), path)
    found = _read(attachment, options)
    _finish(run, found, is_once=options.once)
    data = {"run": run.id, "attempt": run.attempt, **asdict(found)}
    return data, "\n".join(_lines(run.id, path, found)), Exit.ANSWERED if found.preset else Exit.PROBLEM


def _ask_service(options: argparse.Namespace) -> Answer:
    """Have the service find and follow the output of a job."""
    here = [name for name in ("regex", "once", "idle", "run_id") if getattr(options, name)]
    if not options.job or here:
        words = " and no " + ", ".join(f"--{name.replace('_', '-')}" for name in here) if here else ""
        raise NoAnswerError(Exit.USAGE, f"no FILE was given; expected one, or --job{words}")
    named = {name: getattr(options, name) for name in ("name", "preset", *DECLARED)}
    order = {name: value for name, value in named.items() if value is not None}
    told = tell(os.environ, order, "jobs", options.job, "log")
    return told, f"{told.get('path')} is followed by the service, as {told.get('run')}", Exit.ANSWERED


def _attached(options: argparse.Namespace, path: Path, declared: dict[str, Any]) -> tuple[Run, Attachment]:
    """Return the run, and what reads the log into it: on from where an earlier process left it, if it can.

    Raises:
        NoAnswerError: the expression is none; then no run was begun.
    """
    reader = _reader(options)
    run_id = _run_id(options, path)
    plan = {"name": options.name or path.stem, **declared}
    # A service that was killed and started again at once meets the reader it had before.
    patience = ENDING_SECONDS if options.until_input_ends else 0.0
    earlier = find_earlier(spool_folder(os.environ) / run_id, path, patience)
    if earlier is not None:
        replay = Replay(earlier.spool)
        attachment = Attachment(path, _reader(options), replay, declared)
        if attachment.catch_up(replay):
            run = begin(plan | replay.plan, run_id, _environ(), earlier=(earlier.header, earlier.last_seq))
            attachment.go_on(replay, run)
            return run, attachment
    run = begin(plan, run_id, _environ(), _job(options), _began(path))
    return run, Attachment(path, reader, run, declared)


def _reader(options: argparse.Namespace) -> Guess | Regex:
    try:
        return Regex(options.regex) if options.regex else Guess(options.preset)
    except RegexError as error:
        raise NoAnswerError(Exit.USAGE, str(error)) from error


def _spool_of(run: Run) -> Path:
    return spool_folder(os.environ) / run.id / f"{run.attempt}.jsonl"


def _read(attachment: Attachment, options: argparse.Namespace) -> Found:
    """Read to the end, or follow until nobody wants it any more; say on stderr what was found."""
    if options.once:
        attachment.read_to_end()
    else:
        try:
            _follow(attachment, options)
        except KeyboardInterrupt:
            print(file=sys.stderr)  # noqa: T201 - ends the line that the key was echoed on
    attachment.close()
    return attachment.found


def _follow(attachment: Attachment, options: argparse.Namespace) -> None:
    said_at, said = 0.0, None
    is_wanted = _has_input if options.until_input_ends else _always
    for found in attachment.follow(options.idle, is_wanted):
        if found.preset != said or time.monotonic() - said_at > SAY_EVERY_SECONDS:
            said_at, said = time.monotonic(), found.preset
            print(f"cutloss: {_summary(found)}", file=sys.stderr, flush=True)  # noqa: T201 - what was found so far


def _has_input() -> bool:
    """Tell whether the standard input is still open: whoever holds its other end wants this to go on."""
    ready, _, _ = select.select([sys.stdin], [], [], 0)
    return not ready or os.read(sys.stdin.fileno(), HEAD_BYTES) != b""


def _always() -> bool:
    return True


def _finish(run: Run, found: Found, *, is_once: bool) -> None:
    """End the reporting: the training has ended where its last step was read, and is unknown otherwise."""
    is_complete = found.total_steps is not None and (found.last_step or 0) >= found.total_steps - 1
    if is_complete:
        run.finish()
    else:
        run.close()
    if is_once:
        try:
            send_spool(_spool_of(run), find_service(os.environ, "report"))
        except (CredentialsError, OSError):
            return  # the spool has everything


def _run_id(options: argparse.Namespace, path: Path) -> str:
    """Return the run's id: attaching again to the same log continues the same run."""
    if options.run_id:
        return slug(str(options.run_id), 100)
    name = slug(options.name or path.stem, 60)
    return f"{name}-{options.job or hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"


def _job(options: argparse.Namespace) -> dict[str, Any] | None:
    """Return the job that writes the log, where it is named."""
    return {"cluster": options.cluster, "id": options.job} if options.job else None


def _began(path: Path) -> float | None:
    """Return the moment of a log's first timestamp, ``None`` where its beginning has none."""
    try:
        with path.open("rb") as file:
            lines = file.read(HEAD_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return None
    moments = (written_at(line) for line in lines)
    return next((moment for moment in moments if moment is not None and moment < time.time()), None)


def _environ() -> dict[str, str]:
    """Return the environment without the job and the rank of this process: another one trains."""
    foreign = ("SLURM_", "CUTLOSS_JOB_ID", "CUTLOSS_REPLACES", "OMPI_", "PMI", "JSM_")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and name not in {"RANK", "LOCAL_RANK"}
    }


def _lines(run: str, path: Path, found: Found) -> list[str]:
    if found.preset is None:
        return [f"{path}: nothing was found that looks like a training; --regex can tell how to read it"]
    return [f"{path} is reported as {run}", _summary(found)]


def _summary(found: Found) -> str:
    if found.preset is None:
        return "nothing found yet"
    of = "" if found.total_steps is None else f" of {found.total_steps}"
    parts = [f"reads as {found.preset}", f"at step {found.last_step}{of}", f"{found.steps} training lines"]
    parts += [f"{found.validations} validations"] if found.validations else []
    parts += [f"loss {found.last_loss:.4g}"] if found.last_loss is not None else []
    parts += [f"validation loss {found.last_val_loss:.4g}"] if found.last_val_loss is not None else []
    return ", ".join(parts)
