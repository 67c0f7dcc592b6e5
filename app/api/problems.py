"""How the OpenAPI document tells of errors."""

from http import HTTPStatus
from typing import Any

from app.errors import PROBLEM_TYPE

TOLD = (400, 401, 403, 404, 405, 409, 413, 415, 422, 500, 503)
SCHEMA = "Problem"


def _problem(status: int) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{SCHEMA}"}
    return {"description": HTTPStatus(status).phrase, "content": {PROBLEM_TYPE: {"schema": reference}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {status: _problem(status) for status in TOLD}
"""The same for every route: any of them may be asked wrongly, by nobody, or at a bad moment."""
