"""The earlier run that a run is expected to resemble, and what its curve says of a relaunch."""

from collections import OrderedDict

from app.curves import Alignment, latent_curve, steps_ahead
from app.forecasts import RunFits, fit_run
from app.paces import measured
from app.snapshot import Snapshot, read_snapshot
from app.store import Store
from app.store.facts import Run
from planner.curve import Kind
from planner.loss_path import CurveSource, RefusedCurve
from planner.pace import Pace
from planner.priors import Priors

SAME_STEP = Alignment()
KEPT = 32
MOST_OF_A_NAME = 50
PACES_TAKEN = 5


class EarlierRuns:
    """Finds earlier runs and keeps the fits of their curves, which hardly ever change.

    Args:
        store: the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._paces: OrderedDict[tuple[str, int], Pace] = OrderedDict()
        self._kept: OrderedDict[tuple[str, int], tuple[Snapshot, RunFits]] = OrderedDict()

    def resembling(self, run: Run) -> Run | None:
        """Return the run named by ``like`` in the plan, else the newest finished run of the same name."""
        like = run.plan.get("like")
        if like is None:
            return self._newest(run, run.name, finished_only=True)
        named = self._store.run(str(like))
        if named is not None and named.user == run.user and named.id != run.id:
            return named
        return self._newest(run, str(like), finished_only=False)

    def priors(self, run: Run) -> Priors:
        """Return what steps, validations and checkpoints took in earlier runs of the same name."""
        paces = [self._pace(other) for other in self._of_name(run, run.name)[:PACES_TAKEN]][::-1]
        return Priors(
            *(
                tuple(found.mean_seconds for pace in paces if (found := getattr(pace, phase)) is not None)
                for phase in ("step", "validation", "checkpoint")
            )
        )

    def known(self, run: Run) -> tuple[Snapshot, RunFits]:
        """Return what is stored of an earlier run, and its fits."""
        key = (run.id, run.version)
        found = self._kept.get(key)
        if found is None:
            snapshot = read_snapshot(self._store, run)
            found = self._kept[key] = (snapshot, fit_run(snapshot, None, None))
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def curve(  # noqa: PLR0913, PLR0917 - bound to a user it is a RunCurve
        self, user: str, run_id: str, kind: Kind, first: float, last: float, at: Alignment = SAME_STEP
    ) -> CurveSource | None:
        """Return what a run's curve says of a scenario between two steps, ``None`` without such a run."""
        run = self._store.run(run_id)
        return None if run is None or run.user != user else self.curve_of(run, kind, first, last, at)

    def curve_of(
        self, run: Run, kind: Kind, first: float, last: float, at: Alignment = SAME_STEP
    ) -> CurveSource:
        """Return what a run's curve says of a scenario between two steps.

        Args:
            run: the run whose curve it is.
            kind: of the curve; ``None``: of validation where that can be forecast, else of training.
            first: step of the scenario, counted over its whole run.
            last: its last step.
            at: where on the run's curve the scenario begins.
        """
        return aligned_curve(self.known(run)[1], kind, first, last, at)

    def _newest(self, run: Run, name: str, *, finished_only: bool) -> Run | None:
        earlier = self._of_name(run, name)
        return next((other for other in earlier if other.finished == "finished" or not finished_only), None)

    def _of_name(self, run: Run, name: str) -> list[Run]:
        """Return the user's runs of a name that began before this one, the one heard of last first."""
        named = (other for other in self._store.runs(run.user, MOST_OF_A_NAME, 0, name) if other.name == name)
        return [other for other in named if other.id != run.id and other.created <= run.created]

    def _pace(self, run: Run) -> Pace:
        key = (run.id, run.version)
        pace = self._paces.get(key)
        if pace is None:
            pace = self._paces[key] = measured(read_snapshot(self._store, run))
            while len(self._paces) > KEPT:
                self._paces.popitem(last=False)
        return pace


def aligned_curve(fits: RunFits, kind: Kind, first: float, last: float, at: Alignment) -> CurveSource:
    """Return what the fits of a run say of a scenario that begins somewhere on its curve."""
    is_forecast = fits.val is not None and fits.val.reason is None
    fitted = fits.of(kind or ("val" if is_forecast else "train"))
    if fitted is None:
        return RefusedCurve("too_few_points")
    if fitted.reason is not None:
        return RefusedCurve(fitted.reason)
    ahead = steps_ahead(fitted, first, last, at)
    return RefusedCurve("never_that_low") if ahead is None else latent_curve(fitted, first, last, ahead=ahead)
