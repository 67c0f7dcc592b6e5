"""Where the defaults of a what-if come from: what this person's fixes and queues took, and which curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.pages.what_if_fields import FILE_CURVE, OWN_CURVE, RUN_PREFIX, TYPED_CURVE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from app.habits import Usual
    from app.pages.field_faces import Choices
    from app.pages.what_if_fields import Value
    from app.plans import Plans
    from app.views import RunView
    from app.words import Words


def default_notes(view: RunView, words: Words, *, is_cancelled_first: bool = False) -> Mapping[str, Markup]:
    """Return by field where its default comes from; nothing where the person has said it.

    Args:
        view: the run.
        words: the reader's.
        is_cancelled_first: whether the job is ended before its fix is ready: then it keeps no nodes.
    """
    if view.habits is None or not view.scenario_is_default:
        return {}
    habits = view.habits
    queue = habits.anew if is_cancelled_first else habits.queue
    named = {"edit": habits.edit, "test": habits.test, "queue": queue}
    return {name: usual_source(usual, words) for name, usual in named.items()}


def usual_source(usual: Usual, words: Words) -> Markup:
    """Return whose times a usual duration was learned from."""
    if usual.source == "partition":
        return words.say_n("from {n} of your waits here", "from {n} of your waits here", usual.count)
    named = {
        "supervised": words.say("none: a corrected command keeps the nodes"),
        "own_nodes": words.say("nobody is in line: its own nodes come back to it"),
        "combined": words.say("from your earlier jobs and SLURM's own estimates"),
        "settings": words.say("a usual time: nothing is known of yours yet"),
        "job": words.say("as this job waited"),
    }
    own = words.say_n("from {n} of your own times", "from {n} of your own times", usual.count)
    return named.get(usual.source, own)


def curve_choices(view: RunView, value: Value, plans: Plans, words: Words) -> Choices:
    """Return whose curve the fixed run may follow: this run's, an earlier run's, or what was said already."""
    said = {
        TYPED_CURVE: words.say("as the steps below say"),
        FILE_CURVE: words.say("as the uploaded file says"),
    }
    choices = [(OWN_CURVE, words.say("as this run does"))]
    choices += [(code, text) for code, text in said.items() if value.default_text == code]
    runs = {run.id: run.name for run in plans.others(view.run)}
    if value.text.startswith(RUN_PREFIX):
        runs.setdefault(value.text.removeprefix(RUN_PREFIX), value.text.removeprefix(RUN_PREFIX))
    named = {run_id: run_id if name in run_id else f"{name} ({run_id})" for run_id, name in runs.items()}
    told = [(RUN_PREFIX + run_id, words.say("as {run} did", run=name)) for run_id, name in named.items()]
    return [*choices, *told]
