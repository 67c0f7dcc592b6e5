"""What is said of an ended run's target: by the loss of the curve it is a target of."""

from collections.abc import Callable
from typing import Any

import pytest

from app.pages.answer import answer
from app.pages.chart_table import chart_title
from app.pages.numbers import numbers
from app.pages.todo import todo
from app.plans import Plans
from app.views import RunView
from app.words import NBSP, Words
from tests.app.clock import Clock

ENDED = [("finish", {"reason": "finished"})]
STEPS = 100
MET_AND_LEFT = (0.5, 0.38, 0.45)
"""Of the validation loss; the training loss of the tests' runs ends near 0.6."""

Ran = Callable[..., RunView]


@pytest.fixture
def ran(plans: Plans, report: Any, clock: Clock) -> Ran:
    """Return what stores a run with a target and validations, and returns its view."""

    def told(
        target: float, of: str, *val_losses: float | str, notes: Any = ENDED, **declared: Any
    ) -> RunView:
        n = len(val_losses)
        plan = {"total_steps": STEPS, "target_loss": target, "target_of": of, **declared}
        validations = {
            "seq": list(range(1_000, 1_000 + n)), "step": list(range(20, 20 * n + 1, 20)),
            "started": [clock.now - 5.0] * n, "seconds": [5.0] * n, "loss": list(val_losses),
            "metrics": [{}] * n,
        }  # fmt: skip
        report("r", steps=STEPS, plan=plan, validations=validations, notes=notes)
        view = plans.view("r")
        assert view is not None
        return view

    return told


def line(plans: Plans, language: str = "en") -> str:
    """Return what the list says of the run, as it is read."""
    row = plans.row("r")
    assert row is not None
    told = todo(row, Words(language)).text.striptags()
    return told.replace(NBSP, " ")


@pytest.mark.parametrize(
    ("target", "of", "val_losses", "english", "french"),
    [
        (0.5, "train", (0.3,), "Ended at 0.607, above its target.", "Fini à 0,607, au-dessus de sa cible."),
        (0.7, "train", (0.9,), "Reached its target: 0.607.", "Cible atteinte : 0,607."),
        (0.4, "val", (0.5, 0.38), "Reached its target: 0.380.", "Cible atteinte : 0,380."),
        (0.4, "val", MET_AND_LEFT, "Reached its target, ended at 0.450.", "Cible atteinte, fini à 0,450."),
        (0.4, "val", (0.38, "nan"), "Reached its target: 0.380.", "Cible atteinte : 0,380."),
        (0.3, "val", (0.45,), "Ended at 0.450, above its target.", "Fini à 0,450, au-dessus de sa cible."),
        (0.7, "val", (), "Finished.", "Terminé."),
    ],
)  # fmt: skip
def test_the_list_holds_a_target_against_its_own_curve(  # noqa: PLR0913, PLR0917 - the table and two fixtures
    ran: Ran,
    plans: Plans,
    target: float,
    of: str,
    val_losses: tuple[float | str, ...],
    english: str,
    french: str,
) -> None:
    """A training target is met by the training loss alone, a validation target by any validation."""
    ran(target, of, *val_losses)
    assert (english, french) == (line(plans), line(plans, "fr"))


def test_a_line_not_computed_yet_compares_what_it_knows(plans: Plans, report: Any, store: Any) -> None:
    """Of which curve an undeclared target is takes a look at the run: until then it has just finished."""
    said = []
    for run, of in (("undeclared", None), ("val", "val"), ("train", "train")):
        report(run, steps=STEPS, plan={"target_loss": 0.1, "target_of": of}, notes=ENDED)
        (row,) = plans.last_rows([store.run(run)])
        said.append(todo(row, Words("en")).text.striptags())
    assert ["Finished.", "Finished.", "Ended at 0.607, above its target."] == said


@pytest.mark.parametrize(("language", "aim"), [("en", "target 0.4"), ("fr", "cible 0,4")])
@pytest.mark.parametrize(("of", "place"), [("train", 1), ("val", 2)])
def test_the_numbers_caption_a_loss_with_its_own_target(
    ran: Ran, of: str, place: int, language: str, aim: str
) -> None:
    """Of an ended run's two losses only the one that the target is of stands beside it."""
    told = numbers(ran(0.4, of, *MET_AND_LEFT), Words(language))
    assert [place] == [index for index, one in enumerate(told) if aim == one.context]


def test_a_page_says_that_a_target_was_reached_on_the_way(ran: Ran) -> None:
    """A run that got there and left again has reached it; one that did not has not."""
    met, words = ran(0.4, "val", *MET_AND_LEFT), Words("en")
    assert "It reached val loss 0.4 at step 40 and ended at 0.450." == answer(met, words).advice
    missed = ran(0.2, "val", *MET_AND_LEFT)
    assert "It ended at 0.450: val loss 0.2 is not met." == answer(missed, words).advice


def test_a_chart_says_that_a_target_was_reached_on_the_way(ran: Ran) -> None:
    """The chart's title agrees with the comparison: from then on only time is compared."""
    view = ran(0.4, "val", *MET_AND_LEFT, notes=[], total_steps=2 * STEPS)
    assert "The target 0.4 is reached" == chart_title(view, Words("en"))
