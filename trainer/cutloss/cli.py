"""``cutloss``: ask about runs, check the way to the service, send spools."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cutloss.checkpoint_audit import compare
from cutloss.checkpoints import (
    CheckpointError,
    build_model,
    checkpoint_tensors,
    model_tensors,
    write_renamed,
)
from cutloss.credentials import CredentialsError, find_service
from cutloss.doctor import examine
from cutloss.environment import spool_folder
from cutloss.questions import MEANINGS, Exit, NoAnswerError, ask
from cutloss.sync import find_spools, send_spool
from cutloss.words import duration, interval, percent, table, time_of_day

HEADING = ("RUN", "STATE", "STEP", "ENDS IN", "VERDICT")

Command = Callable[[argparse.Namespace], tuple[Any, str, Exit]]
"""Returns what ``--json`` prints, what a person reads, and how the program ends."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    options = parser().parse_args(arguments)
    try:
        data, text, exit_code = options.run(options)
        print(json.dumps(data, indent=2) if options.json else text, flush=True)  # noqa: T201 - the answer
    except NoAnswerError as error:
        print(f"cutloss: {error}", file=sys.stderr)  # noqa: T201 - the reason
        exit_code = error.exit_code
    except BrokenPipeError:
        # Whoever reads has read enough; the interpreter must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        exit_code = Exit.ANSWERED
    return int(exit_code)


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print the answer as JSON")
    codes = "\n".join(f"  {int(code)}  {meaning}" for code, meaning in MEANINGS.items())
    top = argparse.ArgumentParser(
        prog="cutloss", description="Ask about training runs, and check what they report through.",
        epilog=f"exit codes:\n{codes}", formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, parents=[common])
        command.set_defaults(run=run)
        return command

    runs = add("runs", list_runs, "list your runs, the one heard of last first")
    runs.add_argument("--limit", type=int, help="at most so many")
    runs.add_argument("--query", help="part of an id or name")
    for name, run, text in (
        ("eta", tell_eta, "say when a run ends"),
        ("verdict", tell_verdict, "say whether to continue, or to cancel, fix and relaunch"),
    ):
        add(name, run, text).add_argument("name", metavar="RUN", help="a run's id, or its SLURM job's")
    add("doctor", check_all, "check spool, service, tokens and clock")
    sync = add("sync", send_spools, "send spools that the service has not seen")
    sync.add_argument("folder", metavar="DIR", nargs="?", type=Path, help="a spool folder, or one run's")
    sync.add_argument("--all", action="store_true", help="send everything anew; what is known is not doubled")
    audit = add("audit", audit_checkpoint, "say what of a model a checkpoint would leave at random")
    audit.add_argument("checkpoint", type=Path, help="a torch or safetensors file; a pickle is not executed")
    audit.add_argument("--model", required=True, metavar="MODULE:FACTORY", help="what returns the model")
    audit.add_argument("--write", type=Path, metavar="FILE", help="write it with the proposed names")
    return top


def list_runs(options: argparse.Namespace) -> tuple[Any, str, Exit]:
    """List runs."""
    answer = ask(os.environ, "runs", limit=options.limit, query=options.query)
    rows = [_row(run) for run in answer["runs"]]
    return answer, table([HEADING, *rows]) if rows else "There are no runs.", Exit.ANSWERED


def tell_eta(options: argparse.Namespace) -> tuple[Any, str, Exit]:
    """Tell when a run ends."""
    eta = ask(os.environ, "runs", options.name, "eta")
    remaining = eta.get("remaining_seconds")
    if eta.get("status") != "ok" or not remaining:
        return eta, f"{options.name}: no estimate ({eta.get('reason') or 'nothing left'})", Exit.PROBLEM
    median = remaining.get("0.5")
    ends = None if median is None or eta.get("as_of") is None else eta["as_of"] + median
    counts = ", ".join(
        _count(eta.get(f"{noun}s_left"), noun) for noun in ("step", "validation", "checkpoint")
    )
    lines = [
        f"{options.name} ends in {interval(remaining)}, about {time_of_day(ends)}",
        f"left: {counts}",
    ]
    if eta.get("finishes_within_limit") is not None:
        lines.append(f"within the job's time limit: {percent(eta['finishes_within_limit'])}")
    return eta, "\n".join(lines), Exit.ANSWERED


