"""A report's first part: what was measured, what is spent, what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.pages.phases import phase_name
from app.pages.refusals import option_name
from app.pages.report_blocks import Paragraph, Points, Section, Table

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.pages.report_account import Account, Measured
    from app.pages.report_blocks import Block
    from app.words import Words

FROM_NOW, BETWEEN = 3, 4
"""Columns of the table of what is left."""


def measured(account: Account, words: Words) -> Section:
    """Return the pace by phase, and the losses seen."""
    columns = [
        words.say("Phase"),
        words.say("One takes"),
        words.say("8 in 10 take"),
        words.say("Seen"),
    ]
    is_typed = all(one.count is None for one in account.measured)
    rows = [_pace(one, words) for one in account.measured]
    if is_typed:
        columns, rows = columns[:2], [row[:2] for row in rows]
    blocks: list[Block] = [Table(columns, rows)] if rows else [Paragraph(words.say("No step was timed yet"))]
    losses = _losses(account, words)
    if losses:
        blocks.append(Points(losses))
    return Section(words.say("Typed numbers") if is_typed and rows else words.say("Measured"), blocks)


def invested(account: Account, words: Words) -> Section:
    """Return the time spent: it is gone either way."""
    query = account.query
    total = query.elapsed_seconds
    if total is None:
        return Section(words.say("Time invested"), [])
    rows = [
        [words.plain(phase_name(phase, words)), words.plain(words.duration(s))] for phase, s in account.spent
    ]
    rows.append([words.say("<b>Total</b>"), words.plain(words.duration(total))])
    step = words.whole(query.at_step)
    done = words.say("step {step}", step=step)
    if query.plan.total_steps is not None:
        done = words.say("step {step} of {total}", step=step, total=words.whole(query.plan.total_steps))
    sunk = words.say(
        "{done} after {duration}. These are spent whichever option is taken, so they count for none.",
        done=done[:1].upper() + done[1:],
        duration=words.duration(total),
    )
    return Section(
        words.say("Time invested"),
        [Table([words.say("Phase"), words.say("Spent")], rows), Paragraph(sunk)],
    )


def left(account: Account, words: Words) -> Section:
    """Return the steps and validations left, and the totals, of each option."""
    to_end = account.query.target is not None  # the goal may come before the plan's end
    columns = [
        words.say("Option"),
        words.say("Steps to its end") if to_end else words.say("Steps left"),
        words.say("Validations to its end") if to_end else words.say("Validations left"),
        words.say("From now"),
        words.say("8 times in 10"),
        words.say("In all"),
    ]
    unknown = words.say("not known")
    rows = []
    for one in account.comparison.outcomes:
        finish = one.finish_seconds
        total = one.total_seconds.at(0.5) if one.total_seconds else None
        rows.append(
            [
                option_name(one.name, words),
                unknown if one.steps_left is None else words.plain(words.whole(one.steps_left)),
                unknown if one.validations_left is None else words.plain(words.whole(one.validations_left)),
                unknown if finish is None else words.plain(ends(finish.at(0.5), words)),
                unknown if finish is None else span(finish.at(0.1), finish.at(0.9), words),
                unknown if total is None else words.plain(words.duration(total)),
            ]
        )
    if all(row[FROM_NOW] == row[BETWEEN] for row in rows):  # exact numbers have no interval to tell
        columns, rows = (
            [*columns[:BETWEEN], *columns[BETWEEN + 1 :]],
            [[*row[:BETWEEN], *row[BETWEEN + 1 :]] for row in rows],
        )
    return Section(words.say("What is left"), [Table(columns, rows)] if rows else [])


def ends(seconds: float | None, words: Words) -> str:
    """Return when something ends, in words where it never does."""
    return words.say("not in sight") if seconds is None else words.duration(seconds)


def span(low: float | None, high: float | None, words: Words) -> Markup:
    """Return a range of durations; one that is exact is one duration."""
    if low is None:
        return words.say("not in sight")
    if high is None:
        return words.say("from {low}, or never", low=words.duration(low))
    if words.duration(low) == words.duration(high):
        return words.plain(words.duration(low))
    return words.say("{low} to {high}", low=words.duration(low), high=words.duration(high))


def _pace(one: Measured, words: Words) -> list[Markup]:
    return [
        words.plain(phase_name(one.phase, words)),
        words.plain(words.duration(one.mean_seconds)),
        span(one.low_seconds, one.high_seconds, words),
        words.plain("" if one.count is None else words.whole(one.count)),
    ]


def _losses(account: Account, words: Words) -> list[Markup]:
    told = []
    if account.loss_now is not None and account.first_loss is not None:
        told.append(
            words.say(
                "Training loss {now}; it was {first} at the start.",
                now=words.significant(account.loss_now),
                first=words.significant(account.first_loss),
            )
        )
    if account.val_loss is not None:
        told.append(words.say("Validation loss {loss}.", loss=words.significant(account.val_loss)))
    target = account.query.target
    if target is not None:
        told.append(words.say("Both options are to reach a loss of {loss}.", loss=words.typed(target.loss)))
    return told
