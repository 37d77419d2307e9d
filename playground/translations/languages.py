"""Which languages there are, and which one is asked for: Django's settings and Django's choice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from django.utils import translation

from .texts import Texts


def codes() -> list[str]:
    """All languages of this installation."""
    return [code for code, _ in settings.LANGUAGES]


def others() -> list[str]:
    """Those into which what is shipped must be translated."""
    return [code for code in codes() if code != settings.LANGUAGE_CODE]


def current() -> str:
    """The language of this request."""
    return translation.get_language() or str(settings.LANGUAGE_CODE)


def chosen(translations: Mapping[str, Texts], original: Texts) -> Texts:
    """The texts in the language of this request; the original's where nobody has translated them."""
    return translations.get(current(), original)


def files(original: Path) -> dict[str, Path]:
    """The translations that lie beside a file, by language."""
    beside = {code: original.parent / code / original.name for code in codes()}
    return {code: path for code, path in beside.items() if path.is_file()}


def changed(original: Path) -> tuple[int, ...]:
    """Other than before when the file or one of its translations is."""
    return tuple(path.stat().st_mtime_ns for path in (original, *files(original).values()))
