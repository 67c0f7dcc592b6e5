"""JSON in the store's text columns."""

from collections.abc import Mapping
from typing import Any

import orjson


def encode(value: object) -> str:
    """Return a value as JSON; numbers that are not finite become ``null``."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def decode(text: str | None) -> Any:  # noqa: ANN401 - whatever JSON was stored
    """Return what was stored, ``None`` where nothing was."""
    return None if text is None else orjson.loads(text)


def _plain(value: object) -> dict[Any, Any]:
    if isinstance(value, Mapping):  # read-only views of dictionaries
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
