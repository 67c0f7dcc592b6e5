"""A relaunch's prediction at the click beside what came of it, and the times a person's fix took."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.habits import FIX
from app.memory import end_of, quantiles_of
from app.plans import Plans
from app.replacement import Order, Replacement
from app.schemas.actions import RelaunchOrder
from app.schemas.compare import RelaunchFields
from app.store import Store
from app.store.facts import JobKey, Run
from app.views import RunView
from planner.duration import Duration
from planner.errors import InvalidInputError
from planner.quantiles import Quantiles
from planner.report import Comparison, compare
from planner.scenario import PlanOverrides

BEGAN = "fix_began"
LONGEST_FIX_SECONDS = 86_400.0
"""A page that was opened longer ago was opened for something else."""
SHORTEST_FIX_SECONDS = 60.0
"""Who clicks this soon has edited elsewhere: then nothing is known of how long it took."""
MOST_TOLD = 30
LEVELS = (0.1, 0.5, 0.9)
PARTS = ("edit", "test", "queue", "startup", "finish")


@dataclass(frozen=True, slots=True)
class PartOutcome:
    """One part of a relaunch: what was predicted of it, and what it took; ``None`` is unknown."""

    part: str
    predicted_seconds: Quantiles | None
    realised_seconds: float | None


@dataclass(frozen=True, slots=True)
class FixOutcome:
    """A relaunch as it was predicted at the click, and as it went.

    Attributes:
        replacement: its id.
        run: the run that was replaced.
        new_run: the run in its place, once that has reported.
        clicked: epoch seconds of the click; ``finish`` counts from it, to the end of all steps.
        parts: edit, test, queue, startup and finish.
        continue_seconds: what was predicted of going on instead, to the end of all its steps.
        action: the verdict then.
        probability: that it was right.
    """

    replacement: str
    run: str
    new_run: str | None
    clicked: float
    parts: tuple[PartOutcome, ...]
    continue_seconds: Quantiles | None
    action: str | None
    probability: float | None


class FixBook:
    """Keeps what is predicted when a person relaunches, and looks up what came of it.

    Args:
        store: the store.
        plans: predicts.
        clock: returns epoch seconds.
    """

    def __init__(self, store: Store, plans: Plans, clock: Callable[[], float]) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock

    def begin(self, run_id: str) -> None:
        """Note that somebody has begun to think of a fix, unless that is known."""
        if self._began(run_id) is None:
            self._store.put_document(run_id, BEGAN, {}, self._clock())

    def click(self, replacement: Replacement, order: RelaunchOrder) -> None:
        """Keep what is predicted of a relaunch at the click; asked again by the same key it stays."""
        known = self._store.document(replacement.run, FIX)
        view = self._plans.view(replacement.run)
        if view is None or (known is not None and known[0]["replacement"] == replacement.id):
            return
        edit, test = self._took(view, order, replacement.created)
        data = {
            "replacement": replacement.id,
            "clicked": replacement.created,
            "edit_seconds": edit,
            "test_seconds": test,
            "predicted": self._predicted(view, replacement.order),
        }
        self._store.put_document(replacement.run, FIX, data, replacement.created)

    def outcome(self, replacement: Replacement) -> FixOutcome | None:
        """Return a relaunch as predicted and as it went, ``None`` where nothing was predicted of it."""
        kept = self._store.document(replacement.run, FIX)
        if kept is None or kept[0]["replacement"] != replacement.id:
            return None
        data, new = kept[0], self._store.run_replacing(replacement.run, replacement.user)
        predicted, realised = data["predicted"] or {}, self._realised(replacement, data, new)
        return FixOutcome(
            replacement=replacement.id,
            run=replacement.run,
            new_run=None if new is None else new.id,
            clicked=data["clicked"],
            parts=tuple(PartOutcome(part, _read(predicted.get(part)), realised.get(part)) for part in PARTS),
            continue_seconds=_read(predicted.get("continue")),
            action=predicted.get("action"),
            probability=predicted.get("probability"),
        )

    def outcomes(self, user: str) -> list[FixOutcome]:
        """Return the newest relaunch of each of a user's runs, predicted and realised, the newest first."""
        kept = [data["replacement"] for _, data in self._store.documents(FIX, user, MOST_TOLD)]
        found = [self._store.replacement(replacement) for replacement in kept]
        told = [self.outcome(Replacement.from_data(data)) for data in found if data is not None]
        return [one for one in told if one is not None]

    def _began(self, run_id: str) -> float | None:
        """Return when the fix under way was begun: within a day, and not before the last click."""
        began, last = self._store.document(run_id, BEGAN), self._store.document(run_id, FIX)
        since = max(self._clock() - LONGEST_FIX_SECONDS, last[1] if last else 0.0)
        return began[1] if began is not None and began[1] > since else None

    def _took(self, view: RunView, order: RelaunchOrder, clicked: float) -> tuple[float | None, float | None]:
        """Return what edit and test took: as told, else the time since the fix began, split as predicted."""
        if order.edit_seconds is not None or order.test_seconds is not None:
            return order.edit_seconds, order.test_seconds
        began = self._began(view.run.id)
        whole = 0.0 if began is None else clicked - began
        fields = RelaunchFields.model_validate(dict(view.scenario))
        edit, test = (Duration(*ends).median for ends in (fields.edit_seconds, fields.test_seconds))
        if whole < SHORTEST_FIX_SECONDS or edit + test <= 0:
            return None, None
        return whole * edit / (edit + test), whole * test / (edit + test)

    def _predicted(self, view: RunView, order: Order) -> dict[str, Any] | None:
        """Return what is predicted now that edit and test are over, ``None``: nothing can be compared."""
        if view.comparison is None:
            return None
        fields = RelaunchFields.model_validate(_scenario(view, order))
        after = fields.model_copy(update={"edit_seconds": (0.0, 0.0), "test_seconds": (0.0, 0.0)})
        try:
            question = self._plans.question(view.run.id, after, PlanOverrides(), None)
            comparison = None if question is None else compare(question)
        except InvalidInputError:  # the scenario was made for another plan than the run has now
            return None
        if comparison is None:
            return None
        verdict = view.comparison.verdict
        total = (fields.plan.total_steps if fields.plan else None) or view.total_steps
        return {
            **{part: _range(getattr(fields, f"{part}_seconds")) for part in ("edit", "test", "queue")},
            "startup": _startup(view),
            "finish": _finish(comparison, fields.name),
            "continue": _finish(comparison, comparison.outcomes[0].name),
            "total_steps": total,
            "action": verdict.action,
            "probability": verdict.probability,
        }

    def _realised(
        self, replacement: Replacement, data: Mapping[str, Any], new: Run | None
    ) -> dict[str, float | None]:
        realised = {"edit": data["edit_seconds"], "test": data["test_seconds"]}
        realised["queue"] = self._queued(replacement)
        view = None if new is None else self._plans.view(new.id)
        if view is not None:
            realised["startup"] = view.startup_seconds
            end = end_of(view)
            same = view.total_steps == (data["predicted"] or {}).get("total_steps")
            if end is not None and same and view.run.finished == "finished":
                realised["finish"] = end - data["clicked"]
        return realised

    def _queued(self, replacement: Replacement) -> float | None:
        """Return how long the new job waited once the old one had made room for it."""
        started = replacement.new_started
        if started is None and replacement.new_id is not None:
            found = self._store.job(JobKey(replacement.cluster, replacement.new_id))
            started = found[0].started if found is not None else None
        free = replacement.old_ended or replacement.entered("handed_over")
        return None if started is None or free is None else max(started - free, 0.0)


def _scenario(view: RunView, order: Order) -> dict[str, Any]:
    """Return the scenario as it was clicked: only the order *keep* spares the queue."""
    if view.habits is None or not view.scenario_is_default:
        return dict(view.scenario)
    usual = view.habits.queue if order == "keep" else view.habits.anew
    return {**view.scenario, "queue_seconds": usual.pair}


def _finish(comparison: Comparison, name: str) -> Mapping[str, float | None] | None:
    found = next((outcome for outcome in comparison.outcomes if outcome.name == name), None)
    if found is None or found.finish_seconds is None:
        return None
    known = found.finish_seconds
    return Quantiles(LEVELS, tuple(known.at(level) for level in LEVELS)).to_map()


def _startup(view: RunView) -> Mapping[str, float | None] | None:
    phase = view.pace.startup
    return None if phase is None else _range((phase.low_seconds, phase.high_seconds))


def _range(ends: tuple[float, float]) -> Mapping[str, float | None]:
    low, high = ends
    return Quantiles(LEVELS, (low, Duration(low, high).median, high)).to_map()


def _read(stored: Mapping[str, float | None] | None) -> Quantiles | None:
    return None if stored is None else quantiles_of(stored)
