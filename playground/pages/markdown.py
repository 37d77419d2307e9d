"""Markdown of our own files (lessons, exercises) as HTML."""

from __future__ import annotations

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def html(text: str) -> SafeString:
    """Raw HTML in it is shown, not meant."""
    return mark_safe(_markdown.render(text))


def inline(text: str) -> SafeString:
    """One line of it, to stand in a paragraph or a list that is there already."""
    return mark_safe(_markdown.renderInline(text))
