"""What a page says of the other loss, where it is refused a forecast."""

from types import SimpleNamespace
from typing import Any

from app.pages.partial import hint_of_other
from app.words import Words
from planner.forecast import Forecast, LossAt
from planner.quantiles import Quantiles

AT_END = (LossAt(400, Quantiles((0.1, 0.5, 0.9), (0.4, 0.5, 0.6))),)


def _view(**parts: Any) -> Any:
    return SimpleNamespace(
        **{"band_of": "train", "total_steps": 400, "forecast_train": None, "forecast_val": None, **parts}
    )


def test_the_other_curve_gives_a_hint_only_where_it_has_one() -> None:
    """Of the curve that is not shown only what is partly known is told, and which curve it is."""
    words, partial = Words("en"), Forecast("refused", "too_few_points", at=AT_END)
    ((name, told),) = hint_of_other(_view(forecast_val=partial), words)
    assert ("Val loss at the end", True) == (str(name), str(told).startswith("Too few losses"))
    silent = (
        _view(),
        _view(forecast_val=Forecast("ok", at=AT_END)),
        _view(forecast_val=Forecast("refused", "constant")),
    )
    assert [[]] * 3 == [hint_of_other(view, words) for view in silent]


async def test_a_page_shows_the_hint_and_no_forecast(service: Any, make_validations: Any) -> None:
    """A run of two validations shows its training forecast, and of the other loss a hint in words."""
    plan = {"total_steps": 200, "validate_every": 20, "checkpoint_every": "never"}
    await service.report("young", steps=40, plan=plan, validations=make_validations(20, 40))
    await service.client.get("/?token=login-token-of-the-tests", follow_redirects=True)
    page = (await service.client.get("/runs/young")).text
    assert "Too few losses so far to forecast from. The training loss suggests" in page
    found = (await service.client.get("/api/v1/runs/young/forecast", headers=service.headers("read"))).json()
    (val,) = (one for one in found["forecasts"] if one["id"] == "val")
    assert ("refused", "too_few_points", "train") == (val["status"], val["reason"], found["band_of"])
    assert val["law"] is None
    assert val["at"][0]["quantiles"]["0.1"] < val["at"][0]["quantiles"]["0.9"]
