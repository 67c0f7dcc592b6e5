"""A report's middle part: each option with its phases and milestones, and those nobody asked about."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from app.pages.adding_up import adding_up
from app.pages.phases import phase_name
from app.pages.refusals import option_name, reason_text
from app.pages.report_blocks import Command, Paragraph, Points, Section, Table
from app.pages.report_facts import ends, span
from planner.reasons import refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from app.pages.report_account import Account
    from app.pages.report_blocks import Block
    from app.words import Words
    from planner.actions import Action
    from planner.outcome import MilestoneOutcome, Outcome
    from planner.quantiles import Quantiles

COMMANDS = frozenset({"do_scancel", "do_sbatch", "do_sbatch_latest"})
"""What is to be typed; submitting a script whose name is not known is not among it."""


def options(account: Account, words: Words) -> list[Section]:
    """Return one section an option: the phases it goes through, where its loss is when."""
    return [
        Section(
            words.say("Option {n}: {option}", n=number, option=option_name(one.name, words)),
            list(_option(one, account, words)),
        )
        for number, one in enumerate(account.comparison.outcomes, start=1)
    ]


def alternatives(account: Account, words: Words) -> Section:
    """Return the options nobody asked about, beside those that were."""
    title = words.say("Also worth asking")
    if not account.comparison.suggestions:
        return Section(title, [])
    asked = {one.name for one in account.query.scenarios}
    rows = [
        [
            option_name(one.name, words),
            words.plain(ends(one.finish_seconds.at(0.5), words))
            if one.finish_seconds
            else words.say("not known"),
            words.plain("" if one.name in asked else words.say("new")),
        ]
        for one in account.extended.outcomes
    ]
    columns = [words.say("Option"), words.say("From now"), words.plain("")]
    return Section(title, [Table(columns, rows)])


def actions(account: Account, words: Words) -> Section:
    """Return the plan of action: when, how long from now, what, and the command for it."""
    blocks: list[Block] = []
    told: list[Markup] = []
    for one in account.comparison.actions:
        when = words.say(
            "<b>{clock}</b> (after {duration})",
            clock=words.clock(account.as_of + one.at_seconds),
            duration=words.duration(one.at_seconds),
        )
        if one.at_seconds == 0:
            when = words.say("<b>Now</b>")
        is_command = one.code in COMMANDS
        text = _doing(one.kind, words) if is_command else reason_text(one, words)
        told.append(words.say("{when}: {what}", when=when, what=text))
        if is_command:
            blocks += [Points(told), Command(_command(one))]
            told = []
    if told:
        blocks.append(Points(told))
    return Section(words.say("Plan of action"), blocks)


def milestone_table(outcome: Outcome, as_of: float, words: Words) -> Table | None:
    """Return when an option passes which step, and with what loss; ``None`` where it has no milestones."""
    if not outcome.milestones:
        return None
    has_loss = any(one.loss is not None for one in outcome.milestones)
    columns = [words.say("Step"), words.say("From now"), words.say("Clock"), words.say("Expected loss")]
    rows = [_milestone(one, as_of, words) for one in outcome.milestones]
    if not has_loss:
        columns, rows = columns[:3], [row[:3] for row in rows]
    return Table(columns, rows, words.say("Milestones"))


def _option(one: Outcome, account: Account, words: Words) -> Iterator[Block]:
    if one.reason is not None:
        yield Paragraph(reason_text(refused(one.name, one.reason), words))
        return
    if one.finish_seconds is None:
        yield Paragraph(words.say("Nothing more is spent, and nothing is reached."))
        return
    yield Points(_totals(one, account, words))
    phases = one.composition or one.timeline
    if phases:
        lasts = adding_up([part.seconds for part in phases], words)
        begins = accumulate(lasts, initial=0.0)
        rows = [
            [
                words.plain(phase_name(part.phase, words)),
                words.plain(words.duration(begin)),
                words.plain(words.duration(last)),
            ]
            for part, begin, last in zip(phases, begins, lasts, strict=False)
        ]
        columns = [words.say("Phase"), words.say("Begins after"), words.say("Takes in all")]
        yield Table(columns, rows, words.say("Phases"))
    milestones = milestone_table(one, account.as_of, words)
    if milestones is not None:
        yield milestones
    conditions = account.comparison.verdict.better_if.get(one.name, ())
    if conditions:
        title = words.say("{option} is better if", option=option_name(one.name, words))
        yield Points([reason_text(condition, words) for condition in conditions], title)


def _totals(one: Outcome, account: Account, words: Words) -> list[Markup]:
    middle = one.finish_seconds.at(0.5) if one.finish_seconds else None
    told = []
    if middle is not None:
        told.append(
            words.say(
                "Done in <b>{duration}</b>, at {clock}.",
                duration=words.duration(middle),
                clock=words.clock(account.as_of + middle),
            )
        )
    total = one.total_seconds.at(0.5) if one.total_seconds else None
    if total is not None:
        told.append(words.say("With what is already spent: {duration}.", duration=words.duration(total)))
    attention = one.attention_seconds.at(0.5) if one.attention_seconds else None
    if attention is not None:
        told.append(
            words.say("Your attention: {duration}.", duration=words.duration(attention))
            if attention
            else words.say("It needs none of your attention.")
        )
    if one.probability_of_target is not None:
        chance = words.sureness(one.probability_of_target)
        told.append(words.say("It reaches its target with {chance}.", chance=chance))
    scenario = account.scenario(one.name)
    if scenario is not None and scenario.action == "relaunch" and scenario.cancel != "at_relaunch":
        told.append(words.say("The running job is cancelled at once."))
    return told


def _milestone(one: MilestoneOutcome, as_of: float, words: Words) -> list[Markup]:
    middle = one.finish_seconds.at(0.5)
    clock = words.say("not in sight") if middle is None else words.plain(words.clock(as_of + middle))
    low, high = one.finish_seconds.at(0.1), one.finish_seconds.at(0.9)
    return [
        words.plain(words.whole(one.step)),
        span(low, high, words),
        clock,
        words.plain("") if one.loss is None else loss_span(one.loss, words),
    ]


def loss_span(loss: Quantiles, words: Words) -> Markup:
    """Return between what a loss is 8 times in 10."""
    low, high = loss.at(0.1), loss.at(0.9)
    if low is None or high is None:
        return words.say("not known")
    if words.significant(low) == words.significant(high):
        return words.plain(words.significant(low))
    return words.say("{low} to {high}", low=words.significant(low), high=words.significant(high))


def _doing(kind: str, words: Words) -> Markup:
    return words.say("Cancel the job.") if kind == "cancel" else words.say("Submit the corrected job.")


def _command(one: Action) -> str:
    return one.text if one.code == "do_scancel" else f"sbatch {one.parameters['script']}"


__all__ = ["actions", "alternatives", "loss_span", "milestone_table", "options"]
