"""A report's last part: the verdict, what would turn it, and what is not time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.pages.assumptions import assumptions
from app.pages.gain import gain
from app.pages.refusals import option_name, reason_text
from app.pages.report_account import HURRY_SECONDS
from app.pages.report_blocks import Paragraph, Points, Section, Table
from app.pages.report_facts import span
from app.pages.summary_table import MONEY, rows_of
from app.states import UNLIKELY_TARGET

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.pages.report_account import Account
    from app.pages.report_blocks import Block
    from app.words import Words
    from planner.quantiles import Quantiles
    from planner.report import Comparison
    from planner.verdict import Verdict


def verdict_line(comparison: Comparison, words: Words) -> Markup:
    """Return the verdict in one sentence: what to do, what it gains, how sure that is."""
    verdict = comparison.verdict
    option = option_name(verdict.scenario or verdict.action, words)
    if verdict.action == "wait":
        return words.say("Too little is known to choose.")
    told = gain(comparison, words)
    lead = words.say("{option}:", option=option)
    chances = {one.name: one.probability_of_target for one in comparison.outcomes}
    reach = chances.get(verdict.scenario or "")
    if reach is not None and reach < UNLIKELY_TARGET and verdict.action != "stop":
        return words.say(
            "{lead} it reaches its target with {chance} only.", lead=lead, chance=words.sureness(reach)
        )
    if verdict.action == "stop" or told is None:
        return words.say("Advised: {option}.", option=option) if verdict.action != "stop" else _stop(words)
    values = {"lead": lead, "duration": told}
    if verdict.saving_fraction is None:
        return words.say("{lead} {duration} sooner.", **values)
    return words.say(
        "{lead} {duration} sooner ({percent}).", percent=words.percent(abs(verdict.saving_fraction)), **values
    )


def verdict(account: Account, words: Words) -> Section:
    """Return the verdict with its reasons."""
    found = account.comparison.verdict
    if not account.comparison.outcomes:
        return Section(words.say("Verdict"), [])
    points: list[Markup] = []
    if found.probability is not None and found.action != "wait":
        points.append(words.say("Sure at {chance}.", chance=words.sureness(found.probability)))
    saving = found.saving_seconds
    if saving is not None and saving.at(0.1) != saving.at(0.9):
        points.append(_spread(saving, words))
    if found.break_even_seconds is not None:
        tie = words.duration(found.break_even_seconds)
        points.append(
            words.say("Both tie when edit, test and queue take <b>{duration}</b> together.", duration=tie)
        )
    reasons = [reason_text(one, words) for one in found.reasons]
    blocks: list[Block] = [
        Paragraph(words.say("<b>{sentence}</b>", sentence=verdict_line(account.comparison, words)))
    ]
    if points:
        blocks.append(Points(points))
    if reasons:
        blocks.append(Points(reasons, words.say("Why")))
    return Section(words.say("Verdict"), blocks)


def _spread(saving: Quantiles, words: Words) -> Markup:
    """Return how far the gain of not going on may lie from its middle; an end may be out of sight."""
    low, high = _gain(saving.at(0.1), words), _gain(saving.at(0.9), words)
    return words.say("Compared with going on, 8 times in 10: between {low} and {high}.", low=low, high=high)


def _gain(seconds: float | None, words: Words) -> Markup:
    if seconds is None:
        return words.say("only one of them gets there")
    if seconds < 0:
        return words.say("{duration} later", duration=words.duration(-seconds))
    return words.say("{duration} sooner", duration=words.duration(seconds))


def exception(account: Account, words: Words) -> Section:
    """Return what holds for who must leave at once."""
    hurried = account.hurried.verdict
    if hurried.action == "wait":
        return Section(words.say("Who must leave now"), [])
    told = words.say(
        "With {duration} of attention until tomorrow: <b>{option}</b>.",
        duration=words.duration(HURRY_SECONDS),
        option=option_name(hurried.scenario or hurried.action, words),
    )
    short = [reason_text(one, words) for one in hurried.reasons if one.code == "attention_too_short"]
    blocks: list[Block] = [Paragraph(told), *(Paragraph(text) for text in short)]
    return Section(words.say("Who must leave now"), blocks)


def criteria(account: Account, words: Words) -> Section:
    """Return the criteria that are not time, and what they weigh."""
    asked = account.query.criteria or ()
    title = words.say("What is not time")
    if not asked:
        return Section(title, [])
    rows = rows_of(account.query, account.comparison, {one.name for one in asked}, words)
    names = [option_name(one.name, words) for one in account.comparison.outcomes]
    weighs = any(one.weight > 0 for one in asked)
    told = (
        words.say(
            "They weigh in the verdict as much as {percent} of the time each.",
            percent=words.percent(asked[0].weight),
        )
        if weighs
        else words.say("They stand beside the time and do not weigh in the verdict.")
    )
    return Section(title, [Table([words.say("Criterion"), *names], rows), Paragraph(told)])


def experiments(account: Account, words: Words) -> Section:
    """Return what the saving comes to over the experiments to come."""
    found, count = account.comparison.verdict.saving_over_experiments_seconds, account.query.experiments
    saving = found.at(0.5) if found else None
    title = words.say("Over the experiments to come")
    if found is None or saving is None or count is None or account.comparison.verdict.action != "relaunch":
        return Section(title, [])
    told = words.say_n(
        "Over {n} such experiment the fix gains {duration}.",
        "Over {n} such experiments the fix gains {duration}.",
        round(count),
        duration=words.duration(saving),
    )
    blocks: list[Block] = [Paragraph(told)]
    if None not in found.values and found.at(0.1) != found.at(0.9):
        bounds = span(found.at(0.1), found.at(0.9), words)
        blocks.append(Paragraph(words.say("8 times in 10: {span}.", span=bounds)))
    return Section(title, blocks)


def sensitivity(account: Account, words: Words) -> Section:
    """Return the assumptions, the one that turns the verdict first at the top."""
    found = assumptions(
        account.comparison.verdict.sensitivity, [one.name for one in account.query.scenarios], words
    )
    columns = [
        words.say("Assumption"), words.say("Now"), words.say("Turns at"), words.say("Moves the lead by"),
    ]  # fmt: skip
    rows = [[one.name, words.plain(one.now), one.flips_at, words.plain(one.swing)] for one in found]
    return Section(words.say("What turns the verdict first"), [Table(columns, rows)] if rows else [])


def economics(account: Account, words: Words) -> Section:
    """Return what each option costs from now on, where the GPUs are known."""
    rows = rows_of(account.query, account.comparison, MONEY, words)
    title = words.say("What it costs from now on")
    if not rows:
        return Section(title, [])
    names = [option_name(one.name, words) for one in account.comparison.outcomes]
    note = pareto_note(account.comparison.verdict, words)
    blocks: list[Block] = [Table([words.plain(""), *names], rows)]
    return Section(title, [*blocks, Paragraph(note)] if note is not None else blocks)


def pareto_note(found: Verdict, words: Words) -> Markup | None:
    """Return which options are worth choosing between, where time and cost disagree."""
    if found.pareto is None or len(found.pareto) < 2:  # noqa: PLR2004 - two disagree
        return None
    names = words.plain(", ").join(option_name(name, words) for name in found.pareto)
    return words.say("Time and cost disagree: none of these beats another in both: {options}.", options=names)


def _stop(words: Words) -> Markup:
    return words.say("Stop: none of the options is expected to reach the goal.")
