"""The loss chart: one empty figure, and what is put into it."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.charts import figure_json
from app.hindsight import Advised
from app.pages.chart_data import chart_data, detail
from app.pages.verdict_history import BADGES
from app.plans import Plans
from app.records import RecordBatch, checked
from app.settings import Settings
from app.store import Store
from app.views import RunView
from app.words import Words

PLAN = {"name": "demo", "total_steps": 300, "validate_every": 25, "target_loss": 0.5, "target_of": "train"}
STATIC = Path(figure_json.__wrapped__.__code__.co_filename).parent / "static"


@pytest.fixture
def view_of(store: Store, settings: Settings, make_batch: Callable[..., Any]) -> Callable[..., RunView]:
    """Return what stores a run and returns its view."""

    def view(**parts: Any) -> RunView:
        store.add(
            "ada", "one", checked(RecordBatch.model_validate(make_batch(plan=PLAN, **parts))), time.time()
        )
        made = Plans(store, settings).view("one")
        assert made is not None
        return made

    return view


def losses(values: list[float | str]) -> dict[str, Any]:
    """Return step columns with these losses."""
    count, now = len(values), time.time()
    return {
        "seq": list(range(count)),
        "step": list(range(1, count + 1)),
        "ended": [now - count + step for step in range(count)],
        "seconds": [1.0] * count,
        "loss": values,
        "lr": [None] * count,
    }


def words() -> Words:
    """Return an English reader."""
    return Words("en", time.time())


def test_the_figure_is_empty_and_takes_its_colours_from_the_tokens() -> None:
    """The figure has no data and no colours of its own; each colour it names is a design token."""
    figure = figure_json()
    tokens = set(re.findall(r"(--[\w-]+):", (STATIC / "tokens.css").read_text()))
    named = set(re.findall(r'"(--[\w-]+)"', figure))
    assert named
    assert set() == named - tokens
    assert "CustomJS" not in figure


def test_dark_tokens_are_the_same_by_system_and_by_choice() -> None:
    """The two dark blocks of the tokens name the same values, and every drawing colour of the light one."""
    blocks = re.findall(r"\{([^{}]*--bg:[^{}]*)\}", (STATIC / "tokens.css").read_text())
    light, by_system, by_choice = (dict(re.findall(r"(--[\w-]+):\s*([^;]+);", block)) for block in blocks)
    assert by_system == by_choice
    assert {name for name in light if name.startswith(("--ph", "--c-", "--ink", "--bg"))} <= set(by_choice)


def test_data_name_only_layers_the_figure_has(view_of: Callable[..., RunView]) -> None:
    """Every source of the data is a layer of the figure, with columns of one length."""
    data = chart_data(view_of(steps=60), words())
    layers = set(re.findall(r'"name": "(\w+)"', figure_json()))
    assert set() == set(data["sources"]) - layers
    for name, columns in data["sources"].items():
        assert 1 == len({len(column) for column in columns.values()}), name


def test_the_band_starts_now_and_ends_with_the_plan(view_of: Callable[..., RunView]) -> None:
    """The forecast goes from the step reached to the declared end, its low below its high."""
    sources = chart_data(view_of(steps=60), words())["sources"]
    assert (60, 300) == (round(sources["forecast"]["step"][0]), round(sources["forecast"]["step"][-1]))
    assert all(low <= high for low, high in zip(sources["band"]["low"], sources["band"]["high"], strict=True))


def test_clock_times_rise_with_the_steps(view_of: Callable[..., RunView]) -> None:
    """On the clock axis a later step is never earlier, and the end is in the future."""
    data = chart_data(view_of(steps=60), words())
    wall = data["sources"]["smooth"]["wall"] + data["sources"]["forecast"]["wall"]
    assert sorted(wall) == wall
    assert data["x"]["wall"][1] > time.time()


def test_losses_that_are_not_positive_have_no_log_axis(view_of: Callable[..., RunView]) -> None:
    """A log axis cannot show a loss of zero or less; the linear one goes below zero."""
    ends = chart_data(view_of(columns=losses([2.0 - 0.05 * step for step in range(60)])), words())["y"]
    assert ends["log"] is None
    assert ends["linear"][0] < 0 < ends["linear"][1]


def test_what_was_advised_stands_where_the_run_was(view_of: Callable[..., RunView]) -> None:
    """Each advice is a mark of its kind at the step of its moment, and every kind has a layer."""
    view, now = view_of(steps=60), time.time()
    told = chart_data(
        view, words(), [Advised(now - 1_200, "continue", None, 0.8), Advised(now, "stop", None, None)]
    )
    sources = told["sources"]
    assert {f"advised_{badge}" for badge in BADGES.values()} <= set(sources)
    assert [30, 60] == [round(sources[name]["step"][0]) for name in ("advised_continue", "advised_stop")]
    assert sources["advised_continue"]["tip"][0].endswith("CONTINUE, 80\u00a0%")
    assert [] == sources["advised_relaunch"]["step"]


def test_a_stretch_is_shown_record_by_record(view_of: Callable[..., RunView], store: Store) -> None:
    """A short stretch of a long run has every step of it, which the whole curve has not."""
    view = view_of(steps=20_000)
    whole = chart_data(view, words())["sources"]["raw"]
    close = detail(view, store.step_blocks("one", 400, (9_900, 10_100)), words())["sources"]["raw"]
    assert list(range(9_900, 10_101)) == close["step"]
    assert 5 > sum(9_900 <= step <= 10_100 for step in whole["step"])


def test_the_smoothed_curve_falls_where_the_losses_fall(view_of: Callable[..., RunView]) -> None:
    """Large blocks in the middle of a long run make no stairs: a falling curve stays falling."""
    smooth = chart_data(view_of(steps=20_000), words())["sources"]["smooth"]["y"]
    assert sorted(smooth, reverse=True) == smooth


def test_lost_losses_are_marked_and_not_drawn(view_of: Callable[..., RunView]) -> None:
    """Steps whose loss is no number are crosses of their own; the lines hold finite numbers only."""
    data = chart_data(view_of(columns=losses([2.0] * 40 + ["nan", "inf"])), words())
    assert [41, 42] == data["sources"]["lost"]["step"]
    assert 40 == len(data["sources"]["raw"]["y"])
    json.dumps(data, allow_nan=False)


def test_a_run_that_has_ended_has_nothing_to_come(view_of: Callable[..., RunView]) -> None:
    """Where it ended is no "now", and no validation is due."""
    view = view_of(steps=60)
    live, over = (
        chart_data(replace(view, state_word=word), words())["sources"] for word in ("live", "failed")
    )
    assert live["now_label"]["text"][0].startswith("now, step 60: ")
    assert over["now_label"]["text"][0].endswith(" at step 60")
    assert [True, False] == [bool(one["due"]["step"]) for one in (live, over)]


@pytest.mark.parametrize(("share", "expected"), [(0.05, 66), (0.5, 0), (1.0, -66)])
def test_no_side_of_the_chart_cuts_the_fixs_label(
    view_of: Callable[..., RunView], share: float, expected: int
) -> None:
    """Centred under its mark in the middle of the chart, it is moved inwards near a side."""
    view = view_of(steps=60)
    assert view.total_steps is not None
    end = replace(view.band[-1], step=round(share * view.total_steps))
    label = chart_data(replace(view, relaunch_band=(end,)), words())["sources"]["fix_label"]
    assert [expected] == label["dx"]


def test_a_target_alone_is_not_at_the_edge(view_of: Callable[..., RunView]) -> None:
    """Before the first loss the axis has room on both sides of the target."""
    target = 0.85
    low, high = chart_data(replace(view_of(), target_loss=target), words())["y"]["log"]
    assert low < target < high


def test_a_run_without_losses_has_an_empty_chart(view_of: Callable[..., RunView]) -> None:
    """Before the first loss the chart is there, empty, with an axis to its planned end."""
    data = chart_data(view_of(), words())
    assert [] == data["sources"]["raw"]["y"]
    assert data["x"]["step"][1] >= 300
