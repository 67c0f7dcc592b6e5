"""Curves from CSV files: what is read, and how what cannot be is told."""

import pytest

from app.curve_file import LARGEST_BYTES, MOST_KEPT, read_curve
from app.errors import TooLargeError
from planner.errors import InvalidInputError


@pytest.mark.parametrize(
    "text",
    [
        "step,loss\n1,2.5\n2,1.25\n",
        "1,2.5\n2,1.25",
        "\ufeffStep;Val loss\r\n1;2,5\r\n2;1,25\r\n",
        "global_step\tother\teval/loss\n1\tx\t2.5\n\n2\ty\t1.25\n",
        '"Step","run 7 - train_loss","run 7 - val_loss"\n"2","9","1.25"\n"1","9","2.5"\n',
        "step,loss\n1,2.5\n1.5,nan\n1.7,\n2,1.25\n",
    ],
)
def test_a_curve_is_read_as_trackers_and_spreadsheets_write_it(text: str) -> None:
    """Commas, semicolons and tabs, decimal commas, any order, a header or none, gaps: the same two points."""
    assert {"points": {"steps": [1.0, 2.0], "losses": [2.5, 1.25]}} == read_curve(text.encode())


@pytest.mark.parametrize(
    "text", ["step,low,high\n25,0.36,0.38\n50,0.35,0.37\n", "25;0,36;0,38\n50;0,35;0,37"]
)
def test_ranges_are_milestones(text: str) -> None:
    """Between what the loss lies 8 times in 10 is the person's own uncertainty, kept as typed."""
    assert {"milestones": [[25.0, 0.36, 0.38], [50.0, 0.35, 0.37]]} == read_curve(text.encode())


@pytest.mark.parametrize(
    ("text", "pointer", "value"),
    [
        ("", "/file", ""),
        ("step,loss\n1,2\n2,abc\n", "/file/line/3/column/2", "abc"),
        ("loss,step\n2,1\n1,-3\n", "/file/line/3/column/2", "-3"),
        ("step,loss\n1,2\n\n,1\n", "/file/line/4/column/1", ""),
        ("step,loss\n1,2\n2,1e99\n", "/file/line/3/column/2", "1e99"),
        ("step,accuracy\n1,0.5\n", "/file/line/1", "step, accuracy"),
        ("1,2,3,4\n", "/file/line/1", "1, 2, 3, 4"),
        ("step,low,high\n5,1,2\n5,1,2\n", "/file/line/3/column/1", "5"),
        ("step,low,high\n5,3,2\n", "/file/line/2/column/2", "3"),
        ("step,low,high\n5,1\n", "/file/line/2/column/3", ""),
        ("step,low,high\n5,-1,2\n", "/file/line/2/column/2", "-1"),
        ("step,low,high\n", "/file", 0),
        ("step,loss\n1,2\n1,3\n", "/file", 2),
        ("step,loss\n1,nan\n2,nan\n", "/file", 2),
    ],
)
def test_what_is_no_curve_is_refused_where_it_goes_wrong(text: str, pointer: str, value: object) -> None:
    """The line and the column are named, counted from 1, with what stands there."""
    with pytest.raises(InvalidInputError) as caught:
        read_curve(text.encode())
    assert (pointer, value) == (caught.value.pointer, caught.value.value)


def test_bytes_that_are_no_text_are_refused() -> None:
    """A spreadsheet's own format, or another encoding, is named by the line it begins at."""
    with pytest.raises(InvalidInputError) as caught:
        read_curve(b"step,loss\n1,2\n2,\xff\xfe\n")
    assert "/file/line/3" == caught.value.pointer


def test_a_file_has_a_size() -> None:
    """One byte more than is read is refused, whatever it holds."""
    with pytest.raises(TooLargeError):
        read_curve(b" " * (LARGEST_BYTES + 1))


def test_a_long_curve_is_kept_in_few_points() -> None:
    """Block means keep the course of a long noisy curve, its beginning densest."""
    lines = "\n".join(
        f"{step},{0.3 + 3 * step**-0.5 + (0.1 if step % 2 else -0.1)}" for step in range(1, 50_001)
    )
    points = read_curve(f"step,loss\n{lines}".encode())["points"]
    steps, losses = points["steps"], points["losses"]
    assert (True, 1.0) == (100 < len(steps) <= MOST_KEPT, steps[0])
    assert pytest.approx(0.3 + 3 * steps[-1] ** -0.5, abs=0.01) == losses[-1]
