"""What an open page of a run is told: its numbers at once, what is heavy to draw a little later.

Reading a part costs a browser memory that it gives back late: a step a second in every part came to over a
hundred megabytes an hour. The forecast and what rests on it may follow a step by five seconds.
"""

import time
from collections.abc import Callable, Mapping

from app.actions import Actions
from app.pages.faces import FRAGMENTS, RunFace, run_face
from app.pages.job_card import job_card
from app.pages.run import own_view
from app.pages.visit import Visit
from app.pages.what_if import what_if
from app.plans import Plans
from app.views import RunView

Fragments = Mapping[str, str]

AGAIN = "again"
"""Key of fragments that leave something out for now: they are looked at again soon."""

AT_ONCE = ("live", "head", "answer", "numbers")
"""The parts that are told of each step."""

SLOW_SECONDS = 3.5
"""The other parts follow after this at most, and the second until the next look."""


class RunNews:
    """The parts of one run's page, as they are to be shown; for one reader."""

    def __init__(
        self,
        visit: Visit,
        actions: Actions,
        plans: Plans,
        run_id: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._visit = visit
        self._actions = actions
        self._plans = plans
        self._run_id = run_id
        self._clock = clock
        self._told: dict[str, str] = {}
        self._turn: tuple[object, ...] | None = None
        self._due_at = 0.0

    def look(self) -> Fragments:
        """Return HTML by element id and the ``version`` that all of it has.

        A turn of events (another state, advice, job state or replacement) is told as a whole at once.
        """
        now = self._visit.later()
        view = own_view(now, self._actions, self._plans, self._run_id)
        face = run_face(view, now.words)
        turn = _turn(view)
        if turn == self._turn and self._clock() < self._due_at:
            return self._quick(now, face)
        self._turn, self._due_at = turn, self._clock() + SLOW_SECONDS
        return self._whole(now, face)

    def _quick(self, now: Visit, face: RunFace) -> Fragments:
        # Told is the version of the parts left out: a page that comes back with it is sent them.
        is_behind = face.view.version != self._told["version"]
        quick = {name: now.render(f"run/{name}.html", face=face) for name in AT_ONCE}
        return {**self._told, **quick, AGAIN: "soon" if is_behind else ""}

    def _whole(self, now: Visit, face: RunFace) -> Fragments:
        question = what_if(face.view, now.request.query_params, self._plans, now.words)
        job = job_card(now, face.view)
        self._told = {
            name: now.render(f"run/{name}.html", face=face, what_if=question, job=job)
            for name in (*FRAGMENTS, "what_if_answer")
        }
        self._told["version"] = face.view.version
        return self._told


def _turn(view: RunView) -> tuple[object, ...]:
    replacement = view.replacement or {}
    job_state = view.job.state if view.job else None
    return view.state_word, view.badge, job_state, replacement.get("id"), replacement.get("state")
