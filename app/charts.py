"""The loss chart's form: one Bokeh figure for every run, empty; data and colours come to it in the browser.

The figure is the same for all runs, so it is built once. Its scales are linear: on a logarithmic axis the
page puts in the logarithms, and labels the ticks with the numbers themselves. Colours are named after the
design tokens in each model's tags, as ``["line_color", "--c-fit"]``: the page looks them up, in light and in
dark.
"""

import json
from functools import cache

from bokeh.core.types import ID
from bokeh.embed import json_item
from bokeh.models import (
    BasicTickFormatter,
    BoxZoomTool,
    ColumnDataSource,
    FixedTicker,
    Grid,
    HoverTool,
    Line,
    LinearAxis,
    LinearScale,
    Plot,
    Range1d,
    Scatter,
    Segment,
    Text,
    Toolbar,
    VArea,
    WheelZoomTool,
)
from bokeh.models.glyph import Glyph
from bokeh.models.renderers import DataRenderer, GlyphRenderer

TARGET_ID = "loss-chart"
LEFT = 44
FONT_SIZE = "12px"
FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"

COLUMNS = ("x", "x1", "y", "y1", "low", "high", "tip")
LABELS = (
    ("now_label", "--ink", "left"),
    ("end_label", "--ink", "right"),
    ("target_label", "--c-target", "left"),
    ("fix_label", "--c-fix", "center"),
)
VERDICTS = (
    ("advised_stop", "square_x", "--stop"),
    ("advised_relaunch", "inverted_triangle", "--relaunch"),
    ("advised_wait", "square", "--wait"),
    ("advised_continue", "circle", "--go"),
)
"""What was advised from a step on, each with a mark of its own: colour alone tells nobody anything."""
HOVERED = frozenset({"smooth", "val", "forecast", "saved", "milestones", *(name for name, _, _ in VERDICTS)})


@cache
def figure_json() -> str:
    """Return the empty figure as Bokeh's JSON item."""
    return json.dumps(json_item(_figure(), ID(TARGET_ID)))


def _figure() -> Plot:
    plot = Plot(
        name="loss",
        sizing_mode="stretch_both",
        x_range=Range1d(start=0, end=1),
        y_range=Range1d(start=0.1, end=1),
        x_scale=LinearScale(),
        y_scale=LinearScale(),
        toolbar_location=None,
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
        min_border_left=LEFT,
        min_border_right=12,
        min_border_top=8,
        min_border_bottom=28,
    )
    _add_axes(plot)
    for name, glyph, tags in _glyphs():
        _add(plot, name, glyph, tags)
    _add_labels(plot)
    _add_tools(plot)
    return plot


def _add_axes(plot: Plot) -> None:
    x_axis, y_axis = LinearAxis(name="x"), LinearAxis(name="y")
    for axis, line in ((x_axis, "--line-strong"), (y_axis, "--surface")):
        axis.update(
            ticker=FixedTicker(ticks=[]),
            formatter=BasicTickFormatter(use_scientific=False),
            tags=[["axis_line_color", line], ["major_label_text_color", "--ink-3"]],
            major_tick_line_color=None,
            minor_tick_line_color=None,
            major_label_text_font=FONT,
            major_label_text_font_size=FONT_SIZE,
        )
    plot.add_layout(x_axis, "below")
    plot.add_layout(y_axis, "left")
    plot.add_layout(Grid(dimension=1, ticker=y_axis.ticker, tags=[["grid_line_color", "--grid"]]))


