"""The wire's numbers and columns of them: strict, and a refusal says in one sentence what would be taken.

A true is no number and neither is a text; what is not finite never is. They are checked without a call into
Python for each, for columns are long.
"""

from typing import Any, TypedDict, Unpack

from pydantic import GetPydanticSchema
from pydantic_core import CoreSchema, core_schema

EXACT = 2**53 - 1
"""Above it a JSON number is no longer exact."""


class Bounds(TypedDict, total=False):
    """The bounds of a number, as pydantic names them."""

    ge: float
    gt: float
    le: float
    lt: float


def saying(expected: str) -> GetPydanticSchema:
    """Return the annotation that answers any failure with one message."""

    def schema(source: object, handler: Any) -> CoreSchema:  # noqa: ANN401 - pydantic hands no type for it
        return _said(handler(source), expected)

    return GetPydanticSchema(schema)


def number(expected: str, **bounds: Unpack[Bounds]) -> GetPydanticSchema:
    """Return the annotation of a finite number.

    Args:
        expected: what is taken, in words.
        bounds: the least and the greatest that are taken.
    """
    schema = core_schema.float_schema(strict=True, allow_inf_nan=False, **bounds)
    return _annotation(_said(schema, expected), {"type": "number", **_described(bounds)})


def whole(least: int, most: int) -> GetPydanticSchema:
    """Return the annotation of a whole number; 5.0 is one, as JSON Schema has it.

    Args:
        least: the smallest taken.
        most: the greatest taken, at most ``EXACT``.
    """
    written = core_schema.float_schema(strict=True, allow_inf_nan=False, multiple_of=1, ge=least, le=most)
    schema = core_schema.union_schema(
        [
            core_schema.int_schema(strict=True, ge=least, le=most),
            core_schema.no_info_after_validator_function(int, written),
        ],
        mode="left_to_right",
    )
    said = _said(schema, f"a whole number from {least} to {most}")
    return _annotation(said, {"type": "integer", "minimum": least, "maximum": most})


def column(longest: int, shortest: int = 0) -> GetPydanticSchema:
    """Return the annotation of a list that ends at its first wrong item.

    One is enough to refuse it: a body of a million wrong items makes no list of a million errors.

    Args:
        longest: how many items are taken.
        shortest: how many there are at least.
    """

    def schema(source: object, handler: Any) -> CoreSchema:  # noqa: ANN401 - pydantic hands no type for it
        listed: CoreSchema = {**handler(source), "fail_fast": True, "max_length": longest}
        return {**listed, "min_length": shortest} if shortest else listed

    return GetPydanticSchema(schema)


def _said(schema: CoreSchema, expected: str) -> CoreSchema:
    return core_schema.custom_error_schema(
        schema, custom_error_type="expected", custom_error_message=expected
    )


def _annotation(schema: CoreSchema, described: dict[str, Any]) -> GetPydanticSchema:
    return GetPydanticSchema(lambda _source, _handler: schema, lambda _schema, _handler: dict(described))


def _described(bounds: Bounds) -> dict[str, object]:
    names = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
    return {names[bound]: value for bound, value in bounds.items()}
