"""One line of text: its numbers by name, where it stands, when it was written."""

import re
import time
from collections.abc import Iterator

from cutloss.logs.names import (
    BATCH_NAMES,
    CLOCK_NAMES,
    EPOCH_NAMES,
    GLOBAL_NAMES,
    NO_FACT,
    SECONDS_NAMES,
    STEP_NAMES,
    is_validation,
    plain_name,
)  # fmt: skip
from cutloss.logs.readings import Facts

NUMBER = (
    r"[-+]?(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d*)?(?:[eE][-+]?\d+)?"
    r"|[-+]?\.\d+|[-+]?(?:nan|inf(?:inity)?)\b"
)
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
WORD = r"(?!(?i:nan|inf|infinity)\b)[A-Za-z_][\w./@-]*+"
PAIR = re.compile(
    rf"(?<![\w./@-])(?P<key>{WORD}(?: {WORD}){{0,4}})\s*(?:\((?P<key_unit>ms|s|sec|seconds)\))?"
    rf"\s*(?:[:=|#]{{1,2}}\s*|\s+|(?=\[))"
    rf"(?P<value>{NUMBER})\s*(?:/\s*(?P<of>{NUMBER})|(?P<unit>ms|s|sec|seconds)(?![\w/]))?"
    rf"(?:\s*\(\s*(?P<average>{NUMBER})\s*\))?",
    re.IGNORECASE,
)  # fmt: skip
IN_BRACKETS = re.compile(
    r"(?P<word>Epoch|Iter|Train|Test|Val|Valid|Validation|Eval)(?: Epoch)?(?:\((?P<mode>\w+)\))?:?\s*"
    r"(?:(?P<bare>\d+)\s*)?\[\s*(?P<first>\d+)(?:\s*/\s*(?P<first_of>\d+))?[^\]\[]*\]:?"
    r"(?:,?\s*(?:Step|Iter|Iteration|Batch)?:?\s*\[\s*(?P<second>\d+)(?:\s*/\s*(?P<second_of>\d+))?[^\]\[]*\])?",
    re.IGNORECASE,
)  # fmt: skip
HEAD = re.compile(r"^\W*Epoch\W{0,3}(?P<epoch>\d+)(?:\s*(?:/|of)\s*(?P<epochs>\d+))?", re.IGNORECASE)
RATE = re.compile(rf"(?P<value>{NUMBER})\s*(?P<unit>it|iter|iters|step|steps|batch|batches)\s*/\s*s(?:ec)?\b")
PACE = re.compile(rf"(?P<value>{NUMBER})\s*(?P<unit>ms|s|sec)\s*/\s*(?:it|iter|iteration|step|batch)\b")
MILLISECONDS = re.compile(rf"[|,]\s*(?P<value>{NUMBER})\s*ms\s*(?=[|,]|$)")
ISO_TIME = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))?")
SHORT_TIME = re.compile(
    r"(?:^[IWE](?P<m1>\d\d)(?P<d1>\d\d)|\[(?P<m2>\d\d)/(?P<d2>\d\d)) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?"
)
US_TIME = re.compile(r"\b(\d\d)/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)\b")
BAR = re.compile(
    r"(?P<percent>\d+%)?\s*(?:\|[^|\d]*\||[━╸╺─]{3,})\s*(?P<count>\d+)/(?P<of>\d+)(?P<times>\s*\[[^,\]]*)?"
)
KERAS = re.compile(r"^\s*(?P<count>\d+)/(?P<of>\d+)\s+(?:\[[=>.\s]*\]|[━╸╺─]{3,})")
BAR_WORDS = re.compile(r"\b(?:validat|valid|val|sanity|test|eval|predict)", re.IGNORECASE)
VALIDATION_LINE = re.compile(
    r"^\W*(?:\w+ - )?\W*(?:eval|evaluation|validation|validating|valid|val|test)\b(?![_/ ]*loss)"
    r"|\|\s*(?:valid|validation|val|eval)\s*\||\bTest net output\b",
    re.IGNORECASE,
)
ALONE = re.compile(rf"^\W*(?:val|valid|validation|eval)[ _]loss\s*:?\s*(?:{NUMBER})\s*$", re.IGNORECASE)
"""A validation's loss with nothing beside it."""

