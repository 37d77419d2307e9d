"""Zip archives as bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from playground.api.parsers import BodyTooLarge, TextParser

from .services import MOST_BULK_BYTES


class ZipParser(BaseParser):
    """application/zip, as bytes."""

    media_type = "application/zip"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, context: Mapping[str, Any] | None = None
    ) -> bytes:
        body = stream.read(MOST_BULK_BYTES + 1)
        if len(body) > MOST_BULK_BYTES:
            raise BodyTooLarge(f"the archive is larger than {MOST_BULK_BYTES} bytes")
        return body


class YamlParser(TextParser):
    media_type = "application/yaml"
