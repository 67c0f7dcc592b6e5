"""Another validation cadence for a run that goes on: asking its trainer for it, and what came of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.states import ENDED_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from app.pages.what_if_fields import Value
    from app.views import RunView
    from app.words import Words

SETTING = "validate_every"
"""The name under which a trainer asks for its cadence: ``run.setting("validate_every", 25)``."""


def cadence_to_set(view: RunView, values: Mapping[str, Value]) -> int | None:
    """Return the cadence a what-if assumes otherwise, where there is a trainer to be told."""
    every = values[SETTING]
    if not every.is_changed or every.number is None or view.state_word in {*ENDED_WORDS, "diverged"}:
        return None
    return round(every.number)


def asked_of_trainer(view: RunView, words: Words) -> Markup | None:
    """Return what came of the newest cadence that was asked of the trainer, ``None`` where none was."""
    newest = next((one for one in view.commands if one.command == "set" and one.name == SETTING), None)
    if newest is None:
        return None
    values = {"n": str(newest.value), "age": words.age(newest.created)}
    if newest.state == "done":
        return words.say("The trainer validates every {n} steps now; it was asked {age}.", **values)
    if newest.state == "refused":
        return words.say("The trainer refused to validate every {n} steps; it was asked {age}.", **values)
    return words.say("The trainer was asked {age} to validate every {n} steps; no answer yet.", **values)
