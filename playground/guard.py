"""Who may talk to the web process at all: Host and Origin rules, and the headers that keep foreign content out.

In local mode nobody logs in, so what protects the clusters from other web sites open in the same browser is that
every request must name a host we answer to and, when it comes from a page, a page of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host

from playground.asgitypes import Application, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # CodeMirror and Lit put their style sheets into the page
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Django middleware: pages load nothing from anywhere else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response

    return middleware


def header(scope: Scope, name: bytes) -> str:
    """The first value of a header, "" when absent."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""


def foreign_host(scope: Scope) -> str | None:
    """Why this Host is refused, None when it is ours."""
    domain, _ = split_domain_port(header(scope, b"host"))
    if domain and (validate_host(domain, settings.SERVED_HOSTS) or (settings.OPEN_TO_NETWORK and _is_address(domain))):
        return None
    return "this Host is not served here; name it in ALLOWED_HOSTS"


def _is_address(domain: str) -> bool:
    """A page cannot make a browser send an address of ours as Host from a name of its own (DNS rebinding)."""
    try:
        ip_address(domain.strip("[]"))
    except ValueError:
        return False
    return True


def foreign_origin(scope: Scope) -> str | None:
    """Why this Origin is refused, None when there is none, it is ours, or it cannot be a page's."""
    origin = header(scope, b"origin")
    if not origin or origin in settings.TRUSTED_ORIGINS or _is_programs(scope):
        return None
    return None if same_origin(scope, origin) else "requests from pages of another origin are refused"


def _is_programs(scope: Scope) -> bool:
    """A program with its own credentials for a cluster on the network: no page of another site can make a browser send those.
    Go's websocket clients name an Origin, whatever it is."""
    return scope["path"].startswith("/k8s/") and header(scope, b"authorization").lower().startswith("bearer ")


def same_origin(scope: Scope, origin: str) -> bool:
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == header(scope, b"host").lower()


class Guard:
    """Outermost ASGI application: refuses foreign hosts and origins, hands everything else on."""

    def __init__(self, inner: Application) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
        elif reason := foreign_host(scope):
            await refuse(scope, receive, send, 400, reason)
        elif reason := foreign_origin(scope):
            await refuse(scope, receive, send, 403, reason)
        else:
            await self._inner(scope, receive, send)


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, reason: str) -> None:
    """Answer with a Kubernetes Status, which people and programs can both read."""
    from playground.kubeapi.status import status_body

    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4403, "reason": reason})
        return
    body = status_body(status, reason)
    await send_all(send, status, [(b"content-type", b"application/json")], body)


async def send_all(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
    """A whole response at once."""
    complete = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": complete})
    await send({"type": "http.response.body", "body": body})
