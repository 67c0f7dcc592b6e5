"""What would speak for each scenario: the seed's "better if"."""

from collections.abc import Iterator, Mapping

from planner.evidence import Evidence
from planner.outcome import median_of
from planner.reasons import Parameter, Reason, reason
from planner.sensitivity import Sensitivity
from planner.step_budget import steps_within

_MOST_INPUTS = 3
_UNITS = {"success_probability": "value_share", "loss": "value", "total_steps": "value"}
_SAID_OTHERWISE = ("edit_seconds", "test_seconds", "queue_seconds")
"""Break-even speaks for these three together."""


def better_if(evidence: Evidence) -> Mapping[str, tuple[Reason, ...]]:
    """Return conditions by scenario name, for each scenario that can be answered."""
    return {
        scenario.name: tuple(_conditions(evidence, scenario.name, scenario.action))
        for scenario in evidence.query.scenarios
        if scenario.name in evidence.courses
    }


def _conditions(evidence: Evidence, name: str, action: str) -> Iterator[Reason]:
    if action == "relaunch":
        yield from _for_relaunch(evidence, name)
    elif name == evidence.first_of("continue") and evidence.first_of("relaunch") is not None:
        yield from _for_continuing(evidence)
    yield from _flips(evidence, name)
    for criterion in evidence.query.criteria or ():
        best = max(criterion.scores.values(), default=0.0)
        if criterion.scores.get(name) == best and best > min(criterion.scores.values()):
            yield reason("matters_more", criterion=criterion.name)


def _decides(evidence: Evidence) -> bool:
    """Return whether the advice is one of the two that break-even compares; a third may be ahead of both."""
    return evidence.chosen in {None, evidence.first_of("continue"), evidence.best_relaunch}


def _may_win(evidence: Evidence, relaunch: str) -> bool:
    """Return whether time for it could make a relaunch the best: what is hopeless takes no attention."""
    return relaunch == evidence.chosen or evidence.break_even_seconds is not None


def _for_relaunch(evidence: Evidence, name: str) -> Iterator[Reason]:
    if evidence.break_even_seconds is not None and evidence.best_relaunch == name and _decides(evidence):
        yield reason("overhead_below", overhead_seconds=evidence.break_even_seconds)
    needed = median_of(evidence.courses[name].attention_seconds)
    if needed and _may_win(evidence, name):
        yield reason("attention_above", attention_seconds=needed)
    yield from _learning_faster(evidence, name)


def _learning_faster(evidence: Evidence, name: str) -> Iterator[Reason]:
    """Yield how soon a fix has to reach the target that so far is taken to learn as going on does."""
    continuing = evidence.first_of("continue")
    if continuing is None or name == evidence.chosen or not evidence.learns_alike(name):
        return
    places = [scenario.name for scenario in evidence.query.scenarios]
    steps = steps_within(evidence.query, places.index(name), places.index(continuing))
    if steps is not None:
        yield reason("reaches_within", scenario=name, steps=steps)


def _for_continuing(evidence: Evidence) -> Iterator[Reason]:
    if evidence.break_even_seconds is not None and _decides(evidence):
        yield reason("overhead_above", overhead_seconds=evidence.break_even_seconds)
    relaunches = [s.name for s in evidence.query.scenarios if s.action == "relaunch"]
    courses = [evidence.courses[name] for name in relaunches if name in evidence.courses]
    needed = [median_of(course.attention_seconds) for course in courses]
    least = min((seconds for seconds in needed if seconds), default=None)
    if least is not None and any(_may_win(evidence, name) for name in relaunches):
        yield reason("attention_below", attention_seconds=least)
    if evidence.median_saving is not None and evidence.median_saving > 0 and _decides(evidence):
        yield reason("saving_small", saving_seconds=evidence.median_saving)


def _flips(evidence: Evidence, name: str) -> Iterator[Reason]:
    """Yield the inputs that decide: on this side of their flip for the advised, beyond it for the rest."""
    is_chosen = name == evidence.chosen
    if not is_chosen and len(evidence.courses) != 2:  # noqa: PLR2004 - else it may not be the one ahead
        return
    for found in [found for found in evidence.sensitivity if _speaks(found)][:_MOST_INPUTS]:
        if found.flips_at is not None:
            below_now = found.flips_at < found.value
            yield _beyond(evidence, found, found.flips_at, above=below_now == is_chosen)


def _speaks(found: Sensitivity) -> bool:
    return found.flips_at is not None and not found.input.endswith((*_SAID_OTHERWISE, "/curve"))


def _beyond(evidence: Evidence, found: Sensitivity, flips_at: float, *, above: bool) -> Reason:
    *place, name = found.input.split("/")
    code = f"{name}_{'above' if above else 'below'}"
    parameters: dict[str, Parameter] = {_UNITS.get(name, "value_seconds"): flips_at}
    if name == "total_steps":
        parameters["scenario"] = evidence.query.scenarios[int(place[2])].name
    return reason(code, **parameters)
