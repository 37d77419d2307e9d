"""What agnhost's servers answer. Models test/images/agnhost: netexec, serve-hostname, porter, test-webserver."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import orjson

from cluster_core.machinery.timestamps import microtime
from cluster_core.network import agnhoststate, webhooks
from cluster_core.network.trace import ANSWERED, OPEN, Call, Response

if TYPE_CHECKING:
    from cluster_core.network.answers import Program

_MOST_TRIES = 100
Query = dict[str, str]


def answer(program: Program, call: Call) -> Response:
    """By the face that the container's arguments choose."""
    words = [word for word in program.words if not word.startswith("-")]
    face = words[0].rpartition("/")[2] if words else ""
    face = words[1] if face.startswith("agnhost") and len(words) > 1 else face
    found = _FACES.get(face)
    if found is not None:
        return found(program, call)
    return Response(200, "ok" if call.plain == "/healthz" else program.hostname)


def _porter(program: Program, call: Call) -> Response:
    """The value of the variable named after the port."""
    kinds = ("UDP_",) if call.protocol == "UDP" else ("TLS_",) if call.scheme == "https" else ("", "TCP_")
    found = next((value for kind in kinds if (value := program.environment.get(f"SERVE_{kind}PORT_{call.port}")) is not None), None)
    if found is None or call.protocol == "UDP":
        return Response(0, found or "")
    if "--json-response" in program.words:
        return Response(200, orjson.dumps({"Method": call.method, "Body": found}).decode(), "application/json")
    return Response(200, found, sniffed(found))


def sniffed(text: str) -> str:
    """The content type that Go's servers make out from the beginning of what they send."""
    html = text.lstrip().lower().startswith(_TAGS)
    return f"text/{'html' if html else 'plain'}; charset=utf-8"


_TAGS = ("<!doctype html", "<html", "<head", "<script", "<iframe", "<h1", "<div", "<font", "<table", "<a ", "<a>", "<style", "<title", "<b>", "<body", "<br", "<p>", "<p ")


def _serve_hostname(program: Program, call: Call) -> Response:
    return Response(200, program.hostname) if call.scheme != "tcp" else Response(0, program.hostname)


def _files(program: Program, call: Call) -> Response:
    """test-webserver: the container's files."""
    found = program.files.get(call.plain)
    if found is not None:
        return Response(200, found, sniffed(found))
    return Response(200, "<pre>\n</pre>\n", "text/html; charset=utf-8") if call.plain.endswith("/") else _NOT_FOUND


_NOT_FOUND = Response(404, "404 page not found\n")


# ------------------------------------------------------------------------------------------------ netexec


def _netexec(program: Program, call: Call) -> Response:
    if call.protocol == "UDP":
        return Response(0, _datagram(program, call))
    pairs = parse_qs(urlsplit(call.path).query, keep_blank_values=True) | (parse_qs(call.body) if call.method == "POST" else {})
    query = {name: values[0] for name, values in pairs.items()}
    page = _PAGES.get(call.plain)
    return page(program, call, query) if page else _NOT_FOUND


def _datagram(program: Program, call: Call) -> str:
    """The reply to one UDP packet, "" for none."""
    text = call.body.strip().lower()
    if text.startswith("echo "):
        return text[5:]
    known = {"hostname": program.hostname, "clientip": f"{call.client}:{program.source_port(call)}", "serverport": str(call.port)}
    return known.get(text, "")


def _echo(program: Program, call: Call, query: Query) -> Response:
    code = query.get("code", "")
    return Response(int(code) if code.isdigit() and 200 <= int(code) <= 599 else 200, query.get("msg", ""))


def _header(program: Program, call: Call, query: Query) -> Response:
    sent = {name.title(): value for name, value in call.headers.items()}
    if "key" in query:
        return Response(200, sent.get(query["key"].title(), ""))
    return Response(200, orjson.dumps({name: [value] for name, value in sent.items()}).decode())


