"""The OpenAPI document: what FastAPI finds out, and the problem documents it does not know of."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.problems import SCHEMA
from app.errors import Problem

UNUSED = ("HTTPValidationError", "ValidationError")
"""FastAPI's own forms of an error; the service answers with problem documents."""


def describe(app: FastAPI) -> None:
    """Make the application describe itself with the problem document among its schemas."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schemas = document["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas[SCHEMA] = problem
    for name in UNUSED:
        schemas.pop(name, None)
    return document