def tell_verdict(options: argparse.Namespace) -> tuple[Any, str, Exit]:
    """Tell what to do with a run."""
    answer = ask(os.environ, "runs", options.name, "verdict")
    verdict = answer.get("verdict")
    if not verdict:
        return answer, f"{options.name}: there is nothing to decide", Exit.PROBLEM
    lines = [f"{options.name}: {verdict['action'].upper()}{_certainty(verdict)}"]
    saving = (verdict.get("saving_seconds") or {}).get("0.5")
    if verdict["action"] == "relaunch" and saving is not None:
        lines.append(f"saves {duration(saving)}")
    lines += [f"- {reason['text']}" for reason in verdict.get("reasons") or []]
    return answer, "\n".join(lines), Exit.ANSWERED


def check_all(_options: argparse.Namespace) -> tuple[Any, str, Exit]:
    """Check everything between a training here and the service."""
    findings = examine(os.environ)
    text = "\n".join(f"{'ok' if found.passed else 'NO':3} {found.check}: {found.text}" for found in findings)
    exit_code = Exit.ANSWERED if all(found.passed for found in findings) else Exit.PROBLEM
    return [asdict(found) for found in findings], text, exit_code


def send_spools(options: argparse.Namespace) -> tuple[Any, str, Exit]:
    """Send spools."""
    folder = options.folder or spool_folder(os.environ)
    try:
        service = find_service(os.environ, "report")
        sent = [send_spool(path, service, everything=options.all) for path in find_spools(folder)]
    except CredentialsError as error:
        raise NoAnswerError(Exit.NO_SERVICE, str(error)) from error
    except OSError as error:
        raise NoAnswerError(Exit.USAGE, f"{folder}: {error.strerror}; expected a spool folder") from error
    lines = [
        f"{item.path.name}: {item.records} records sent"
        + (f", {item.refused} refused" if item.refused else "")
        + (f"; stopped: {item.problem}" if item.problem else "")
        for item in sent
    ]
    failed = any(item.problem or item.refused for item in sent)
    data = [asdict(item) | {"path": str(item.path)} for item in sent]
    return data, "\n".join(lines) or f"{folder} holds no spool.", Exit.PROBLEM if failed else Exit.ANSWERED


def audit_checkpoint(options: argparse.Namespace) -> tuple[Any, str, Exit]:
    """Compare a checkpoint with a model."""
    try:
        audit = compare(model_tensors(build_model(options.model)), checkpoint_tensors(options.checkpoint))
        if options.write:
            write_renamed(options.checkpoint, options.write, audit.renames)
    except CheckpointError as error:
        raise NoAnswerError(Exit.USAGE, str(error)) from error
    share = audit.random_parameters / max(audit.parameters, 1)
    lines = [
        f"{audit.random_parameters:,} of {audit.parameters:,} parameters ({percent(share)}) start from random"
    ]
    lines += [f"- {module} starts from random" for module in audit.modules]
    lines += [f"- {name} has another shape" for name in audit.mismatched]
    lines += [f"rename {old} -> {new}" for old, new in audit.renames.items()]
    return asdict(audit), "\n".join(lines), Exit.ANSWERED if audit.fits else Exit.PROBLEM


def _row(run: dict[str, Any]) -> tuple[str, ...]:
    at, total = run.get("at_step"), run.get("total_steps")
    step = f"{'-' if at is None else at}/{'-' if total is None else total}"
    left = (run.get("remaining_seconds") or {}).get("0.5")
    verdict = (run.get("verdict") or {}).get("action") or "-"
    return run["id"], str(run.get("state") or "-"), step, "-" if left is None else duration(left), verdict


def _count(count: int | None, noun: str) -> str:
    if count is None:
        return f"an unknown number of {noun}s"
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _certainty(verdict: dict[str, Any]) -> str:
    probability = verdict.get("probability")
    return "" if probability is None else f" ({percent(probability)} sure)"


if __name__ == "__main__":
    sys.exit(main())
