"""curl and wget."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from cluster_core.network import trace
from cluster_core.network.resolving import is_address
from cluster_core.network.tools import UNRESOLVED, WHY, Options, Ran, Typed
from cluster_core.network.trace import Call, Response, Trace

_VALUED = {
    "-m": "max", "--max-time": "max", "--connect-timeout": "connect", "-X": "method", "--request": "method",
    "-H": "header", "--header": "header", "-d": "data", "--data": "data", "--data-raw": "data", "--data-binary": "data",
    "-o": "output", "--output": "output", "-w": "write", "--write-out": "write", "-A": "agent", "--user-agent": "agent",
    "--resolve": "resolve", "-u": "user", "--user": "user", "--cacert": "cacert", "--cert": "cert", "--key": "key",
    "--retry": "retry", "--retry-delay": "retry-delay", "-b": "cookie", "--url": "url", "-T": "upload", "-e": "referer",
    "--interface": "interface",
}  # fmt: skip
_FLAGS = {
    "-s": "silent", "--silent": "silent", "-S": "show", "--show-error": "show", "-v": "verbose", "--verbose": "verbose",
    "-i": "include", "--include": "include", "-I": "head", "--head": "head", "-L": "location", "--location": "location",
    "-k": "insecure", "--insecure": "insecure", "-f": "fail", "--fail": "fail", "-O": "remote", "--compressed": "compressed",
    "-4": "4", "-6": "6", "-g": "globoff", "-N": "no-buffer", "-#": "bar", "--fail-with-body": "fail-body", "-G": "get",
    "--http1.1": "1.1", "--http2": "2", "--retry-connrefused": "rc", "-q": "q",
}  # fmt: skip
AGENT = "curl/8.14.1"
_BAD_CERTIFICATE = (
    "curl: (60) SSL certificate problem: unable to get local issuer certificate\nMore details here: "
    "https://curl.se/docs/sslcerts.html\n\ncurl failed to verify the legitimacy of the server and therefore could not\n"
    "establish a secure connection to it. To learn more about this situation and\nhow to fix it, please visit the webpage "
    "mentioned above.\n"
)


def phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def head_of(response: Response, now: int) -> list[str]:
    """Status line and headers of a response that is sent now (microseconds)."""
    size = len(response.body.encode())
    server = [f"Server: {response.server}"] if response.server else []
    date = (_EPOCH + timedelta(microseconds=now)).strftime("Date: %a, %d %b %Y %H:%M:%S GMT")
    more = [f"{name}: {value}" for name, value in response.headers]
    kind = [f"Content-Type: {response.type}"] if response.body else []
    more += ["Connection: keep-alive"] if response.server.startswith("nginx") else []
    return [f"HTTP/1.1 {response.status} {phrase(response.status)}", *server, date, *kind, f"Content-Length: {size}", *more]


def curl(typed: Typed) -> Ran:
    options = Options(typed.argv, _VALUED, _FLAGS)
    urls = [*options.rest, *options.values.get("url", ())]
    if not urls:
        return Ran("", "curl: try 'curl --help' or 'curl --manual' for more information\n", 2)
    if options.unknown:
        text = f"curl: option {options.unknown[0]}: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information\n"
        return Ran("", text, 2)
    ran = Ran()
    for url in urls:
        one = _Curl(typed, options, url).run()
        ran.out, ran.err, ran.code = ran.out + one.out, ran.err + one.err, one.code
        ran.seconds += one.seconds
        ran.files |= one.files
    return ran


class _Curl:
    """One URL."""

    def __init__(self, typed: Typed, options: Options, url: str) -> None:
        self.typed, self.options, self.url = typed, options, url if "://" in url else f"http://{url}"
        self.limit = options.number("max", 0) or options.number("connect", 0)
        self.now, self.address = typed.network.world.clock.now, ""

    def _call(self) -> Call:
        options = self.options
        body = "&".join(self.typed.files.get(data[1:], "") if data[:1] == "@" else data for data in options.values.get("data", ()))
        method = "HEAD" if "head" in options.flags else "POST" if body and "get" not in options.flags else "GET"
        headers = {"User-Agent": options.value("agent", AGENT), "Accept": "*/*"}
        for line in options.values.get("header", ()):
            name, _, value = line.partition(":")
            headers[name.strip()] = value.strip()
        return Call(options.value("method", method), headers=headers, body=body)

    def run(self) -> Ran:
        ran, url = Ran(), self.url
        for _ in range(10):
            result = self._resolved(url)
            ran.seconds += result.seconds
            if self.limit and ran.seconds > self.limit:
                ran.seconds = self.limit
                self._gives_up(ran, [] if result.outcome in UNRESOLVED else _trying(result), self._timed_out(result))
                return self._failed(ran, 28, self._timed_out(result))
            failed = self._failure(result, ran)
            if failed is not None:
                return failed
            location = dict(result.response.headers).get("Location", "")
            self._verbose(result, ran)
            if "location" not in self.options.flags or not 300 <= result.response.status < 400 or not location:
                return self._done(result, ran)
            url = urljoin(url, location)
        return self._failed(ran, 47, "Maximum (50) redirects followed")

    def _resolved(self, url: str) -> Trace:
        """With --resolve host:port:address the name is not looked up."""
        parts, call = urlsplit(url), self._call()
        for text in self.options.values.get("resolve", ()):
            host, _, address = text.split(":", 2) if text.count(":") >= 2 else ("", "", "")
            if host and host == parts.hostname and "Host" not in call.headers:
                call = call._replace(headers={**call.headers, "Host": parts.netloc})
                url = url.replace(parts.netloc, address + (f":{parts.port}" if parts.port else ""), 1)
        talk = self.typed.talk()
        self.address = talk.origin.ip if talk.origin else ""
        return talk.request(url, call)

    def _timed_out(self, result: Trace) -> str:
        milliseconds = round(self.limit * 1000) + 1
        if result.outcome in UNRESOLVED:
            return f"Resolving timed out after {milliseconds} milliseconds"
        return f"Connection timed out after {milliseconds} milliseconds"

    def _failure(self, result: Trace, ran: Ran) -> Ran | None:
        """What curl says when there is no answer; None when there is one."""
        if result.outcome in UNRESOLVED or result.outcome == trace.NO_SOURCE:
            told = f"Could not resolve host: {result.name}"
            self._gives_up(ran, [], told)
            return self._failed(ran, 6, told)
        if result.outcome in WHY:
            return self._unconnected(result, ran)
        if self._distrusts(result):
            ran.err, ran.code = ran.err + _BAD_CERTIFICATE, 60
            return ran
        if not result.response.status:
            return self._failed(ran, 52, "Empty reply from server")
        if "fail" in self.options.flags and result.response.status >= 400:
            return self._failed(ran, 22, f"The requested URL returned error: {result.response.status}")
        return None

    def _unconnected(self, result: Trace, ran: Ran) -> Ran:
        after = f"after {max(1, round(result.seconds * 1000))} ms"
        told = f"Failed to connect to {result.name} port {result.port} {after}: Could not connect to server"
        tried = f"* connect to {result.address} port {result.port} from {self.address} port {_own_port(self.now)} failed: {WHY[result.outcome]}"
        self._gives_up(ran, [*_trying(result), tried], told)
        return self._failed(ran, 28 if result.outcome == trace.TIMEOUT else 7, told)

    def _gives_up(self, ran: Ran, lines: list[str], told: str) -> None:
        """What it says with -v before it fails."""
        if "verbose" in self.options.flags:
            ran.err += "\n".join([*lines, f"* {told}", "* closing connection #0", ""])

    def _distrusts(self, result: Trace) -> bool:
        outside = result.hops[-1].kind == "outside"
        trusts = {"insecure"} & self.options.flags or self.options.value("cacert")
        return result.call.scheme == "https" and not outside and not trusts

    def _failed(self, ran: Ran, code: int, text: str) -> Ran:
        ran.code = code
        if "silent" not in self.options.flags or "show" in self.options.flags:
            ran.err += f"curl: ({code}) {text}\n"
        if "write" in self.options.values:
            ran.out += self._written(Trace(self.typed.source, ""), ran)
        return ran

    def _verbose(self, result: Trace, ran: Ran) -> None:
        if "verbose" not in self.options.flags:
            return
        call, lines = result.call, [*_trying(result), f"* Connected to {result.name} ({result.address}) port {result.port}", "* using HTTP/1.x"]
        headers = {"Host": call.host, **{name: value for name, value in call.headers.items() if name.lower() != "host"}}
        lines += [f"> {call.method} {call.path} HTTP/1.1", *(f"> {name}: {value}" for name, value in headers.items()), "> "]
        lines += ["* Request completely sent off", *(f"< {line}" for line in head_of(result.response, self.now)), "< "]
        ran.err += "\n".join([*lines, f"* Connection #0 to host {result.name} left intact", ""])

    def _done(self, result: Trace, ran: Ran) -> Ran:
        response, flags = result.response, self.options.flags
        text = "" if "head" in flags else response.body
        if flags & {"include", "head"}:
            text = "\r\n".join([*head_of(response, self.now), "", ""]) + text
        target = self.options.value("output")
        if "remote" in flags:
            target = result.call.plain.rpartition("/")[2] or "index.html"
        if target and target != "-":
            ran.files |= {target: text} if target != "/dev/null" else {}
        else:
            ran.out += text
        if "write" in self.options.values:
            ran.out += self._written(result, ran)
        return ran

    def _written(self, result: Trace, ran: Ran) -> str:
        text = self.options.value("write").replace("\\n", "\n").replace("\\t", "\t")
        code = f"{result.response.status:03}"
        values = {"http_code": code, "response_code": code, "time_total": f"{ran.seconds:.6f}", "remote_ip": result.address,
                  "remote_port": str(result.port), "size_download": str(len(result.response.body)), "url": self.url,
                  "time_connect": f"{ran.seconds:.6f}", "exitcode": str(ran.code)}  # fmt: skip
        for name, value in values.items():
            text = text.replace("%{" + name + "}", value)
        return text


def _trying(result: Trace) -> list[str]:
    """What curl -v says until it is connected."""
    lines = [] if is_address(result.name) else [f"* Host {result.name}:{result.port} was resolved.", "* IPv6: (none)", f"* IPv4: {result.address}"]
    return [*lines, f"*   Trying {result.address}:{result.port}..."]


def _own_port(now: int) -> int:
    return 32768 + now // 1000 % 28000


# ------------------------------------------------------------------------------------------------ wget

_WGET_VALUED = {"-O": "output", "--output-document": "output", "-T": "timeout", "--timeout": "timeout", "-t": "tries",
                "--tries": "tries", "--header": "header", "-P": "prefix", "-U": "agent", "--post-data": "post", "-o": "log"}  # fmt: skip
_WGET_FLAGS = {"-q": "quiet", "--quiet": "quiet", "-S": "server", "--server-response": "server", "--spider": "spider",
               "-s": "spider", "-c": "continue", "--no-check-certificate": "insecure", "-nv": "nv", "-v": "v"}  # fmt: skip


def wget(typed: Typed) -> Ran:
    """As BusyBox has it."""
    options = Options(typed.argv, _WGET_VALUED, _WGET_FLAGS)
    if not options.rest:
        return Ran("", "BusyBox v1.37.0 multi-call binary.\n\nUsage: wget [-cqS] [--spider] [-O FILE] [-T SEC] URL...\n", 1)
    url = options.rest[0]
    headers = {"User-Agent": "Wget", "Connection": "close"}
    for line in options.values.get("header", ()):
        name, _, value = line.partition(":")
        headers[name.strip()] = value.strip()
    post = options.value("post")
    result = typed.talk().request(url, Call("POST" if post else "GET", headers=headers, body=post))
    return _wget_result(options, result, typed.network.world.clock.now)


def _wget_result(options: Options, result: Trace, now: int) -> Ran:
    ran = Ran(seconds=result.seconds)
    quiet, limit = "quiet" in options.flags, options.number("timeout", 0)
    if result.outcome in UNRESOLVED or result.outcome == trace.NO_SOURCE:
        return _wget_failed(ran, f"bad address '{result.name}{'' if result.port == 80 else f':{result.port}'}'")
    if not quiet:
        ran.err += f"Connecting to {result.name} ({result.address}:{result.port})\n"
    if limit and ran.seconds > limit:
        ran.seconds = limit
        return _wget_failed(ran, "download timed out")
    if result.outcome in WHY:
        return _wget_failed(ran, f"can't connect to remote host ({result.address}): {WHY[result.outcome]}")
    if "server" in options.flags:
        ran.err += "".join(f"  {line}\n" for line in head_of(result.response, now))
    if not result.response.status:
        return _wget_failed(ran, "error getting response")
    if result.response.status >= 400:
        return _wget_failed(ran, f"server returned error: HTTP/1.1 {result.response.status} {phrase(result.response.status)}")
    return _wget_saved(options, result, ran, quiet)


def _wget_failed(ran: Ran, text: str) -> Ran:
    ran.err, ran.code = f"{ran.err}wget: {text}\n", 1
    return ran


def _wget_saved(options: Options, result: Trace, ran: Ran, quiet: bool) -> Ran:
    if "spider" in options.flags:
        ran.err += "" if quiet else "remote file exists\n"
        return ran
    target = options.value("output") or result.call.plain.rpartition("/")[2] or "index.html"
    size = len(result.response.body.encode())
    shown = "-" if target == "-" else target
    bar = f"{shown:<20} 100% |{'*' * 32}| {size:5}  0:00:00 ETA\n"
    if target == "-":
        ran.out, before, after = result.response.body, "writing to stdout\n", "written to stdout\n"
    else:
        ran.files |= {target: result.response.body} if target != "/dev/null" else {}
        before, after = f"saving to '{target}'\n", f"'{target}' saved\n"
    ran.err += "" if quiet else before + bar + after
    return ran


TOOLS: dict[str, Callable[[Typed], Ran]] = {"curl": curl, "wget": wget}