ETA = re.compile(r"\beta:?\s*(?:\d+ days?, )?[\d:]+", re.IGNORECASE)
CODE = re.compile(r"^\s*[\w.\[\]]+\s*[-+*/]?=\s*[-\d.e]+\s*(?:[,#].*)?$")
TELLING = re.compile(
    r"loss|trl:|tel:|ppl|perplex|nll|entropy|\blr\b|learning.rate|epoch|iter|eval|\bval|\d/\d|step|update",
    re.IGNORECASE,
)
ONE_LOSS = re.compile(r"\S*loss_(?:step|epoch)", re.IGNORECASE)
LONGEST_LINE = 4000


def is_telling(line: str) -> bool:
    """Tell whether a line can hold anything; an assignment in source code copied into a log cannot."""
    return TELLING.search(line) is not None and CODE.match(line) is None


def number(text: str) -> float:
    """Return a number as logs write it: ``1,234``, ``2.5e-04``, ``nan``."""
    return float(text.replace(",", ""))


def scan(line: str) -> Facts:
    """Return what one line of text holds."""
    text = ANSI.sub("", line)[:LONGEST_LINE]
    facts = Facts(ended=written_at(text))
    text = ETA.sub(" ", _without_times(text))
    is_rich = "━" in text
    text = _read_bar(facts, _read_brackets(facts, text))
    _read_pairs(facts, text)
    _read_units(facts, text)
    if facts.epoch is None and (head := HEAD.match(text)):
        facts.epoch, facts.epochs = int(head["epoch"]), int(head["epochs"]) if head["epochs"] else None
        if "_bar" not in facts.fields:
            facts.zero_based = False if facts.epochs and facts.epoch == facts.epochs else None
    if "_bar" in facts.fields and facts.epochs:
        _count_bar_epochs(facts, is_rich=is_rich)
    if ALONE.match(text):
        facts.fields["_alone"] = 1.0
    facts.is_validation = facts.is_validation or _speaks_of_validation(text)
    return facts


def written_at(text: str, now: float | None = None) -> float | None:
    """Return the epoch seconds of a line's timestamp, in this machine's time zone; ``None`` without one."""
    if found := ISO_TIME.search(text):
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        return _epoch((year, month, day, hour, minute, second), found[7])
    if found := US_TIME.search(text):
        month, day, year, hour, minute, second = (int(part) for part in found.groups())
        return _epoch((2000 + year, month, day, hour, minute, second), None)
    if found := SHORT_TIME.search(text):
        return _this_year(found, time.time() if now is None else now)
    return None


def _this_year(found: re.Match[str], now: float) -> float | None:
    """Return the moment of a stamp without a year: the latest one that is not in the future."""
    month, day = int(found["m1"] or found["m2"]), int(found["d1"] or found["d2"])
    hour, minute, second = (int(found[index]) for index in (5, 6, 7))
    year = time.localtime(now).tm_year
    epoch = _epoch((year, month, day, hour, minute, second), found[8])
    if epoch is not None and epoch > now + 86400:
        epoch = _epoch((year - 1, month, day, hour, minute, second), found[8])
    return epoch


def _epoch(parts: tuple[int, int, int, int, int, int], fraction: str | None) -> float | None:
    try:
        whole = time.mktime((*parts, 0, 0, -1))
    except (ValueError, OverflowError):
        return None
    return whole + (float(f"0.{fraction}") if fraction else 0.0)


def _without_times(text: str) -> str:
    for stamp in (ISO_TIME, US_TIME, SHORT_TIME):
        text = stamp.sub(" ", text, count=1)
    return text


def _read_brackets(facts: Facts, text: str) -> str:
    """Read ``Epoch [53][50/1265]`` and its relatives; return the text without it."""
    found = IN_BRACKETS.search(text)
    if not found:
        return text
    word, mode = found["word"].lower(), (found["mode"] or "").lower()
    facts.is_validation = is_validation(mode) or is_validation(word)
    first, of = int(found["first"]), int(found["first_of"]) if found["first_of"] else None
    if found["second"] is not None:
        facts.epoch, facts.epochs = first, of
        facts.count, facts.of = int(found["second"]), int(found["second_of"]) if found["second_of"] else None
        facts.in_epoch = True
        facts.zero_based = ":" in found[0]
    elif found["bare"] is not None and word in {"train", "epoch"}:
        facts.epoch, facts.count, facts.of, facts.in_epoch = int(found["bare"]), first, of, True
        facts.zero_based = "Epoch" not in found[0]
    elif word == "iter":
        facts.count, facts.of, facts.in_epoch = first, of, False
    elif word == "epoch":
        facts.epoch, facts.epochs = first, of
    else:
        facts.count, facts.of, facts.in_epoch = first, of, True
    return text[: found.start()] + " " + text[found.end() :]


