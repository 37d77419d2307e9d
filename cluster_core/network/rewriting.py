"""Links in pages that come through a proxy, made to lead through it. Models apimachinery's pkg/util/proxy (Transport)."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit, urlunsplit

_ATTRIBUTES = {
    "a": "href", "applet": "codebase", "area": "href", "audio": "src", "base": "href", "blockquote": "cite", "body": "background",
    "button": "formaction", "command": "icon", "del": "cite", "embed": "src", "form": "action", "frame": "longdesc src",
    "head": "profile", "html": "manifest", "iframe": "longdesc src", "img": "longdesc src usemap", "input": "src usemap formaction",
    "ins": "cite", "link": "href", "object": "classid codebase data usemap", "q": "cite", "script": "src", "source": "src",
    "video": "poster src",
}  # fmt: skip
"""Attributes with addresses, by tag."""
_TAG = re.compile(r"<([a-zA-Z]+)(\s[^<>]*)>")
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)""")


def page(text: str, prefix: str, hosts: tuple[str, ...]) -> str:
    """The page with its links to the same server below `prefix`; `hosts` are the server's names."""

    def tag(match: re.Match[str]) -> str:
        wanted = _ATTRIBUTES.get(match[1].lower(), "").split()
        return f"<{match[1]}{_ATTRIBUTE.sub(lambda found: _attribute(found, wanted, prefix, hosts), match[2])}>" if wanted else match[0]

    return _TAG.sub(tag, text)


def _attribute(match: re.Match[str], wanted: list[str], prefix: str, hosts: tuple[str, ...]) -> str:
    if match[1].lower() not in wanted:
        return match[0]
    value = html.unescape(match[3].strip("\"'"))
    return f'{match[1]}="{html.escape(link(value, prefix, hosts))}"'


def link(address: str, prefix: str, hosts: tuple[str, ...]) -> str:
    """One address: what is elsewhere or relative stays as it is."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    if (parts.netloc and parts.netloc not in hosts) or not parts.path.startswith("/"):
        return address
    path = parts.path if parts.path.startswith(prefix) else prefix.rstrip("/") + parts.path
    return urlunsplit(("", "", path, parts.query, parts.fragment))
