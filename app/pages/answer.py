"""The answer: one sentence with the verdict, the clock time and the gain, and one of advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from app.pages.badges import BadgeFace, badge_face
from app.pages.gain import gain, is_difference
from app.pages.options import CONTINUE, goal_text, options_of
from app.pages.refusals import option_name, reason_text, refusal
from app.pages.third_option import headline, third_option
from app.states import UNLIKELY_TARGET
from app.targets import first_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from markupsafe import Markup

    from app.views import RunView, StateWord
    from app.words import Words
    from planner.quantiles import Quantiles
    from planner.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer, ready to show.

    Attributes:
        badge: the verdict's badge.
        sure: how sure it is, ``None`` where that is not known or the badge is not the verdict's own.
        lead: the verdict in words, in the verdict's colour.
        sentence: the rest of the sentence.
        advice: what to know or do beside it.
        third: the option nobody asked about that ends before the one advised.
        third_query: of the URL that asks about it.
    """

    badge: BadgeFace
    sure: Markup | None
    lead: Markup
    sentence: Markup
    advice: Markup | None
    third: Markup | None = None
    third_query: str = ""


def answer(view: RunView, words: Words) -> Answer:
    """Return the answer for a run as it stands."""
    lead, sentence, advice = _texts(view, words)
    verdict = view.comparison.verdict if view.comparison else None
    is_told = verdict is not None and view.badge == verdict.action and view.state_word in {"live", "stale"}
    sure = (
        words.say("{chance} sure", chance=words.sureness(verdict.probability))
        if is_told and verdict and verdict.probability is not None and not _is_alike(verdict)
        else None
    )
    third = third_option(view)
    query = "" if third is None else urlencode({"validate_every": third.every})
    return Answer(badge_face(view.badge, words), sure, lead, sentence, advice, headline(view, words), query)


Texts = tuple["Markup", "Markup", "Markup | None"]


def _texts(view: RunView, words: Words) -> Texts:
    ended = _ENDED.get(view.state_word)
    if ended is not None:
        return ended(view, words)
    verdict = view.comparison.verdict if view.comparison else None
    if view.state_word == "diverged" or (verdict is not None and verdict.action == "stop"):
        return _stop(view, words)
    if verdict is None:
        return _running(view, words)
    if verdict.action == "relaunch":
        return _relaunch(view, verdict, words)
    return _wait(view, verdict, words) if verdict.action == "wait" else _continue(view, verdict, words)


def _relaunch(view: RunView, verdict: Verdict, words: Words) -> Texts:
    there, here = _ends(view)
    values: dict[str, object] = {"goal": goal_text(view, words) or words.say("done")}
    lead = words.say("{option}:", option=option_name(verdict.scenario or "", words))
    advice = _relaunch_advice(view, words)
    if there is None:
        return lead, words.say("it has the better chance of {goal}.", **values), advice
    values["there"] = words.clock(view.as_of + there)
    if here is None:
        return (
            lead,
            words.say("{goal} at {there}. As it is, this run is not expected to get there.", **values),
            advice,
        )
    saving = _median(verdict.saving_seconds)
    saving = here - there if saving is None else saving
    values |= {"here": words.clock(view.as_of + here), "gain": words.duration(abs(saving))}
    if saving > 0 and view.comparison is not None and is_difference(view.comparison, saving, words):
        return lead, words.say("{goal} at {there} instead of {here}, {gain} sooner.", **values), advice
    # The middle of a difference is not the difference of the middles: two clock times would contradict it.
    if saving > 0:
        told = words.say("{goal} at {there}; case by case, {gain} sooner than by going on.", **values)
    else:
        told = words.say("{goal} at {there} instead of {here}.", **values)
    return lead, told, advice


def _relaunch_advice(view: RunView, words: Words) -> Markup:
    if view.scenario_is_default:
        return words.say("Compared with usual times for a fix; say in What if how long yours takes.")
    if view.scenario.get("cancel") == "at_relaunch":
        return words.say("Keep this run going while you fix it: it stays your fallback.")
    return words.say("Stop it now: going on while you fix it costs more than it is worth.")


