"""Regular expressions as schemas hold them: Go's syntax, run by Python's `re`. Errors read as Go's regexp/syntax."""

from __future__ import annotations

import re
from functools import lru_cache

_CLASSES = {"alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "lower": "a-z", "upper": "A-Z", "space": r"\s",
            "xdigit": "0-9A-Fa-f", "word": r"\w", "punct": r"!-/:-@\[-`{-~"}  # fmt: skip


@lru_cache(1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """Raises re.error."""
    for name, members in _CLASSES.items():
        pattern = pattern.replace(f"[:{name}:]", members)
    return re.compile(pattern.replace(r"\z", r"\Z"), re.ASCII)


def complaint(pattern: str) -> str:
    """What Go says of a pattern it cannot compile, "" when it can."""
    try:
        compiled(pattern)
    except re.error as error:
        return f"error parsing regexp: {_in_go_words(str(error.msg), pattern, error.pos or 0)}"
    return ""


def _in_go_words(text: str, pattern: str, position: int) -> str:
    if "unterminated subpattern" in text:
        return f"missing closing ): `{pattern}`"
    if "unbalanced parenthesis" in text:
        return f"unexpected ): `{pattern}`"
    if "unterminated character set" in text:
        return f"missing closing ]: `{pattern[position:]}`"
    if "nothing to repeat" in text:
        return f"missing argument to repetition operator: `{pattern[position]}`"
    if "multiple repeat" in text:
        return f"invalid nested repetition operator: `{pattern[position - 1 : position + 1]}`"
    if "bad escape" in text:
        return f"invalid escape sequence: `{pattern[position : position + 2]}`" if position + 1 < len(pattern) else (
            "trailing backslash at end of expression: ``"
        )
    if "bad character range" in text:
        return f"invalid character class range: `{text.rpartition(' ')[2]}`"
    return f"{text}: `{pattern}`"