def _read_bar(facts: Facts, text: str) -> str:
    """Read ``50%|█████     | 50/100 [00:05<00:05, 9.5it/s, loss=0.69]``; return the text without the bar."""
    found = KERAS.search(text) or BAR.search(text)
    if not found:
        return text
    before = text[: found.start()]
    facts.count, facts.of = int(found["count"]), int(found["of"])
    facts.in_epoch = True if found.re is KERAS or HEAD.match(before) else None
    facts.is_validation = BAR_WORDS.search(before) is not None
    facts.zero_based = True if found.re is BAR else None
    facts.fields["_bar"] = 1.0
    return before + " " + text[found.end() :]


def _count_bar_epochs(facts: Facts, *, is_rich: bool) -> None:
    """Tell Lightning's ``Epoch 0/9``, where the last epoch is named, from ``Epoch 1/10``."""
    facts.zero_based = is_rich
    facts.epochs = (facts.epochs or 0) + facts.zero_based


def _read_pairs(facts: Facts, text: str) -> None:
    best = len(STEP_NAMES)
    for found in _pairs(text):
        key = plain_name(found["key"])
        if NO_FACT.search(key):
            continue
        value, of = number(found["value"]), found["of"]
        # Lightning's train_loss_step is a loss; a "loss at step" names a step.
        last = "" if ONE_LOSS.fullmatch(found["key"]) else key.rpartition("_")[2]
        if is_validation(key) and (last in STEP_NAMES or "iteration" in key):
            facts.is_validation = True
        name = (
            key if key in STEP_NAMES else last if last in STEP_NAMES and "per" not in key.split("_") else ""
        )
        if (
            name
            and value.is_integer()
            and value >= 0
            and facts.in_epoch is None
            and "_bar" not in facts.fields
            and STEP_NAMES.index(name) < best
            and not found["unit"]
        ):
            best = STEP_NAMES.index(name)
            _take_count(facts, name, int(value), of)
        elif last in EPOCH_NAMES and facts.epoch is None and value >= 0 and not found["unit"]:
            facts.epoch, facts.epochs = int(value), int(number(of)) if of else facts.epochs
            if value.is_integer() is False:
                facts.epoch = None
        elif not name:
            _take_field(facts, key, value, found)


def _pairs(text: str) -> Iterator[re.Match[str]]:
    return PAIR.finditer(text)


def _take_count(facts: Facts, name: str, value: int, of: str | None) -> None:
    facts.count, facts.of = value, int(number(of)) if of else None
    facts.in_epoch = None
    if name in GLOBAL_NAMES:
        facts.fields["_is_global"] = 1.0
    elif name in BATCH_NAMES:
        facts.fields["_is_batch"] = 1.0


def _take_field(facts: Facts, key: str, value: float, found: re.Match[str]) -> None:
    unit = (found["unit"] or found["key_unit"] or "").lower()
    seconds = value / 1000 if unit == "ms" else value
    if key in CLOCK_NAMES or key.endswith("train_time"):
        facts.clock = seconds
    elif key in SECONDS_NAMES or (key == "time" and unit):
        facts.seconds = seconds
    elif key not in facts.fields:
        facts.fields[key] = value
        if found["average"]:
            facts.averages[key] = number(found["average"])


def _read_units(facts: Facts, text: str) -> None:
    if facts.seconds is not None:
        return
    if found := PACE.search(text) or MILLISECONDS.search(text):
        facts.seconds = number(found["value"]) / (
            1 if "unit" in found.re.groupindex and found["unit"] != "ms" else 1000
        )
    elif (found := RATE.search(text)) and number(found["value"]) > 0:
        facts.seconds = 1 / number(found["value"])


def _speaks_of_validation(text: str) -> bool:
    return VALIDATION_LINE.search(text) is not None
