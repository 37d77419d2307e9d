"""The technical terms of a text: what must be the same in every language, because a reader types it or sees it on screen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from playground.grading import lines

from .texts import Found, Texts, pairs

_FENCED = re.compile(r"^```.*?^```", re.M | re.S)
_SPAN = re.compile(r"(`+)(.+?)\1", re.S)
_WORD = re.compile(r"[\w.:/=@-]*[\w/]")
_TECHNICAL = re.compile(r"\w[:=]/*\w|[a-z]-\d|\d\.\d|^/\w|^[a-z]+[A-Z]|^\d+[a-zA-Z]+$")
"""nginx:1.27, COLOUR=green, node-2, 1.27, /etc/hosts, targetPort, 250m."""


def of(text: str) -> Counter[str]:
    """Code blocks, code spans, and in plain text the words that are no words."""
    blocks = _FENCED.findall(text)
    rest = _FENCED.sub(" ", text)
    spans = [" ".join(span.split()) for _, span in _SPAN.findall(rest)]
    words = [word for word in _WORD.findall(_SPAN.sub(" ", rest)) if _TECHNICAL.search(word)]
    return Counter([*blocks, *spans, *words])


def differences(given: Texts, wanted: Texts) -> Found:
    """(where, what) of a translation whose technical terms are not those of the original."""
    for path, translated, original in pairs(given, wanted):
        there, here = of(original), of(translated)
        for term in sorted(there - here):
            yield path, f"lacks {term}, which the original has"
        for term in sorted(here - there):
            yield path, f"has {term}, which the original has not"


def complaints(translations: Mapping[str, Texts], original: Texts) -> Iterator[str]:
    """The same of all translations of something, in words."""
    for language, given in translations.items():
        for path, what in differences(given, original):
            yield f"{language}: {lines.field_text(path)}: {what}"
