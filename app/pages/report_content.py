"""The report: every part of the comparison, from the same facts for a run and for typed numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.pages.report_blocks import Report, Section
from app.pages.report_facts import invested, left, measured
from app.pages.report_options import actions, alternatives, options
from app.pages.report_verdict import (
    criteria,
    economics,
    exception,
    experiments,
    sensitivity,
    verdict,
    verdict_line,
)
from app.pages.summary_table import summary_table

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.pages.report_account import Account
    from app.words import Words


def report(account: Account, words: Words, lead: Markup | None = None) -> Report:
    """Return a report, its sections in the order they are read; those with nothing to tell are left out.

    Args:
        account: the facts.
        words: the reader's way of writing.
        lead: the answer, where the verdict is not it.
    """
    title = _title(account, words)
    table = summary_table(account.query, account.comparison, words)
    sections = [
        Section(words.say("In short"), [table] if table.rows else []),
        measured(account, words),
        invested(account, words),
        left(account, words),
        *options(account, words),
        verdict(account, words),
        exception(account, words),
        criteria(account, words),
        experiments(account, words),
        sensitivity(account, words),
        economics(account, words),
        alternatives(account, words),
        actions(account, words),
    ]
    told = [section for section in sections if section.blocks]
    return Report(title, lead or verdict_line(account.comparison, words), told)


def _title(account: Account, words: Words) -> Markup:
    if account.name is None:
        return words.say("Continue, or cancel, fix and relaunch?")
    if not account.comparison.outcomes:
        return words.plain(account.name)
    return words.say("{name}: continue, or fix and relaunch?", name=account.name)
