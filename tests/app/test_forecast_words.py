"""What is said of a loss beside its forecast."""

from typing import Any

import pytest

from app.forecast_words import told
from app.words import Words
from planner.best import Best
from planner.forecast import Forecast, LossAt
from planner.quantiles import Quantiles

AT_END = (LossAt(400, Quantiles((0.1, 0.5, 0.9), (0.4, 0.5, 0.6))),)
BEST = Best(300, 0.412)
ENGLISH = Words("en")
TURNED = "It overfits: validation loss has turned up from its best, 0.412 at step 300."


@pytest.mark.parametrize(
    ("forecast", "text"),
    [
        (Forecast("refused", "too_few_points"), "Too few losses so far to forecast from."),
        (
            Forecast("refused", "too_few_points", at=AT_END, best=BEST),
            "Too few losses so far to forecast from. The training loss suggests 0.400 to 0.600 at the end.",
        ),
        (
            Forecast("refused", "not_converging", at=AT_END, best=BEST),
            "The loss is not converging. Going on like this it ends between 0.400 and 0.600.",
        ),
        (
            Forecast("refused", "diverged", best=BEST),
            "The loss has diverged: there is nothing to forecast. Its best was 0.412 at step 300.",
        ),
        (Forecast("refused", "diverged"), "The loss has diverged: there is nothing to forecast."),
        (Forecast("refused", "constant", best=BEST), "The loss does not change."),
        (
            Forecast("ok", warnings=("overfitting",), at=AT_END, best=BEST),
            f"{TURNED} Going on like this it ends between 0.400 and 0.600.",
        ),
        (Forecast("ok", warnings=("overfitting",), best=BEST), TURNED),
    ],
)
def test_a_reason_comes_with_what_is_known(forecast: Forecast, text: str) -> None:
    """Why there is no forecast, or that it overfits, is followed by what can be said all the same."""
    assert text == str(told(forecast, "val", 400, ENGLISH))


def test_nothing_is_said_of_a_plain_forecast() -> None:
    """Where there is an answer without a warning, or no curve, there is nothing to say."""
    assert [None, None] == [told(each, "val", 400, ENGLISH) for each in (Forecast("ok", at=AT_END), None)]


def test_the_best_of_the_training_loss_is_not_where_validation_turned() -> None:
    """Of the training curve beside a validation that overfits, the best is left out."""
    forecast = Forecast("ok", warnings=("overfitting",), best=BEST)
    assert "It overfits: validation loss has turned up." == str(told(forecast, "train", 400, ENGLISH))


@pytest.mark.parametrize("total_steps", [None, 800])
def test_only_a_loss_at_the_end_is_where_it_ends(total_steps: int | None) -> None:
    """A loss that was asked for a step before the last one is not told as the end."""
    forecast = Forecast("ok", warnings=("overfitting",), at=AT_END, best=BEST)
    assert TURNED == str(told(forecast, "val", total_steps, ENGLISH))


async def test_the_api_says_it_in_words(service: Any) -> None:
    """A validation curve that turned up is answered, with its best so far and what it means in words."""
    losses = [1.0, 0.7, 0.5, 0.45, 0.5, 0.56, 0.6, 0.65]
    curve = {"id": "a", "kind": "val", "steps": [50 * i for i in range(1, 9)], "losses": losses}
    headers = service.headers("read")
    asked = {"curves": [{**curve, "total_steps": 800, "at": [800]}, {**curve, "id": "b", "losses": [1] * 8}]}
    answer = await service.client.post("/api/v1/forecast", json=asked, headers=headers)
    turned, constant = answer.json()["forecasts"]
    assert ("ok", ["overfitting"], {"step": 200, "loss": 0.45}) == (
        turned["status"], turned["warnings"], turned["best"],
    )  # fmt: skip
    assert turned["text"].startswith(
        "It overfits: validation loss has turned up from its best, 0.450 at step 200. Going on like this"
    )
    assert ("refused", "constant", "The loss does not change.") == (
        constant["status"], constant["reason"], constant["text"],
    )  # fmt: skip


async def test_without_its_interval_the_end_is_not_told(service: Any) -> None:
    """A call for the median alone is answered: what is said of the curve needs no other quantile."""
    losses = [1.0, 0.7, 0.5, 0.45, 0.5, 0.56, 0.6, 0.65]
    curve = {"id": "a", "kind": "val", "steps": [50 * i for i in range(1, 9)], "losses": losses}
    asked = {"curves": [{**curve, "total_steps": 800, "at": [800]}], "quantiles": [0.5]}
    answer = await service.client.post("/api/v1/forecast", json=asked, headers=service.headers("read"))
    (found,) = answer.json()["forecasts"]
    assert "It overfits: validation loss has turned up from its best, 0.450 at step 200." == found["text"]


async def test_the_page_says_it_in_words(service: Any, make_validations: Any) -> None:
    """A run whose validation turned up says so on its page, with its best, in the reader's language."""
    validations = make_validations(20, 200)
    validations["loss"] = [0.9, 0.7, 0.6, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8]
    plan = {"total_steps": 400, "validate_every": 20, "checkpoint_every": "never"}
    await service.report("turned", steps=200, plan=plan, validations=validations)
    await service.client.get("/?token=login-token-of-the-tests", follow_redirects=True)
    page = (await service.client.get("/runs/turned")).text
    assert "It overfits: validation loss has turned up from its best, 0.500 at step 80." in page
    assert "; best so far 0.500 at step 80" in page
    french = (await service.client.get("/runs/turned", headers={"Accept-Language": "fr"})).text
    assert "la perte de validation remonte depuis son minimum, 0,500 au pas 80" in french
