"""How phases are named and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from app.words import Words

STYLES: Mapping[str, str] = {
    "queue": "p-queue",
    "startup": "p-start",
    "step": "p-train",
    "train": "p-train",
    "data": "p-data",
    "validation": "p-val",
    "checkpoint": "p-ckpt",
    "forward": "p-train",
    "backward": "p-train",
    "optimizer": "p-train",
    "communication": "p-data",
    "lost": "p-lost",
    "idle": "p-idle",
    "silent": "p-free",
    "edit": "p-edit",
    "test": "p-test",
}


def phase_style(phase: str) -> str:
    """Return the class that fills a phase's bar."""
    return STYLES.get(phase, "p-idle")


def phase_name(phase: str, words: Words) -> Markup:
    """Return a phase's name for a table or a legend."""
    named = {
        "queue": words.say("queue"),
        "startup": words.say("start-up"),
        "step": words.say("training"),
        "train": words.say("training"),
        "data": words.say("waiting for data"),
        "validation": words.say("validation"),
        "checkpoint": words.say("checkpoints"),
        "forward": words.say("forward pass"),
        "backward": words.say("backward pass"),
        "optimizer": words.say("optimizer"),
        "communication": words.say("communication"),
        "lost": words.say("lost to restarts"),
        "idle": words.say("idle"),
        "silent": words.say("no records, not known"),
        "edit": words.say("edit"),
        "test": words.say("test"),
    }
    return named.get(phase) or words.plain(phase)
