"""The list of runs: groups by what needs attention, one row a run, ends on one shared clock axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.pages.axis import ClockAxis, Tick
from app.pages.badges import BadgeFace, badge_face
from app.pages.facts import job_state, state_text
from app.pages.gantt import LEAST_WIDTH, Segment
from app.pages.list_title import GROUPS, GroupKey, group_name, group_of, list_advice, list_title
from app.pages.options import Whisker
from app.pages.phases import phase_style
from app.pages.todo import Todo, todo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from app.glances import Glance
    from app.views import RunRow
    from app.words import Words

SPARK_WIDTH, SPARK_HEIGHT = 64, 32
ENDED = frozenset({"finished", "failed", "stopped"})
SHORTEST_AXIS, LONGEST_AXIS = 600.0, 14 * 86_400.0
AXIS_STEPS = 60
"""The axis starts at a multiple of this share of its length, so that rows stay the same while time passes."""


@dataclass(frozen=True, slots=True)
class Spark:
    """The loss in a box of 64 by 32: what was seen, where it is heading, the target; y down."""

    seen: str
    ahead: str
    now: tuple[float, float] | None
    target_y: float | None
    is_lost: bool


@dataclass(frozen=True, slots=True)
class RowFace:
    """A row, ready to show."""

    id: str
    name: str
    badge: BadgeFace
    job: str | None
    state: Markup
    resources: str | None
    progress: Markup
    percent: str | None
    bars: list[Segment]
    end: Markup
    end_caption: Markup | None
    whisker: Whisker | None
    queued: Segment | None
    limit_x: float | None
    spark: Spark
    loss: str
    loss_captions: list[Markup]
    todo: Todo
    report: bool
    last_record_at: float
    age: Markup | None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading, or under none."""

    key: str
    title: Markup | None
    note: Markup | None
    rows: list[RowFace]


@dataclass(frozen=True, slots=True)
class Listing:
    """The list, ready to show."""

    title: Markup
    advice: Markup | None
    ticks: list[Tick]
    grid: list[float]
    groups: list[Group]


def listing(rows: Sequence[RunRow], glances: Sequence[Glance], words: Words, *, grouped: bool) -> Listing:
    """Return one page of the list of runs.

    Args:
        rows: the lines of the page, in their order.
        glances: every run of the list, on this page or another, in their order.
        words: the reader's.
        grouped: whether the order is that of attention, so that headings tell it.
    """
    axis = _axis(rows, words.now)
    ticks = axis.ticks(words, most=6)
    groups = (
        [_group(key, rows, glances, axis, words) for key in GROUPS] if grouped else [_all(rows, axis, words)]
    )
    return Listing(
        list_title(glances, words),
        list_advice(glances, words),
        ticks,
        [tick.x for tick in ticks],
        [group for group in groups if group.rows],
    )


def _group(
    key: GroupKey, rows: Sequence[RunRow], glances: Sequence[Glance], axis: ClockAxis, words: Words
) -> Group:
    own = [row for row in rows if group_of(row.badge) == key]
    count = sum(group_of(one.badge) == key for one in glances)
    told = words.whole(max(count, len(own)))
    is_urgent = key == "needs_you" and count > 1
    note = words.say("{n}, most urgent first", n=told) if is_urgent else words.plain(told)
    return Group(key, group_name(key, words), note, [row_face(row, axis, words) for row in own])


def _all(rows: Sequence[RunRow], axis: ClockAxis, words: Words) -> Group:
    return Group("all", None, None, [row_face(row, axis, words) for row in rows])


def row_face(row: RunRow, axis: ClockAxis, words: Words) -> RowFace:
    """Return one row."""
    job = row.job
    limit = _limit(row)
    is_limited = limit is not None and row.state_word not in ENDED and axis.start < limit < axis.end
    return RowFace(
        id=row.run.id,
        name=row.run.name,
        badge=badge_face(row.badge, words),
        job=row.run.job.id if row.run.job else None,
        state=job_state(row.job, words) if row.job is not None else state_text(row.state_word, words),
        resources=_resources(row, words),
        progress=_progress(row, words),
        percent=_percent(row, words),
        bars=_bars(row),
        end=_end(row, words),
        end_caption=_end_caption(row, limit, words),
        whisker=_whisker(row, axis),
        queued=_queued(row, axis, job.estimated_start if job else None),
        limit_x=axis.x(limit) if limit is not None and is_limited else None,
        spark=_spark(row),
        loss=_loss(row, words),
        loss_captions=_loss_captions(row, words),
        todo=todo(row, words),
        report=row.badge == "done",
        last_record_at=row.run.last_record_at,
        age=None if row.badge == "done" else words.say("{duration} ago", duration=_age(row, words)),
    )


