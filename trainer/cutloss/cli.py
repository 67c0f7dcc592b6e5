"""``cutloss``: ask about runs, act on them, follow logs, check the way to the service."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from cutloss.actions import cancel_run, relaunch_run
from cutloss.answers import Answer, compare_scenarios, list_runs, tell_eta, tell_verdict
from cutloss.attaching import attach_log
from cutloss.checkpoint_audit import compare
from cutloss.checkpoints import (
    CheckpointError,
    build_model,
    checkpoint_tensors,
    model_tensors,
    write_renamed,
)
from cutloss.completion import completion
from cutloss.credentials import CredentialsError, find_service
from cutloss.doctor import examine
from cutloss.environment import spool_folder
from cutloss.logs.guess import PRESETS
from cutloss.manual import manual
from cutloss.questions import MEANINGS, Exit, NoAnswerError
from cutloss.supervise import PROBATION_SECONDS, probation_seconds, supervise
from cutloss.sync import find_spools, send_spool
from cutloss.words import percent

Command = Callable[[argparse.Namespace], Answer]
Adder = Callable[[str, Command, str], argparse.ArgumentParser]


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

    _add_questions(add)
    _add_actions(add)
    _add_attach(add)
    _add_checks(add)
    _add_shell(add)
    return top


def _add_questions(add: Adder) -> None:
    runs = add("runs", list_runs, "list your runs, the one heard of last first")
    runs.add_argument("--limit", type=int, help="at most so many")
    runs.add_argument("--query", help="part of an id or name")
    for name, run, text in (
        ("eta", tell_eta, "say when a run ends"),
        ("verdict", tell_verdict, "say whether to continue, or to cancel, fix and relaunch"),
    ):
        add(name, run, text).add_argument("name", metavar="RUN", help="a run's id, or its SLURM job's")
    compare = add("compare", compare_scenarios, "compare the scenarios of a file")
    compare.add_argument(
        "file", metavar="FILE", help="what POST /api/v1/compare takes, as JSON; - is the input"
    )


def _add_actions(add: Adder) -> None:
    relaunch = add("relaunch", relaunch_run, "put a corrected job in the place of a running one")
    relaunch.add_argument("name", metavar="RUN", help="a run's id")
    what = relaunch.add_mutually_exclusive_group(required=True)
    what.add_argument("--script", type=Path, metavar="FILE", help="the corrected batch script")
    what.add_argument(
        "--command",
        metavar="LINE",
        help="a corrected command for a job under cutloss supervise: keeps its nodes",
    )
    relaunch.add_argument(
        "--option", action="append", metavar="NAME=VALUE", help="an sbatch option; may be repeated"
    )
    relaunch.add_argument(
        "--no-checkpoint", action="store_true", help="do not ask the running job for one first"
    )
    relaunch.add_argument(
        "--checkpoint-wait", type=float, metavar="SECONDS", help="wait so long for it at most"
    )
    relaunch.add_argument(
        "--order", choices=("handover", "overlap"), help="the new job waits for the old one, or starts first"
    )
    relaunch.add_argument(
        "--signal",
        choices=("USR1", "USR2", "HUP", "INT", "TERM"),
        help="sent to the running job when its trainer does not answer",
    )
    relaunch.add_argument(
        "--without-answer", choices=("proceed", "abort"), help="what happens when nothing answers"
    )
    relaunch.add_argument(
        "--check", action="store_true", help="only say what would run, and what speaks against it"
    )
    relaunch.add_argument(
        "--wait", action="store_true", help="return when the new job is in place, or will not be"
    )
    cancel = add("cancel", cancel_run, "ask a training to end after its current step; its job is not killed")
    cancel.add_argument("name", metavar="RUN", help="a run's id")
    keep = add("supervise", supervise, "run a training in its job, and a corrected command in its place")
    keep.add_argument(
        "--grace", type=float, default=60.0, metavar="SECONDS", help="between the old one's TERM and KILL"
    )
    keep.add_argument(
        "--probation", type=probation_seconds, default=PROBATION_SECONDS, metavar="SECONDS",
        help="a corrected command that fails sooner gives its place back",
    )  # fmt: skip
    keep.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="what is run")
    for command in (relaunch, cancel):
        command.add_argument("--key", help="repeats of a call with the same key are done once")


def _add_attach(add: Adder) -> None:
    attach = add("attach", attach_log, "follow a log that a training writes, and report what it reads")
    attach.add_argument(
        "file", metavar="FILE", type=Path, nargs="?",
        help="the log; it may still be written, or not be there yet; without it the service follows --job",
    )  # fmt: skip
    how = attach.add_mutually_exclusive_group()
    how.add_argument("--preset", choices=sorted(PRESETS), help="what kind of log it is; guessed without")
    how.add_argument(
        "--regex", help="how to read a line: groups named step, loss, lr, val_loss, seconds, epoch, ..."
    )
    attach.add_argument("--once", action="store_true", help="read to the end, send it and stop")
    attach.add_argument("--idle", type=float, metavar="SECONDS", help="stop after so long without a line")
    attach.add_argument(
        "--until-input-ends", action="store_true", help="stop when the standard input ends, for programs"
    )
    attach.add_argument("--name", help="what the training is called; the file's name without")
    attach.add_argument("--run-id", metavar="ID", help="the run's id")
    attach.add_argument("--job", metavar="ID", help="the SLURM job that writes the log")
    attach.add_argument("--cluster", default="cluster", help="that job's cluster")
    for name in ("total-steps", "validate-every", "checkpoint-every", "validation-batches"):
        attach.add_argument(
            f"--{name}", type=int, metavar="COUNT", help="declared, where the log does not tell"
        )
    attach.add_argument(
        "--target-loss", type=float, metavar="LOSS", help="the loss that the training is run for"
    )
    attach.add_argument("--target-of", choices=("val", "train"), help="which loss that is")
    attach.add_argument("--like", metavar="RUN", help="an earlier run of the same kind")


def _add_checks(add: Adder) -> None:
    add("doctor", check_all, "check spool, service, tokens and clock")
    sync = add("sync", send_spools, "send spools that the service has not seen")
    sync.add_argument("folder", metavar="DIR", nargs="?", type=Path, help="a spool folder, or one run's")
    sync.add_argument("--all", action="store_true", help="send everything anew; what is known is not doubled")
    audit = add("audit", audit_checkpoint, "say what of a model a checkpoint would leave at random")
    audit.add_argument("checkpoint", type=Path, help="a torch or safetensors file; a pickle is not executed")
    audit.add_argument("--model", required=True, metavar="MODULE:FACTORY", help="what returns the model")
    audit.add_argument("--write", type=Path, metavar="FILE", help="write it with the proposed names")


def _add_shell(add: Adder) -> None:
    complete = add("completion", print_completion, "print a completion script for the shell to source")
    complete.add_argument("shell", choices=("bash", "zsh"), help="which shell")
    add("man", print_manual, "print the man page; pipe it to man -l -")


def print_completion(options: argparse.Namespace) -> Answer:
    """Print a completion script."""
    text = completion(parser(), options.shell)
    return {"shell": options.shell, "script": text}, text, Exit.ANSWERED


def print_manual(_options: argparse.Namespace) -> Answer:
    """Print the man page."""
    text = manual(parser(), MEANINGS)
    return {"page": text}, text, Exit.ANSWERED


def check_all(_options: argparse.Namespace) -> Answer:
    """Check everything between a training here and the service."""
    findings = examine(os.environ)
    text = "\n".join(f"{'ok' if found.passed else 'NO':3} {found.check}: {found.text}" for found in findings)
    exit_code = Exit.ANSWERED if all(found.passed for found in findings) else Exit.PROBLEM
    return [asdict(found) for found in findings], text, exit_code


def send_spools(options: argparse.Namespace) -> Answer:
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


def audit_checkpoint(options: argparse.Namespace) -> Answer:
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


if __name__ == "__main__":
    sys.exit(main())
