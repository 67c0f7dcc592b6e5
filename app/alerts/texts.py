"""Alerts in a person's language: a title and a sentence or two for each rule's finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from markupsafe import Markup

    from app.schemas.alerts import RuleName
    from app.words import Words

    Data = Mapping[str, Any]
    Texts = tuple[Markup, Markup]


def alert_texts(rule: RuleName, run: str, data: Data, words: Words) -> tuple[str, str]:
    """Return an alert's title and text, plain; the title is one line, whatever the run is called."""
    title, text = _MAKERS[rule](data, words)
    named = "".join(letter if letter.isprintable() else " " for letter in run)
    return f"{' '.join(named.split())}: {title.unescape()}", text.unescape()


def rule_text(rule: RuleName, words: Words) -> Markup:
    """Return what a rule tells of, for a list of rules."""
    named = {
        "verdict": words.say("The verdict changes"),
        "limit": words.say("A run will miss its time limit"),
        "loss_broken": words.say("A loss is NaN or infinite"),
        "loss_rising": words.say("A training loss rises"),
        "overfitting": words.say("A validation loss rises"),
        "silence": words.say("No record comes"),
        "slow_steps": words.say("Steps take longer"),
        "target": words.say("A target is reached"),
        "ended": words.say("A run has finished, failed or was stopped"),
    }
    return named[rule]


def _verdict(data: Data, words: Words) -> Texts:
    sure = words.sureness(data["sure"]) if data["sure"] is not None else None
    saving = data["saving_seconds"]
    if data["action"] == "stop":
        text = words.say("It is not expected to reach its target.")
        return words.say("stop it"), _with_chance(text, sure, words)
    if data["action"] == "continue":
        return words.say("going on is best again"), _with_chance(
            words.say("What spoke against going on no longer holds."), sure, words
        )
    if saving is not None and saving > 0:
        text = words.say("A fixed run gets there {duration} sooner.", duration=words.duration(saving))
    else:
        text = words.say("A fixed run has the better chance.")
    return words.say("fix and relaunch"), _with_chance(text, sure, words)


def _with_chance(text: Markup, sure: str | None, words: Words) -> Markup:
    if sure is None:
        return text
    return words.say("{said} This is {chance} sure.", said=text, chance=sure)


def _limit(data: Data, words: Words) -> Texts:
    chance = words.sureness(data["within_limit"])
    title = words.say("will likely miss its time limit")
    if data["ends_at"] is None or data["limit_at"] is None or data["ends_at"] <= data["limit_at"]:
        return title, words.say("The chance that it ends in time is {chance}.", chance=chance)
    text = words.say(
        "The chance that it ends in time is {chance}: it would end at {end}, and the limit is at {limit}.",
        chance=chance,
        end=words.clock(data["ends_at"]),
        limit=words.clock(data["limit_at"]),
    )
    return title, text


def _loss_broken(data: Data, words: Words) -> Texts:
    step = words.whole(data["step"])
    if data["of"] == "val":
        return words.say("the validation loss is not finite"), words.say(
            "The validation at step {step} gave NaN or infinity.", step=step
        )
    return words.say("the loss is not finite"), words.say(
        "Every loss since step {step} is NaN or infinite.", step=step
    )


def _loss_rising(data: Data, words: Words) -> Texts:
    text = words.say(
        "It was {best} at step {best_step} and is {now} now; it has risen since about step {step}.",
        **_since_best(data, words),
    )
    return words.say("the training loss rises"), text


def _overfitting(data: Data, words: Words) -> Texts:
    text = words.say(
        "It was {best} at step {best_step} and is {now} at step {step}: the model may overfit.",
        **_since_best(data, words),
    )
    return words.say("the validation loss rises"), text


def _since_best(data: Data, words: Words) -> dict[str, str]:
    losses = {name: words.significant(data[name]) for name in ("best", "now")}
    return losses | {name: words.whole(data[name]) for name in ("best_step", "step")}


def _silence(data: Data, words: Words) -> Texts:
    values = {"usual": words.duration(data["usual_seconds"]), "clock": words.clock(data["last"])}
    text = words.say("The last record came at {clock}; usually one comes every {usual}.", **values)
    end = words.say("Its process still answers: it may hang.") if data["beats"] else None
    return words.say("no record comes"), words.say("{said} {end}", said=text, end=end) if end else text


def _slow_steps(data: Data, words: Words) -> Texts:
    share = data["now_seconds"] / data["usual_seconds"] - 1
    text = words.say(
        "A step took {usual} and takes {now} since step {step}.",
        usual=words.duration(data["usual_seconds"]),
        now=words.duration(data["now_seconds"]),
        step=words.whole(data["step"]),
    )
    return words.say("steps take {percent} longer", percent=words.percent(share)), text


def _target(data: Data, words: Words) -> Texts:
    values = {"loss": words.significant(data["loss"]), "target": words.typed(data["target"])}
    if data["of"] == "val":
        text = words.say("The validation loss is {loss}, the target {target}.", **values)
    else:
        text = words.say("The training loss is {loss}, the target {target}.", **values)
    return words.say("target reached"), text


def _ended(data: Data, words: Words) -> Texts:
    named = {
        "finished": words.say("finished"),
        "failed": words.say("failed"),
        "stopped": words.say("stopped"),
    }
    title = named[data["word"]]
    after = words.duration(data["seconds"])
    if data["step"] is None or data["total_steps"] is None:
        text = words.say("After {duration}.", duration=after)
    else:
        done, of = words.whole(data["step"]), words.whole(data["total_steps"])
        text = words.say("After {duration}, at step {done} of {of}.", duration=after, done=done, of=of)
    if data["job_state"] is None:
        return title, text
    ended = words.say("Job {job} ended as {state}.", job=data["job"], state=data["job_state"])
    return title, words.say("{said} {end}", said=text, end=ended)


_MAKERS: Mapping[RuleName, Callable[[Data, Words], Texts]] = {
    "verdict": _verdict,
    "limit": _limit,
    "loss_broken": _loss_broken,
    "loss_rising": _loss_rising,
    "overfitting": _overfitting,
    "silence": _silence,
    "slow_steps": _slow_steps,
    "target": _target,
    "ended": _ended,
}