def _age(row: RunRow, words: Words) -> str:
    return words.duration(math.floor(max(0.0, words.now - row.run.last_record_at)))


def _axis(rows: Sequence[RunRow], now: float) -> ClockAxis:
    """Return an axis from now over nearly all ends; a run far longer than the others may leave it."""
    ends = sorted(end for row in rows if (end := _last_end(row)) is not None)
    longest = ends[-1] if ends else SHORTEST_AXIS
    usual = ends[len(ends) // 2] if ends else SHORTEST_AXIS
    length = min(max(min(longest, 8 * usual) * 1.06, SHORTEST_AXIS), LONGEST_AXIS)
    # Rounded up to a step of its own size: rows do not all move whenever one of them does.
    grain = 10.0 ** math.floor(math.log10(length)) / 2
    length = math.ceil(length / grain) * grain
    start = math.floor(now / (length / AXIS_STEPS)) * (length / AXIS_STEPS)
    return ClockAxis(start, start + length)


def _last_end(row: RunRow) -> float | None:
    if row.remaining_seconds is None or row.state_word in ENDED:
        return None
    known = [value for value in row.remaining_seconds.values if value is not None]
    return known[-1] if known else None


def _resources(row: RunRow, words: Words) -> str | None:
    if row.job is None:
        return None
    gpus = words.say_n("{n} GPU", "{n} GPUs", row.job.gpus) if row.job.gpus else None
    return ", ".join(part for part in (gpus, row.job.partition) if part) or None


def _progress(row: RunRow, words: Words) -> Markup:
    if row.at_step is None:
        return words.say("not started")
    step = words.whole(row.at_step)
    if row.total_steps is None:
        return words.say("step <b>{step}</b>", step=step)
    return words.say("step <b>{step}</b> of {total}", step=step, total=words.whole(row.total_steps))


def _percent(row: RunRow, words: Words) -> str | None:
    left = row.remaining_seconds.at(0.5) if row.remaining_seconds else None
    if row.state_word in ENDED and row.elapsed_seconds is not None:
        return words.duration(row.elapsed_seconds)
    if left is None or row.elapsed_seconds is None:
        return (
            words.percent(min(1.0, row.at_step / row.total_steps))
            if row.at_step and row.total_steps
            else None
        )
    return words.percent(row.elapsed_seconds / max(row.elapsed_seconds + left, 1.0))


def _bars(row: RunRow) -> list[Segment]:
    """Return the time spent by phase, as a share of the run's whole time."""
    if row.at_step is None:
        return []
    spent = [(one.phase, one.spent_seconds or 0.0) for one in row.ledger if one.phase != "queue"]
    left = sum(one.left_seconds or 0.0 for one in row.ledger)
    whole = sum(seconds for _, seconds in spent) + (0.0 if row.state_word in ENDED else left)
    if whole <= 0:
        return []
    bars, at = [], 0.0
    for phase, seconds in spent:
        width = 100 * seconds / whole
        bars.append(Segment(round(at, 2), round(width, 2), phase_style(phase)))
        at += width
    return [bar for bar in bars if bar.width >= LEAST_WIDTH]


def _end(row: RunRow, words: Words) -> Markup:
    if row.state_word in ENDED:
        ended = (row.job.ended if row.job else None) or row.run.last_record_at
        return words.say("Ended <b>{clock}</b>", clock=words.clock(ended))
    if row.badge == "stop":
        return words.say("<b>No useful end</b>")
    middle = row.remaining_seconds.at(0.5) if row.remaining_seconds else None
    if middle is None:
        return words.say("<b>not known yet</b>")
    values = {"clock": words.clock(row.as_of + middle), "duration": words.duration(middle)}
    if row.state_word in {"stale", "offline"}:
        return words.say("<b>About {clock}</b>, if alive", **values)
    return words.say("<b>{clock}</b>, in {duration}", **values)


def _end_caption(row: RunRow, limit: float | None, words: Words) -> Markup | None:
    if row.state_word in ENDED:
        return None
    until = None if limit is None else _until(row, limit, words)
    low, high = words.span(row.remaining_seconds) if row.remaining_seconds else (None, None)
    if row.badge == "stop" or low is None or high is None:
        return until
    bounds = words.say(
        "{low} to {high}", low=words.clock(row.as_of + low), high=words.clock(row.as_of + high)
    )
    return words.say("{bounds}, {limit}", bounds=bounds, limit=until) if until else bounds


def _until(row: RunRow, limit: float, words: Words) -> Markup:
    clock, chance = words.clock(limit), row.told_within_limit
    if chance is None or row.badge in {"stop", "misses_limit"}:  # which say so themselves
        return words.say("limit {clock}", clock=clock)
    return words.say("limit {clock}: fits, {chance}", clock=clock, chance=words.sureness(chance))


def _whisker(row: RunRow, axis: ClockAxis) -> Whisker | None:
    if row.remaining_seconds is None or row.badge in {"stop", "done"}:
        return None
    low, middle, high = (row.remaining_seconds.at(level) for level in (0.1, 0.5, 0.9))
    if low is None or middle is None or row.as_of + low > axis.end:
        return None
    last = axis.end if high is None else row.as_of + high
    is_open = high is None or last > axis.end
    return Whisker(axis.x(row.as_of + low), axis.x(row.as_of + middle), axis.x(last), is_open=is_open)


def _queued(row: RunRow, axis: ClockAxis, starts: float | None) -> Segment | None:
    if row.state_word != "queued" or starts is None or starts <= axis.start:
        return None
    return Segment(0.0, axis.x(starts), "p-queue")


def _limit(row: RunRow) -> float | None:
    if row.time_limit_seconds is None or row.elapsed_seconds is None:
        return None
    return row.as_of + row.time_limit_seconds - row.elapsed_seconds


def _loss(row: RunRow, words: Words) -> str:
    if row.state_word == "diverged":
        return "NaN"
    return words.say("none yet") if row.loss_now is None else words.significant(row.loss_now)


def _loss_captions(row: RunRow, words: Words) -> list[Markup]:
    captions = []
    if row.state_word == "diverged" and row.loss_now is not None:
        captions.append(words.say("was {loss}", loss=words.significant(row.loss_now)))
    elif row.loss_at_end is not None and row.state_word not in ENDED:
        captions.append(words.say("ends {loss}", loss=words.significant(row.loss_at_end)))
    elif row.last_val_loss is not None:
        captions.append(words.say("val {loss}", loss=words.significant(row.last_val_loss)))
    if row.target_loss is not None:
        captions.append(words.say("target {loss}", loss=words.typed(row.target_loss)))
    return captions


def _spark(row: RunRow) -> Spark:
    """Return the sparkline: log of the loss where every loss is positive."""
    known = [*row.spark, *(value for value in (row.loss_at_end, row.target_loss) if value is not None)]
    if not known:
        return Spark("", "", None, None, is_lost=False)
    is_log = min(known) > 0
    scaled = [math.log(value) if is_log else value for value in known]
    low, high = min(scaled), max(scaled)

    def y(value: float) -> float:
        level = math.log(value) if is_log else value
        return round(3 + (SPARK_HEIGHT - 7) * (1 - (level - low) / ((high - low) or 1.0)), 1)

    reach = SPARK_WIDTH * min(1.0, row.spark_share)
    count = len(row.spark)
    points = [(round(reach * i / max(count - 1, 1), 1), y(loss)) for i, loss in enumerate(row.spark)]
    end = f"{SPARK_WIDTH},{y(row.loss_at_end)}" if row.loss_at_end is not None and row.spark_share < 1 else ""
    return Spark(
        " ".join(f"{a},{b}" for a, b in points),
        f"{points[-1][0]},{points[-1][1]} {end}" if points and end else "",
        points[-1] if points else None,
        y(row.target_loss) if row.target_loss is not None else None,
        is_lost=row.state_word == "diverged",
    )
