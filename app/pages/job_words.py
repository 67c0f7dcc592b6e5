"""SLURM's reasons and states in the reader's words; what is not known here stays SLURM's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

    from app.words import Words


def reason_words(reason: str, words: Words) -> Markup:
    """Return why a job waits."""
    named = {
        "Resources": words.say("free nodes"),
        "Priority": words.say("its turn: others come first"),
        "Dependency": words.say("the end of another job"),
        "DependencyNeverSatisfied": words.say("another job that will never end well: it will not start"),
        "JobHeldUser": words.say("its release: you hold it"),
        "JobHeldAdmin": words.say("its release: the administrators hold it"),
        "BeginTime": words.say("the time it was told to begin at"),
        "JobArrayTaskLimit": words.say("other tasks of its array"),
        "PartitionTimeLimit": words.say("nothing: it asks for more time than its partition gives"),
        "PartitionNodeLimit": words.say("nothing: it asks for more nodes than its partition has"),
        "ReqNodeNotAvail": words.say("nodes that are down or reserved"),
        "Licenses": words.say("a free licence"),
        "Reservation": words.say("its reservation to begin"),
    }
    key = reason.partition(",")[0].strip()
    if key.startswith(("Assoc", "QOS")):
        return words.say("your quota ({reason})", reason=key)
    return named.get(key) or words.plain(reason)


def state_name(state: str, words: Words) -> Markup:
    """Return a state within a sentence."""
    named = {
        "PENDING": words.say("waiting"),
        "RUNNING": words.say("running"),
        "COMPLETED": words.say("completed"),
        "FAILED": words.say("failed"),
        "CANCELLED": words.say("cancelled"),
        "TIMEOUT": words.say("timed out"),
        "COMPLETING": words.say("ending"),
    }
    return named.get(state) or words.plain(state)
