"""Why: messages as a code with parameters, so that a page can say them in another language."""

from collections.abc import Mapping
from dataclasses import dataclass

Parameter = str | float

TEMPLATES: Mapping[str, str] = {
    # Too little is known to answer.
    "no_curve": "{scenario} has a target to reach but no curve that says when it would.",
    "too_few_points": "The curve of {scenario} has too few points for a forecast yet.",
    "constant": "The curve of {scenario} does not move, so it forecasts nothing.",
    "not_converging": "The curve of {scenario} follows no law that could be carried on.",
    "never_that_low": "The curve that {scenario} is to follow never comes down to the loss "
    "it is to start from.",
    "curve_refused": "The curve of {scenario} cannot be forecast: {why}.",
    "missing_step_seconds": "How long a step of {scenario} takes is not known.",
    "missing_validation_seconds": "No validation of {scenario} was timed yet and some are due.",
    "missing_checkpoint_seconds": "No checkpoint of {scenario} was timed yet and some are due.",
    "missing_startup_seconds": "How long {scenario} takes to start up is not known.",
    "unknown_total_steps": "The plan of {scenario} does not say how many steps there are in all.",
    "unknown_validate_every": "The plan of {scenario} does not say when it validates.",
    "unknown_checkpoint_every": "The plan of {scenario} does not say when it saves checkpoints.",
    # Going on is pointless.
    "diverged": "The loss of {scenario} has diverged: more steps will not bring it back.",
    "not_finite": "The loss of {scenario} is not a finite number any more: every further step is wasted.",
    "target_out_of_reach": "{scenario} reaches a loss of {loss} by step {total_steps} in {reach_share} of "
    "the simulated cases.",
    "nothing_pursues_the_goal": "None of the scenarios works towards a result.",
    # What decides.
    "sooner": "{scenario} ends {saving_seconds} sooner than {other}, in the median case.",
    "sooner_by": "{scenario} ends {saving_seconds} sooner than {other} ({saving_share}), in the median case.",
    "likely_first": "{scenario} is first in {first_share} of the simulated cases.",
    "close_call": "It is close: {scenario} is first in only {first_share} of the simulated cases.",
    "rare_long_cases": "{scenario} is not the likeliest to be first, but it ends sooner on average: "
    "the other has rare, very long cases.",
    "cost_decides": "{scenario} is not the first to finish, but it costs less.",
    "criteria_decide": "{scenario} is not the first to finish, but the criteria you weighed speak for it.",
    "cost_unknown": "Cost could not be weighed: what a scenario costs is not known.",
    "attention_too_short": "{scenario} needs {needed_seconds} of attention and you have {available_seconds}.",
    "sunk_time": "The {sunk_seconds} already spent are gone either way and count for neither side.",
    # What else to know.
    "target_reached": "A loss of {loss} is reached already: the scenarios are compared at the end "
    "of their steps.",
    "target_left_out": "A loss of {loss} cannot be forecast, so that target is left out: the scenarios are "
    "compared at the end of their steps.",
    "different_goals": "The scenarios run to different steps ({steps}): that compares times, not results. "
    "Set a target loss to compare them at the same goal.",
    "ends_by_budget": "Its budget of time ends {scenario} before its last step in {ends_share} of the "
    "simulated cases.",
    "early_stopping_left_out": "Early stopping may end {scenario} before its last step: "
    "that is not counted here.",
    "validation_dominates": "Validation takes {validation_share} of what {scenario} still needs: "
    "{validations} times {validation_seconds}.",
    "validation_part": "Validation takes {validation_share} of what {scenario} still needs: "
    "part of one that takes {validation_seconds}.",
    "learns_alike": "{scenario} is taken to learn as {other} does, along the same curve: "
    "say so where it learns faster.",
    "fewer_steps": "{scenario} needs {steps} more steps; {other} needs {other_steps}.",
    "startup_again": "{scenario} pays the start-up of {startup_seconds} again.",
    "checkpoints_left_out": "Checkpoints of {scenario} are left out: neither when they are saved "
    "nor how long that takes is known.",
    "validation_count": "By its plan {scenario} has {counted} validations left, not the {given} given.",
    "may_never_arrive": "In {never_share} of the simulated cases no scenario reaches the goal.",
    "retries_likely": "{scenario} takes {tries} tries on average: a failed one costs edit, test, queue "
    "and start-up again.",
    "held": "This stays with {scenario}: {other} is not far enough ahead to change course.",
    "waiting_helps": "It may pay to wait: after {steps} more steps ({waiting_seconds}) the choice would be "
    "{sure_share} sure, and {gain_seconds} better on average.",
    # How it is carried out.
    "do_wait": "Ask again when more is known.",
    "do_stopped": "Nothing more is spent.",
    "do_cancel": "Cancel the job.",
    "do_scancel": "scancel {job}",
    "do_edit": "Make the fix.",
    "do_edit_meanwhile": "Make the fix while the job runs on.",
    "do_test": "Test it locally: does the checkpoint load in full?",
    "do_submit": "sbatch the corrected job",
    "do_submit_latest": "sbatch the corrected job, resuming from the latest checkpoint",
    "do_sbatch": "sbatch {script}",
    "do_sbatch_latest": "sbatch {script}, resuming from the latest checkpoint",
    "do_set": "Set {name} to {value} in the running job.",
    "do_change": "Change the running job as in {scenario}.",
    "do_let_run": "Nothing to do: it runs by itself.",
    "do_finished": "Step {step} is done.",
    "do_reached_perhaps": "A loss of {loss} is reached, if it is: in {reach_share} of the simulated cases.",
    "do_reached": "A loss of {loss} is reached.",
    # Better if.
    "overhead_above": "edit, test and queue together take more than {overhead_seconds}",
    "overhead_below": "edit, test and queue together take less than {overhead_seconds}",
    "attention_below": "you have less than {attention_seconds} to work on it now",
    "attention_above": "you have at least {attention_seconds} to work on it now",
    "step_seconds_above": "a step takes more than {value_seconds}",
    "step_seconds_below": "a step takes less than {value_seconds}",
    "validation_seconds_above": "a validation takes more than {value_seconds}",
    "validation_seconds_below": "a validation takes less than {value_seconds}",
    "checkpoint_seconds_above": "a checkpoint takes more than {value_seconds}",
    "checkpoint_seconds_below": "a checkpoint takes less than {value_seconds}",
    "startup_seconds_above": "the start-up takes more than {value_seconds}",
    "startup_seconds_below": "the start-up takes less than {value_seconds}",
    "success_probability_above": "the fix works at once in more than {value_share} of cases",
    "success_probability_below": "the fix works at once in less than {value_share} of cases",
    "loss_above": "a loss of {value} is enough",
    "loss_below": "you need a loss below {value}",
    "total_steps_above": "{scenario} takes more than {value} steps",
    "total_steps_below": "{scenario} takes fewer than {value} steps",
    "matters_more": "{criterion} matters more to you than time",
    "reaches_within": "{scenario} reaches the target by step {steps}",
    "saving_small": "{saving_seconds} make no difference to you",
}
"""English by code. A parameter's ending is its unit: ``_seconds``, ``_share`` (0 to 1), else as it is."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One message: its code, its plain English, and what the English was filled with."""

    code: str
    text: str
    parameters: Mapping[str, Parameter]


