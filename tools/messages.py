"""Compile locale/*/LC_MESSAGES/django.po to .mo without gettext's programs, which a fresh machine has not got."""

from __future__ import annotations

import ast
import re
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_ENTRY = re.compile(r'^msgid ((?:"[^\n]*"\n)+)msgstr ((?:"[^\n]*"(?:\n|\Z))+)', re.M)


def parse(text: str) -> dict[str, str]:
    """msgid to msgstr; what has no translation yet is left out."""
    found = {_text(one): _text(other) for one, other in _ENTRY.findall(text)}
    return {key: value for key, value in found.items() if value}


def _text(lines: str) -> str:
    return "".join(str(ast.literal_eval(line)) for line in lines.splitlines())


def compiled(messages: dict[str, str]) -> bytes:
    """The bytes of a .mo file: a header, two tables of (length, offset), the texts."""
    keys = sorted(messages)
    start = 28 + 16 * len(keys)
    tables, blob = b"", b""
    for texts in (keys, [messages[key] for key in keys]):
        for text in texts:
            raw = text.encode()
            tables += struct.pack("<II", len(raw), start + len(blob))
            blob += raw + b"\0"
    return struct.pack("<IIIIIII", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 28 + 16 * len(keys)) + tables + blob


def main() -> int:
    for path in ROOT.glob("locale/*/LC_MESSAGES/django.po"):
        path.with_suffix(".mo").write_bytes(compiled(parse(path.read_text())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
