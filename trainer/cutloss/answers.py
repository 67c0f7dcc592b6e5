"""The questions of the command line: runs, how long, what to do."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from cutloss.questions import Exit, NoAnswerError, ask, tell
from cutloss.words import UNKNOWN, duration, interval, sureness, table, time_of_day

ENDS_IN_TIME = 0.99
"""A run this sure to end before its limit has nothing to fear of it."""
STOP = "stop"
"""The badge of a run that comes to nothing, whatever its steps."""
SILENT = frozenset({"stale", "offline"})
NO_USEFUL_END = "no useful end"
HEADING = ("RUN", "STATE", "STEP", "ENDS IN", "VERDICT")
Answer = tuple[Any, str, Exit]
"""What ``--json`` prints, what a person reads, and how the program ends."""


def list_runs(options: argparse.Namespace) -> Answer:
    """List runs."""
    answer = ask(os.environ, "runs", limit=options.limit, query=options.query)
    rows = [_row(run) for run in answer["runs"]]
    return answer, table([HEADING, *rows]) if rows else "There are no runs.", Exit.ANSWERED


def tell_eta(options: argparse.Namespace) -> Answer:
    """Tell when a run ends."""
    eta = ask(os.environ, "runs", options.name, "eta")
    remaining = eta.get("remaining_seconds")
    if eta.get("reason") == "finished":
        return eta, _ended(options.name, eta), Exit.ANSWERED
    useless = _useless(options.name, eta)
    if eta.get("status") != "ok" or not remaining:
        if useless:
            return eta, useless, Exit.ANSWERED
        return eta, f"{options.name}: no estimate ({eta.get('reason') or 'nothing left'})", Exit.PROBLEM
    median = remaining.get("0.5")
    ends = None if median is None or eta.get("as_of") is None else eta["as_of"] + median
    counts = ", ".join(
        _count(eta.get(f"{noun}s_left"), noun) for noun in ("step", "validation", "checkpoint")
    )
    what = f"{useless}\nits steps end" if useless else f"{options.name} ends"
    lines = [f"{what} in {interval(remaining)}, about {time_of_day(ends)}", f"left: {counts}"]
    return eta, "\n".join([*lines, *_other_ends(eta)]), Exit.ANSWERED


def _useless(name: str, answer: dict[str, Any]) -> str | None:
    """Return that a run comes to nothing, though its steps may end; ``None`` where it may do well."""
    if answer.get("badge") != STOP:
        return None
    return f"{name}: {NO_USEFUL_END}, {_why_useless(answer)}"


def _why_useless(answer: dict[str, Any]) -> str:
    if answer.get("state") == "diverged":
        return "its loss is no finite number any more"
    return "it is not expected to reach its target"


def _other_ends(eta: dict[str, Any]) -> list[str]:
    """Return what an end rests on and what may come before it: a limit, a budget, early stopping."""
    lines = []
    if eta.get("state") in SILENT:
        lines.append(f"it is {eta['state']}, no record came lately: all this holds if it is alive")
    if eta.get("finishes_within_limit") is not None:
        lines.append(f"within the job's time limit: {sureness(eta['finishes_within_limit'])}")
    lines += _at_limit(eta.get("limit") or {})
    if eta.get("ends_by_budget") is not None:
        step = (eta.get("step_at_end") or {}).get("0.5")
        at = f", about step {round(step)}" if step is not None else ""
        lines.append(
            f"its own budget of time ends it before its steps: {sureness(eta['ends_by_budget'])}{at}"
        )
    if eta.get("early_stopping"):
        lines.append(_early_stopping(eta["early_stopping"]))
    return lines


def _at_limit(limit: dict[str, Any]) -> list[str]:
    """Return what the limit does to a run that is not likely to end before it."""
    outlook = limit.get("outlook") or {}
    requeues = (outlook.get("requeues") or {}).get("0.5")
    if not outlook or outlook.get("finishes", 1.0) > ENDS_IN_TIME:
        return []
    saved, lost = ((outlook.get(name) or {}).get("0.5") for name in ("checkpoint_step", "lost_seconds"))
    needed = "it never ends" if requeues is None else _count(round(requeues), "requeue")
    step = UNKNOWN if saved is None else f"step {round(saved)}"
    return [
        f"at the limit: saved at {step}, {duration(lost)} of work lost",
        f"then: {needed}, {duration(outlook.get('requeue_seconds'))} each",
        f"start a checkpoint before {time_of_day(limit.get('act_before'))}",
    ]


def _early_stopping(stop: dict[str, Any]) -> str:
    """Return what early stopping does: at its median step where that is known, else from the first it can."""
    count = f"({stop['waited']} of {stop['patience']} waited)"
    if stop.get("reason") == "stop_was_due":
        return f"early stopping: its rule was met, yet the run goes on {count}"
    chance = "not forecast" if stop.get("probability") is None else sureness(stop["probability"])
    middle, earliest = (stop.get("step") or {}).get("0.5"), stop.get("earliest_step")
    at = f", from step {earliest} on" if earliest is not None else ""
    at = at if middle is None else f", about step {round(middle)}"
    return f"early stopping ends it sooner: {chance}{at} {count}"


def _ended(name: str, eta: dict[str, Any]) -> str:
    """Return how and when a run ended; one that left no word is told by its job's end."""
    word = eta.get("finished") or eta.get("state") or "ended"
    at = f" at {time_of_day(eta['ended'])}" if eta.get("ended") is not None else ""
    left = f", {_count(eta['steps_left'], 'step')} before its end" if eta.get("steps_left") else ""
    return f"{name} has ended{at} ({word}{left})"