def _is_alike(verdict: Verdict) -> bool:
    """Whether going on was only compared with a fix that learns as it does: how sure that is says little."""
    alike = any(reason.code == "learns_alike" for reason in verdict.reasons)
    return alike and verdict.action != "relaunch"


def _running(view: RunView, words: Words) -> Texts:
    """Return what is said of a run with nothing to compare: no declared end, or it is there."""
    if view.state_word in {"stale", "offline"}:
        return _silent(view, words)
    return words.say("Running:"), _end_of(view, words), _before_end_is_known(view, words)


def _silent(view: RunView, words: Words) -> Texts:
    """Return what is said of a run that fell silent: nobody knows that it is running."""
    stands = (
        words.say("its job runs, but no record comes.")
        if view.state_word == "stale"
        else words.say("whether it still runs is not known.")
    )
    if view.eta.remaining_seconds is None:
        return words.say("Silent:"), stands, _before_end_is_known(view, words)
    return words.say("Silent:"), stands, words.say("If it goes on, it {end}", end=_end_of(view, words))


def _wait(view: RunView, verdict: Verdict, words: Words) -> Texts:
    sentence = _end_of(view, words)
    if view.eta.remaining_seconds is not None:
        sentence = words.say("too little is known to choose; as planned it {end}", end=sentence)
    missing = reason_text(verdict.reasons[0], words) if verdict.reasons else _before_end_is_known(view, words)
    return words.say("Wait:"), sentence, missing


def _continue(view: RunView, verdict: Verdict, words: Words) -> Texts:
    lead, eta = words.say("Continue:"), view.eta.remaining_seconds
    if verdict.scenario not in {CONTINUE, None}:
        lead = words.say("{option}:", option=option_name(verdict.scenario, words))
    if eta is None or eta.at(0.5) is None:
        return lead, _unknown_end(view, words), _before_end_is_known(view, words)
    return lead, _end_sentence(view, eta, words), _continue_advice(view, verdict, words)


def _end_of(view: RunView, words: Words) -> Markup:
    eta = view.eta.remaining_seconds
    return (
        _unknown_end(view, words) if eta is None or eta.at(0.5) is None else _end_sentence(view, eta, words)
    )


def _unknown_end(view: RunView, words: Words) -> Markup:
    return words.say("when it ends is not known yet.") if view.at_step else words.say("no step is done yet.")


def _before_end_is_known(view: RunView, words: Words) -> Markup | None:
    return refusal(view.eta.reason, words) if view.eta.reason else None


def _end_sentence(view: RunView, eta: Quantiles, words: Words) -> Markup:
    low, high = words.span(eta)
    middle = eta.at(0.5) or 0.0
    clock = words.clock(view.as_of + middle)
    ends = (words.clock(view.as_of + low) if low is not None else clock, clock)
    last = words.clock(view.as_of + high) if high is not None else clock
    if ends[0] == last:
        return words.say("ends at {clock}.", clock=clock)
    return words.say("ends at {clock}, between {low} and {high}.", clock=clock, low=ends[0], high=last)


def _continue_advice(view: RunView, verdict: Verdict, words: Words) -> Markup | None:
    goal, option = (
        goal_text(view, words),
        next((one for one in options_of(view) if one.name == CONTINUE), None),
    )
    reach = option.probability_of_target if option is not None else None
    saving = _median(verdict.saving_seconds)
    if view.badge == "misses_limit" and view.eta.finishes_within_limit is not None:
        return words.say(
            "It ends before its time limit with {chance} only.",
            chance=words.sureness(view.eta.finishes_within_limit),
        )
    if goal is not None and reach is not None and (reach < UNLIKELY_TARGET or _is_alike(verdict)):
        return _reach_text(verdict, goal, reach, words)
    if view.comparison is not None and saving is not None and saving < 0:
        return words.say("Fixing and relaunching would end {loss} later.", loss=gain(view.comparison, words))
    if goal is not None and reach is not None:
        return words.say("It reaches {goal} with {chance}.", goal=goal, chance=words.sureness(reach))
    return None


