"""SLURM's scalars are read in every shape that its releases give them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.slurm import values


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        (5, 5.0),
        (2.5, 2.5),
        ("7", 7.0),
        (" 7 ", 7.0),
        (None, None),
        ("", None),
        ("UNLIMITED", None),
        (4294967294, None),  # NO_VAL leaks in 21.08
        (4294967295, None),  # INFINITE
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        ("9" * 400, None),
        ({"set": True, "infinite": False, "number": 60}, 60.0),
        ({"set": False, "infinite": False, "number": 0}, None),
        ({"set": False, "infinite": True, "number": 0}, None),
        ({"set": True, "infinite": True, "number": 0}, None),
        ({"number": 3}, 3.0),
        ([], None),
    ],
)
def test_numbers(given_value: Any, expected: float | None) -> None:
    """Plain, as text, as null, or as the object of 23.02 and later, where infinite counts before set."""
    assert expected == values.number(given_value)


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ("RUNNING", "RUNNING"),
        ("R", "RUNNING"),
        ("CANCELLED by 1001", "CANCELLED"),
        ("OUT_OF_ME+", "OUT_OF_MEMORY"),
        ("CANCELLED+", "CANCELLED"),
        ("completing", "COMPLETING"),
        (["RUNNING"], "RUNNING"),
        (["CANCELLED", "COMPLETING"], "COMPLETING"),
        (["RUNNING", "COMPLETING"], "COMPLETING"),
        (["PENDING", "REQUEUED"], "REQUEUED"),
        (["EXPEDITING", "PENDING"], "EXPEDITING"),
        ([], None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_states(given_value: Any, expected: str | None) -> None:
    """A word, a code, a truncated word, with who cancelled it, or the list of 23.11 and later."""
    assert expected == values.state(given_value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 300.0),
        ("5:30", 330.0),
        ("1:00:00", 3600.0),
        ("00:00:07", 7.0),
        ("2-00:00:00", 172800.0),
        ("1-2", 93600.0),
        ("1-02:30", 95400.0),
        ("365-00:00:00", 31536000.0),
        ("UNLIMITED", None),
        ("Partition_Limit", None),
        ("NOT_SET", None),
        ("INVALID", None),
        ("", None),
        ("1:2:3:4", None),
        ("-5", None),
        ("٣", None),
        (None, None),
    ],
)
def test_durations(text: Any, expected: float | None) -> None:
    """Every form that sbatch's manual names, and what stands where there is none."""
    assert expected == values.seconds(text)


@pytest.mark.parametrize(
    ("tres", "expected"),
    [
        ("cpu=1,mem=100M,node=1,billing=1,gres/gpu=4,gres/gpu:h100=4", 4),
        ("cpu=1,gres/gpu:h100=2,gres/gpu:a100=1", 3),
        ("cpu=1,mem=100M", 0),
        ("N/A", None),
        ("", None),
        (None, None),
    ],
)
def test_gpus(tres: Any, expected: int | None) -> None:
    """The plain count, else the sum over types; a list without GPUs has none, no list is unknown."""
    assert expected == values.gpus(tres)


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ("3:0", "3:0"),
        ("768", "3:0"),
        (15, "0:15"),
        (9, "0:9"),
        ({"status": ["ERROR"], "return_code": {"set": True, "infinite": False, "number": 3}}, "3:0"),
        ({"status": "SIGNALED", "return_code": 0, "signal": {"signal_id": 9, "name": "KILL"}}, "0:9"),
        ({"return_code": {"set": True, "number": 0}, "signal": {"id": {"set": True, "number": 15}}}, "0:15"),
        ("", None),
        (None, None),
    ],
)
def test_exit_codes(given_value: Any, expected: str | None) -> None:
    """As ``code:signal``, from a raw wait status, or from either JSON object."""
    assert expected == values.exit_code(given_value)


@pytest.mark.parametrize(
    ("given_value", "expected"), [(0, None), ("Unknown", None), ("1795422546", 1795422546.0), (-1, None)]
)
def test_clock_times(given_value: Any, expected: float | None) -> None:
    """SLURM writes 0 or a word where there is no time."""
    assert expected == values.epoch(given_value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["set", "infinite", "number", "x"]), inner)
    ),
)


@given(anything)
def test_no_value_breaks_a_reader(value: Any) -> None:
    """Whatever a release sends, each reader answers with its type or None."""
    for reader in (values.number, values.epoch, values.seconds):
        read = reader(value)
        assert read is None or (isinstance(read, float) and read == read)  # noqa: PLR0124 - NaN differs from itself
    for text_reader in (values.state, values.word, values.exit_code):
        assert text_reader(value) is None or isinstance(text_reader(value), str)
    for count_reader in (values.count, values.gpus):
        assert count_reader(value) is None or isinstance(count_reader(value), int)