def tell_verdict(options: argparse.Namespace) -> Answer:
    """Tell what to do with a run."""
    answer = ask(os.environ, "runs", options.name, "verdict")
    verdict, badge = answer.get("verdict"), _badge(answer)
    if not verdict and answer.get("badge") == STOP:
        return answer, f"{options.name}: {badge}\n- {_why_useless(answer)}", Exit.ANSWERED
    if not verdict:
        return answer, f"{options.name}: there is nothing to decide", Exit.PROBLEM
    if badge == verdict["action"].upper():
        return answer, "\n".join(_verdict_lines(options.name, verdict)), Exit.ANSWERED
    state = answer.get("state")
    first = f"{options.name}: {badge}{'' if state in {'live', 'queued'} else f' ({state})'}"
    return answer, "\n".join([first, *_verdict_lines("verdict", verdict)]), Exit.ANSWERED


def compare_scenarios(options: argparse.Namespace) -> Answer:
    """Compare the scenarios of a file, which is the call's body as JSON; ``-`` reads it from the input."""
    source = str(options.file)
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        body = json.loads(text)
    except OSError as error:
        raise NoAnswerError(Exit.USAGE, f"{source}: {error.strerror}; expected a file") from error
    except ValueError as error:
        raise NoAnswerError(Exit.USAGE, f"{source} holds no JSON: {error}") from error
    answer = tell(os.environ, body, "compare", purpose="read")
    heading = ("SCENARIO", "ENDS IN", "FIRST", "REGRET", "")
    rows = [heading, *(_outcome_row(outcome) for outcome in answer.get("outcomes", []))]
    verdict = answer.get("verdict")
    lines = [table(rows), *(_verdict_lines(source, verdict) if verdict else [])]
    return answer, "\n".join(lines), Exit.ANSWERED if verdict else Exit.PROBLEM


def _outcome_row(outcome: dict[str, Any]) -> tuple[str, ...]:
    finish = (outcome.get("finish_seconds") or {}).get("0.5")
    first, regret = outcome.get("probability_first"), outcome.get("regret_seconds")
    return (
        str(outcome.get("name")), duration(finish), sureness(first), duration(regret),
        str(outcome.get("reason") or ""),
    )  # fmt: skip


def _verdict_lines(name: str, verdict: dict[str, Any]) -> list[str]:
    lines = [f"{name}: {verdict['action'].upper()}{_certainty(verdict)}"]
    saving = (verdict.get("saving_seconds") or {}).get("0.5")
    if verdict["action"] == "relaunch" and saving is not None:
        lines.append(f"saves {duration(saving)}")
    return lines + [f"- {reason['text']}" for reason in verdict.get("reasons") or []]


def _row(run: dict[str, Any]) -> tuple[str, ...]:
    at, total = run.get("at_step"), run.get("total_steps")
    step = f"{'-' if at is None else at}/{'-' if total is None else total}"
    return run["id"], str(run.get("state") or "-"), step, _ends_in(run), _badge(run)


def _ends_in(run: dict[str, Any]) -> str:
    if run.get("badge") == STOP:
        return NO_USEFUL_END
    left = (run.get("remaining_seconds") or {}).get("0.5")
    if left is None:
        return "-"
    return duration(left) + (", if alive" if run.get("state") in SILENT else "")


def _badge(answer: dict[str, Any]) -> str:
    """Return what a run needs, in the word of its page; an older service tells the verdict only."""
    badge = answer.get("badge") or (answer.get("verdict") or {}).get("action") or "-"
    return str(badge).replace("_", " ").upper()


def _count(count: int | None, noun: str) -> str:
    if count is None:
        return f"an unknown number of {noun}s"
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _certainty(verdict: dict[str, Any]) -> str:
    probability = verdict.get("probability")
    return "" if probability is None else f" ({sureness(probability)} sure)"