def _glyphs() -> list[tuple[str, Glyph, list[list[str]]]]:
    """Return every layer from the bottom up: name, glyph, colours."""
    edge = ["line_color", "--surface"]
    return [
        ("band", VArea(x="x", y1="low", y2="high"), [["fill_color", "--c-fit"]]),
        ("spread", VArea(x="x", y1="low", y2="high"), [["fill_color", "--c-raw"]]),
        ("raw", Line(x="x", y="y", line_width=1), [["line_color", "--c-raw"]]),
        ("target", Segment(x0="x", y0="y", x1="x1", y1="y", line_width=1.25), [["line_color", "--c-target"]]),
        ("due", Segment(x0="x", y0="y", x1="x", y1="y1", line_width=2), [["line_color", "--ph-val-edge"]]),
        ("saved", Scatter(x="x", y="y", marker="triangle", size=8), [["fill_color", "--ink-3"], edge]),
        ("now", Segment(x0="x", y0="y", x1="x", y1="y1", line_width=1), [["line_color", "--ink-2"]]),
        (
            "milestones",
            Segment(x0="x", y0="y", x1="x", y1="y1", line_width=5, line_alpha=0.5),
            [["line_color", "--c-fix"]],
        ),
        ("fix", Line(x="x", y="y", line_width=1.75, line_dash=[2, 3]), [["line_color", "--c-fix"]]),
        ("forecast", Line(x="x", y="y", line_width=1.75, line_dash=[5, 4]), [["line_color", "--c-fit"]]),
        ("smooth", Line(x="x", y="y", line_width=2.25), [["line_color", "--c-fit"]]),
        ("lost", Scatter(x="x", y="y", marker="x", size=8, line_width=2), [["line_color", "--stop"]]),
        ("fix_end", Scatter(x="x", y="y", size=9), [["fill_color", "--c-fix"], edge]),
        ("end", Scatter(x="x", y="y", size=9), [["fill_color", "--c-fit"], edge]),
        (
            "val",
            Scatter(x="x", y="y", size=9, line_width=1.25),
            [["fill_color", "--ph-val"], ["line_color", "--ph-val-edge"]],
        ),
        *(
            (name, Scatter(x="x", y="y", marker=marker, size=12), [["fill_color", colour], edge])
            for name, marker, colour in VERDICTS
        ),
    ]


def _add(plot: Plot, name: str, glyph: Glyph, tags: list[list[str]]) -> None:
    glyph.tags = tags
    if isinstance(glyph, VArea):
        glyph.fill_alpha = 0.14
    source = ColumnDataSource({column: [] for column in COLUMNS})
    renderer = plot.add_glyph(source, glyph, name=name)
    # A hovered or selected point looks as it did.
    renderer.nonselection_glyph = None


def _add_labels(plot: Plot) -> None:
    for name, colour, align in LABELS:
        source = ColumnDataSource({"x": [], "y": [], "text": [], "dx": [], "dy": []})
        label = Text(
            x="x",
            y="y",
            text="text",
            x_offset="dx",
            y_offset="dy",
            text_align=align,
            text_font={"value": FONT},
            text_font_size=FONT_SIZE,
            text_font_style="bold",
            tags=[["text_color", colour]],
        )
        plot.add_glyph(source, label, name=name)


def _add_tools(plot: Plot) -> None:
    """Let the reader hover, drag over a stretch of the run to see it, and zoom with the wheel and ctrl.

    Without ctrl the wheel scrolls the page, as everywhere; a pinch on a touchpad comes as wheel and ctrl.
    """
    hovered: list[DataRenderer] = [
        one for one in plot.renderers if isinstance(one, GlyphRenderer) and one.name in HOVERED
    ]
    wheel = WheelZoomTool(dimensions="width", modifiers={"ctrl": True}, zoom_on_axis=False)
    box = BoxZoomTool(dimensions="width")
    box.overlay.update(
        fill_alpha=0.08,
        line_alpha=0.6,
        line_width=1,
        tags=[["fill_color", "--ink"], ["line_color", "--ink"]],
    )
    tip = HoverTool(renderers=hovered, tooltips="@tip", mode="mouse", point_policy="snap_to_data")
    plot.toolbar = Toolbar(
        name="tools", tools=[tip, wheel, box], active_scroll=wheel, active_drag=box, logo=None
    )
