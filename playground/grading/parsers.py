"""Zip archives as bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from playground.api.parsers import BodyTooLarge, TextParser

MOST_PACKED = 15 * 1024 * 1024
"""Bytes of an archive as it is sent: a little less than what the front door takes of any body."""


class ZipParser(BaseParser):
    """application/zip, as bytes."""

    media_type = "application/zip"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, context: Mapping[str, Any] | None = None
    ) -> bytes:
        body = stream.read(MOST_PACKED + 1)
        if len(body) > MOST_PACKED:
            raise BodyTooLarge(f"the archive is larger than {MOST_PACKED} bytes")
        return body


class YamlParser(TextParser):
    media_type = "application/yaml"
