"""Regular expressions as schemas hold them: in Go's syntax, and matched in time linear in the text.

CEL's own matcher is RE2, which is what Go's regexp comes from; Python's `re` would take exponential time for some.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cluster_core.machinery.cel import CelError, program

_VARIABLES = (("pattern", "string"), ("text", "string"))


def found_in(pattern: str, text: str) -> bool:
    """Whether the pattern matches anywhere in the text; one that is none matches nothing."""
    try:
        return program("text.matches(pattern)", _VARIABLES).evaluate({"pattern": pattern, "text": text}) is True
    except CelError:
        return False


@lru_cache(1024)
def complaint(pattern: str) -> str:
    """What Go says of a pattern it cannot compile, "" when it can."""
    try:
        program("text.matches(pattern)", _VARIABLES).evaluate({"pattern": pattern, "text": ""})
    except CelError as error:
        return f"error parsing regexp: {_in_go_words(pattern, str(error))}"
    return ""


def _in_go_words(pattern: str, otherwise: str) -> str:
    """Python's parser tells where and what; `otherwise` is for what only Go refuses."""
    try:
        re.compile(pattern)
    except re.error as error:
        return _translated(str(error.msg), pattern, error.pos or 0)
    return _refused_by_go(pattern) or f"{otherwise}: `{pattern}`"


def _refused_by_go(pattern: str) -> str:
    look = re.search(r"\(\?(<?[=!])", pattern)
    if look:
        return f"invalid or unsupported Perl syntax: `(?{look[1][0]}`"
    back = re.search(r"\\[1-9]", pattern)
    return f"invalid escape sequence: `{back[0]}`" if back else ""


def _translated(text: str, pattern: str, position: int) -> str:
    words = {
        "unterminated subpattern": f"missing closing ): `{pattern}`",
        "unbalanced parenthesis": f"unexpected ): `{pattern}`",
        "unterminated character set": f"missing closing ]: `{pattern[position:]}`",
        "nothing to repeat": f"missing argument to repetition operator: `{pattern[position : position + 1]}`",
        "multiple repeat": f"invalid nested repetition operator: `{pattern[position - 1 : position + 1]}`",
        "bad escape (end": "trailing backslash at end of expression: ``",
        "bad escape": f"invalid escape sequence: `{pattern[position : position + 2]}`",
        "bad character range": f"invalid character class range: `{text.rpartition(' ')[2]}`",
    }
    return next((go for python, go in words.items() if python in text), f"{text}: `{pattern}`")