def _reach_text(verdict: Verdict, goal: Markup, reach: float, words: Words) -> Markup:
    """Return how likely the goal is, and how soon a fix of which nothing is known would have to reach it."""
    values: dict[str, object] = {"goal": goal, "chance": words.sureness(reach)}
    told = [reason for reasons in verdict.better_if.values() for reason in reasons]
    steps = next((one.parameters["steps"] for one in told if one.code == "reaches_within"), None)
    if steps is not None:
        return words.say(
            "It reaches {goal} with {chance}. A fix pays if it gets there by step {step}.",
            step=words.whole(float(steps)),
            **values,
        )
    if reach < UNLIKELY_TARGET:
        return words.say("It reaches {goal} with {chance} only.", **values)
    return words.say("It reaches {goal} with {chance}.", **values)


def _stop(view: RunView, words: Words) -> Texts:
    if view.state_word == "diverged":
        return (
            words.say("Stop:"),
            words.say("the loss is no longer a finite number."),
            words.say("Nothing this run does from here can be used; its last good checkpoint can."),
        )
    goal = goal_text(view, words) or words.say("its target")
    sentence = words.say("it is not expected to reach {goal}.", goal=goal)
    is_alike = view.comparison is not None and _is_alike(view.comparison.verdict)
    advice = words.say("A fix may: say in What if by which step it would get there.") if is_alike else None
    return words.say("Stop:"), sentence, advice


def _queued(view: RunView, words: Words) -> Texts:
    job = view.job
    starts = job.estimated_start if job else None
    sentence = (
        words.say("starts at about {clock}.", clock=words.clock(starts))
        if starts
        else words.say("the scheduler has not said when it starts.")
    )
    reason = words.say("The scheduler's reason: {reason}.", reason=job.reason) if job and job.reason else None
    return words.say("Queued:"), sentence, reason


def _finished(view: RunView, words: Words) -> Texts:
    sentence = words.say("ended at {clock}.", clock=words.clock(_ended_at(view)))
    return words.say("Finished:"), sentence, _result(view, words)


def _failed(view: RunView, words: Words) -> Texts:
    step = words.whole(view.at_step or 0)
    sentence = words.say(
        "it ended at {clock} after step {step}.", clock=words.clock(_ended_at(view)), step=step
    )
    code = view.job.exit_code if view.job else None
    advice = words.say("Its exit code is {code}.", code=code) if code and code != "0:0" else None
    return words.say("Failed:"), sentence, advice


def _stopped(view: RunView, words: Words) -> Texts:
    sentence = words.say(
        "at {clock}, after step {step}.",
        clock=words.clock(_ended_at(view)),
        step=words.whole(view.at_step or 0),
    )
    return words.say("Stopped"), sentence, _result(view, words)


def _result(view: RunView, words: Words) -> Markup | None:
    loss = view.last_val.loss if view.target_of == "val" and view.last_val else view.loss_now
    goal = goal_text(view, words)
    if goal is None or loss is None or view.target_loss is None:
        return None
    values = {"loss": words.significant(loss), "goal": goal}
    if loss <= view.target_loss:
        return words.say("It ended at {loss}: {goal} is met.", **values)
    first = first_at(view.target_loss, view.validations) if view.target_of == "val" else None
    if first is not None:
        step = words.whole(first.step)
        return words.say("It reached {goal} at step {step} and ended at {loss}.", step=step, **values)
    return words.say("It ended at {loss}: {goal} is not met.", **values)


def _ended_at(view: RunView) -> float:
    return (view.job.ended if view.job else None) or view.run.last_record_at


_ENDED: Mapping[StateWord, Callable[[RunView, Words], Texts]] = {
    "finished": _finished,
    "failed": _failed,
    "stopped": _stopped,
    "queued": _queued,
}


def _ends(view: RunView) -> tuple[float | None, float | None]:
    """Return the median finish of the scenario advised and of continuing."""
    if view.comparison is None:
        return None, None
    by_name = {one.name: _median(one.finish_seconds) for one in view.comparison.outcomes}
    return by_name.get(view.comparison.verdict.scenario or ""), by_name.get(CONTINUE)


def _median(quantiles: Quantiles | None) -> float | None:
    return quantiles.at(0.5) if quantiles else None