def _redirect(program: Program, call: Call, query: Query) -> Response:
    code = query.get("code", "")
    return Response(int(code) if code.isdigit() else 302, "", headers=(("Location", query.get("location", "")),))


def _shell(program: Program, call: Call, query: Query) -> Response:
    command = query.get("shellCommand") or query.get("cmd", "")
    code, out = program.run(command) if program.run else (127, "")
    told = {**({"output": out} if out else {}), **({"error": f"exit status {code}"} if code else {})}
    return Response(200, orjson.dumps(told).decode())


def _dial(program: Program, call: Call, query: Query) -> Response:
    """Ask somebody else, some times: what netexec is asked to do in tests of networks."""
    tries = query.get("tries") or "1"
    protocol = (query.get("protocol") or "http").lower()
    if not tries.isdigit():
        return Response(400, f'tries parameter is invalid. strconv.Atoi: parsing "{tries}": invalid syntax\n')
    if not query.get("request"):
        return Response(400, "request parameter not specified. <nil>\n")
    if protocol not in ("http", "udp"):
        return Response(400, f"unsupported protocol. {protocol}\n")
    tried = [_dialed(program, query, protocol) for _ in range(min(int(tries), _MOST_TRIES))]
    responses, problems = [text for good, text in tried if good], [text for good, text in tried if not good]
    told = {**({"responses": responses} if responses else {}), **({"errors": problems} if problems else {})}
    return Response(200, orjson.dumps(told).decode())


def _dialed(program: Program, query: Query, protocol: str) -> tuple[bool, str]:
    where = f"{query.get('host', '')}:{query.get('port', '')}"
    if program.ask is None:
        return False, f"dial tcp {where}: connect: network is unreachable"
    if protocol == "udp":
        trace = program.ask(where, Call(scheme="udp", protocol="UDP", body=query["request"]))
        good = trace.outcome in (ANSWERED, OPEN) and bool(trace.response.body)
        return good, trace.response.body if good else f"reading from udp connection failed. err:'read udp {where}: i/o timeout'"
    trace = program.ask(f"http://{where}/{query['request']}", Call())
    good = trace.outcome == ANSWERED
    return good, trace.response.body if good else f'Get "http://{where}/{query["request"]}": dial tcp {where}: {trace.outcome}'


def _said(what: Callable[[Program, Call], str]) -> Callable[[Program, Call, Query], Response]:
    return lambda program, call, query: Response(200, what(program, call))


_hostname = _said(lambda program, call: program.hostname)
_PAGES: dict[str, Callable[[Program, Call, Query], Response]] = {
    "/": _said(lambda program, call: f"NOW: {microtime(program.now)}"),
    "/hostname": _hostname,
    "/hostName": _hostname,
    "/clientip": _said(lambda program, call: f"{call.client}:{program.source_port(call)}"),
    "/serverport": _said(lambda program, call: str(call.port)),
    "/healthz": _said(lambda program, call: ""),
    "/readyz": _said(lambda program, call: ""),
    "/echo": _echo,
    "/header": _header,
    "/redirect": _redirect,
    "/shell": _shell,
    "/dial": _dial,
}
def _webhook(program: Program, call: Call) -> Response:
    if call.scheme != "https":
        return _NOT_FOUND
    return webhooks.agnhost(call, _certificate(program), program.flag("sidecar-image"))


def _conversion(program: Program, call: Call) -> Response:
    return webhooks.conversion(call, _certificate(program)) if call.scheme == "https" else _NOT_FOUND


def _certificate(program: Program) -> str:
    return program.files.get(program.flag("tls-cert-file"), "")


_FACES: dict[str, Callable[[Program, Call], Response]] = {
    "netexec": _netexec,
    "serve-hostname": _serve_hostname,
    "porter": _porter,
    "test-webserver": _files,
    "guestbook": agnhoststate.guestbook,
    "nettest": agnhoststate.nettest,
    "webhook": _webhook,
    "crd-conversion-webhook": _conversion,
}
