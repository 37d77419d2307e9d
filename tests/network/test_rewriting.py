"""Pages that come through the API server's proxy lead back through it."""

from __future__ import annotations

import pytest

from cluster_core.network import rewriting

PREFIX = "/api/v1/namespaces/a/pods/b/proxy"
HOSTS = ("10.0.0.1:80",)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/rewriteme", f"{PREFIX}/rewriteme"),
        ("/a/?q=1#x", f"{PREFIX}/a/?q=1#x"),
        ("http://10.0.0.1:80/a", f"{PREFIX}/a"),
        ("http://elsewhere/a", "http://elsewhere/a"),
        ("relative/a", "relative/a"),
        (f"{PREFIX}/a", f"{PREFIX}/a"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_links_to_the_same_server_go_through_the_proxy(before, after):
    assert rewriting.link(before, PREFIX, HOSTS) == after


def test_only_attributes_that_hold_addresses_are_changed():
    page = '<p title="/a">/b</p><a class=x href=\'/c\'>d</a><img src=/e alt="/f">'
    assert rewriting.page(page, PREFIX, HOSTS) == f'<p title="/a">/b</p><a class=x href="{PREFIX}/c">d</a><img src="{PREFIX}/e" alt="/f">'
