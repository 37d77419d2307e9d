"""Sentences that can be said again in another language.

Verdicts are in English and the same for everybody. What a check finds is therefore an English text that remembers how it was
put together; whoever shows it puts it together anew from the translated pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext


class Said(str):
    """An English sentence, from a template with %(name)s in it. A value may be a sentence itself."""

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Said:
        made = super().__new__(cls, template % values)
        made.template, made.values = template, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (self.template,), dict(self.values)


def joined(between: str, sentences: Iterable[str]) -> Said:
    """Several of them in a row."""
    values = {f"n{number}": each for number, each in enumerate(sentences)}
    return Said(between.join(f"%({name})s" for name in values), **values)


def record(text: Any) -> Any:
    """How a text is put together, as JSON: itself, or {"text", "with"}."""
    if not isinstance(text, Said):
        return text
    return {"text": text.template, "with": {name: record(value) for name, value in text.values.items()}}


def told(recorded: Any, names: Mapping[str, str] | None = None) -> Any:
    """What `record` has kept, put together from translated pieces. Values stay as they are, but for those in `names`."""
    if isinstance(recorded, Mapping):
        return gettext(recorded["text"]) % {name: told(value, names) for name, value in recorded["with"].items()}
    return names.get(recorded, recorded) if names and isinstance(recorded, str) else recorded


def here(text: str) -> str:
    """A text in the language of this request, as far as it can be said in it."""
    return str(told(record(text)))
