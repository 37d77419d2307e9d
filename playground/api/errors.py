"""What REST answers when it cannot: one shape, {"message", "code"} and, for bad fields, {"errors"}."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from playground.engine.port import EngineError, Unavailable


def to_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER."""
    if isinstance(error, EngineError):
        headers = {"Retry-After": "1"} if isinstance(error, Unavailable) else {}
        return Response({"message": str(error), "code": error.code}, status=error.code, headers=headers)
    response = exception_handler(error, context)
    if response is None:
        return None
    message = "; ".join(_complaints(error.detail)) if isinstance(error, ValidationError) else _text(error)
    response.data = {"message": message, "code": response.status_code}
    if isinstance(error, ValidationError):
        response.data["errors"] = error.detail
    return response


_OF_NO_FIELD = (api_settings.NON_FIELD_ERRORS_KEY, "detail", "lines")


def _complaints(detail: Any, place: str = "") -> Iterator[str]:
    """What is wrong, each with the name of its field."""
    if isinstance(detail, Mapping):
        if detail.keys() == {"line", "message"}:
            detail = {f"line {detail['line']}": detail["message"]}
        for name, inner in detail.items():
            shown = "" if name in _OF_NO_FIELD else str(name)
            yield from _complaints(inner, f"{place}.{shown}" if place and shown else place or shown)
    elif isinstance(detail, list):
        for inner in detail:
            yield from _complaints(inner, place)
    else:
        yield f"{place}: {detail}" if place else str(detail)


def _text(error: Exception) -> str:
    return str(error.detail) if isinstance(error, APIException) else str(error) or "not found"