def reason(code: str, **parameters: Parameter) -> Reason:
    """Return the message of a code, filled."""
    words = {name: _words(name, value) for name, value in parameters.items()}
    text = TEMPLATES[code].format_map(words)
    return Reason(code, text, parameters)


def refused(scenario: str, code: str) -> Reason:
    """Return why a scenario could not be answered."""
    if code in TEMPLATES:
        return reason(code, scenario=scenario)
    return reason("curve_refused", scenario=scenario, why=code.replace("_", " "))


def spoken(seconds: float) -> str:
    """Return a duration in words: ``"45.9 s"``, ``"40 min"``, ``"7 h 01"``, ``"3 d 4 h"``."""
    sign, whole = "-" if seconds < 0 else "", abs(seconds)
    if whole < 120:  # noqa: PLR2004 - below two minutes the tenths of a second still matter
        return f"{sign}{whole:.3g} s"
    minutes = round(whole / 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours == 0:
        return f"{sign}{minutes} min"
    if hours < 48:  # noqa: PLR2004 - two days
        return f"{sign}{hours} h {minutes_left:02d}"
    return f"{sign}{hours // 24} d {hours % 24} h"


def _words(name: str, value: Parameter) -> str:
    if isinstance(value, str):
        return value
    if name.endswith("_seconds"):
        return spoken(value)
    return f"{value:.0%}" if name.endswith("_share") else f"{value:g}"
