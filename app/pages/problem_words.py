"""What went wrong, in the reader's language: the texts that errors of the pages commonly carry."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from app.errors import EXPECTED

if TYPE_CHECKING:
    from app.words import Words

FIELD = "{where} is {found}; expected {expected}"
"""What is said of a field that was refused; the last part is a text of its own."""

LONGEST_DETAIL = 2_000
"""A longer text stays as it is: to recognise one takes time that grows with the square of its length."""
MISSING = "missing"
ASKED_FOR: tuple[str, ...] = tuple(
    EXPECTED[kind]
    for kind in (
        "missing", "extra_forbidden", "string_type", "string_too_short", "string_too_long", "bool_parsing",
        "int_parsing", "float_parsing", "finite_number", "greater_than", "greater_than_equal", "less_than",
        "less_than_equal",
    )
)  # fmt: skip
"""What a form or an address may have been expected to hold."""

CONTRADICTED: tuple[str, ...] = (
    "at most total_steps, {total}", "at least at_step, {at_step}", "at most high, {high}",
    "steps that increase", "positive losses at increasing steps", "a positive loss",
    "a loss the job has not reached already", "a whole number of at least 1",
)  # fmt: skip
"""What a question may have been expected to hold, where its numbers contradict each other."""

SENTENCES: tuple[str, ...] = (
    "There is no run {run}.",
    "There is no replacement {replacement}.",
    "There is no channel {channel}.",
    "The scheduler does not know job {job}.",
    "The log of job {job} is not followed.",
    "Open the link that `cutlossd serve` printed; it signs this browser in.",
    "This link is no longer valid; open the one `cutlossd serve` printed last.",
    "This form is out of date or comes from elsewhere; load the page again.",
    "A token of scope {scope} may not do this; it takes {needed}.",
    "Only {owner}, who runs this service, may have it send messages.",
    "job {job} is {owner}'s; this service acts as {user}",
    "This service runs without a scheduler; start it with --scheduler=slurm or local.",
    "Run {run} has ended ({how}); nobody is there to answer.",
    "Run {run} reports job {job} already.",
    "run {run} is not a job of any scheduler",
    "replacement {replacement} of run {run} is under way",
    "replacement {replacement} of run {run} is under way; undo it first",
    "replacement {replacement} of run {run} is under way; wait until it has settled",
    "replacement {replacement} of run {run} is under way; wait until it has settled, {seconds} s",
    "the replacement is {state}; only until the old job's cancel can it be undone",
    "run {run} has been replaced by job {job}, which is {state}",
    "job {job} is {state}: it has ended",
    "what would run has the hash {hash}; expected {confirmed}, which was confirmed",
    "Very many pages are open; this one is not kept up to date.",
    "The service failed at this request; its log says more.",
)
"""What errors say as a whole; what is rarer stays as it is."""


def told(detail: str, words: Words) -> str:
    """Return what an error says, in the reader's language where its text is a common one."""
    if len(detail) > LONGEST_DETAIL:
        return detail
    whole = _translated(detail, SENTENCES, words)
    if whole is not None:
        return whole
    parts = [_field(part, words) for part in re.split(r"\. (?=/)", detail.removesuffix("."))]
    known = [part for part in parts if part is not None]
    return ". ".join(known) + "." if len(known) == len(parts) else detail


def expectation(text: str, words: Words) -> str:
    """Return what was expected, in the reader's language where that is common."""
    return _translated(text, (*ASKED_FOR, *CONTRADICTED), words) or text


def _field(sentence: str, words: Words) -> str | None:
    matched = _pattern(FIELD).fullmatch(sentence)
    if matched is None:
        return None
    values = matched.groupdict()
    asked = expectation(values["expected"], words)
    found = words.translated(MISSING) if values["found"] == MISSING else values["found"]
    return words.translated(FIELD).format(where=values["where"], found=found, expected=asked)


def _translated(text: str, known: tuple[str, ...], words: Words) -> str | None:
    for template in known:
        found = _pattern(template).fullmatch(text)
        if found is not None:
            return words.translated(template).format(**found.groupdict())
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return what recognises a text by the template it was filled in from."""
    parts = re.split(r"\{(\w+)\}", template)
    named = [
        re.escape(part) if n % 2 == 0 else f"(?P<{part}>{_extent(part)})" for n, part in enumerate(parts)
    ]
    return re.compile("".join(named), re.DOTALL)


def _extent(name: str) -> str:
    """Return how much a part takes: what was found may hold any words, also those that come after it."""
    return ".*" if name == "found" else ".*?"
