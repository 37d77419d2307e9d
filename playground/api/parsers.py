"""Bodies: JSON, and YAML, which is taken as text and read by services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework import parsers
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MAX_BODY = 3 * 1024 * 1024


class BodyTooLarge(APIException):
    status_code = 413
    default_detail = f"the body is larger than {MAX_BODY} bytes"


class JSONParser(parsers.JSONParser):
    """REST framework's own; what is nested deeper than can be read is the client's mistake too."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, context: Mapping[str, Any] | None = None) -> Any:
        try:
            return super().parse(stream, media_type, context)
        except RecursionError:
            raise ParseError("JSON parse error - it is nested too deeply") from None


class TextParser(BaseParser):
    """Any media type, as text in UTF-8."""

    media_type = "*/*"

    def parse(self, stream: IO[bytes], media_type: str | None = None, context: Mapping[str, Any] | None = None) -> str:
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise BodyTooLarge
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ParseError(f"the body is not UTF-8: {error}") from None
