"""What well-known programs answer, by their image: pages, echoes, PONG. The default implementation of `links.Answering`.

Which ports are open and which files a container has is handed in: `simulation` knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from cluster_core.machinery import welcome
from cluster_core.machinery.timestamps import microtime
from cluster_core.machinery.typed import Obj
from cluster_core.network import agnhost, redis, webhooks
from cluster_core.network.trace import Call, Response, Trace


class Program(NamedTuple):
    """A container as far as its answers depend on it. `files` by path, `now` in microseconds; `ask` sends a request from
    there, `run` runs a command there: exit code and output."""

    pod: Obj
    container: Obj
    files: Mapping[str, str]
    environment: Mapping[str, str]
    now: int
    gone: frozenset[str] = frozenset()
    """Files of the image that were taken away."""
    ask: Callable[[str, Call], Trace] | None = None
    run: Callable[[str], tuple[int, str]] | None = None
    serving: Sequence[str] = ()
    """The command line of the server that really runs, where that is known."""
    says: str = ""
    """What it was given to say to whoever connects."""
    memory: dict[str, Any] | None = None
    """What the program itself has kept; may be added to. None: it forgets."""

    @property
    def name(self) -> str:
        """The image's last name: "nginx" of docker.io/library/nginx:1.29."""
        return str(self.container["image"]).rpartition("/")[2].partition("@")[0].partition(":")[0]

    @property
    def words(self) -> list[str]:
        return list(self.serving) or [*self.container.get("command", ()), *self.container.get("args", ())]

    @property
    def hostname(self) -> str:
        spec = self.pod["spec"]
        return str(spec.get("nodeName") if spec.get("hostNetwork") else spec.get("hostname") or self.pod["metadata"]["name"])

    @property
    def ip(self) -> str:
        return str(self.pod.get("status", {}).get("podIP", ""))

    def source_port(self, call: Call) -> int:
        """The port that the caller seems to have."""
        digest = hashlib.blake2b(f"{call.client}{self.now}".encode(), digest_size=2).digest()
        return 32768 + int.from_bytes(digest, "big") % 28000

    def flag(self, name: str) -> str:
        """The value of -name or --name on the command line."""
        words = self.words
        for index, word in enumerate(words):
            key, equals, value = word.partition("=")
            if key.lstrip("-") == name and key.startswith("-"):
                return value if equals else (words[index + 1] if index + 1 < len(words) else "")
        return ""


Answer = Callable[[Program, Call], Response]

_TYPES = {"html": "text/html", "htm": "text/html", "json": "application/json", "js": "application/javascript", "css": "text/css",
          "txt": "text/plain", "xml": "text/xml", "yaml": "application/octet-stream"}  # fmt: skip
_TITLES = {403: "Forbidden", 404: "Not Found", 405: "Not Allowed"}


def nginx_page(status: int, server: str = "nginx/1.29.1") -> Response:
    title = f"{status} {_TITLES[status]}"
    rows = [f"<html>\r\n<head><title>{title}</title></head>", f"<body>\r\n<center><h1>{title}</h1></center>",
            f"<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"]  # fmt: skip
    return Response(status, "\r\n".join(rows), "text/html", server)


def _static(program: Program, call: Call, server: str, own: str = "") -> Response | None:
    """A file of the server's, its welcome page for "/" where nothing is mounted and nobody has taken it away; None: no such file.
    `own`: a directory it was told to show instead."""
    path, root = call.plain, own or welcome.ROOTS[server]
    wanted = root + path + ("index.html" if path.endswith("/") else "")
    if wanted in program.files:
        return Response(200, program.files[wanted], _TYPES.get(wanted.rpartition(".")[2], "text/plain"))
    mounts = [mount["mountPath"].rstrip("/") for mount in program.container.get("volumeMounts", ())]
    if path in ("/", "/index.html") and root not in mounts and wanted not in program.gone and not own:
        return Response(200, welcome.PAGES[server], "text/html")
    return None


def _nginx(program: Program, call: Call) -> Response:
    if call.method not in ("GET", "HEAD"):
        return nginx_page(405)
    configured = _configured(program, call)
    if configured is not None:
        return configured
    found = _static(program, call, "nginx")
    if found is None:
        return nginx_page(403 if call.plain.endswith("/") else 404)
    return found._replace(server="nginx/1.29.1")


def _configured(program: Program, call: Call) -> Response | None:
    """What a mounted configuration returns outright: `return 200 "text";` in the location that fits best."""
    best: tuple[int, Response] | None = None
    for path, text in program.files.items():
        if path.startswith("/etc/nginx") and "return" in text:
            for place, response in _returns(text):
                if call.plain.startswith(place) and (best is None or len(place) > best[0]):
                    best = (len(place), response)
    return best[1] if best else None


def _returns(text: str) -> list[tuple[str, Response]]:
    found, place = [], "/"
    for line in text.replace("{", "{\n").replace("}", "\n}\n").replace(";", ";\n").splitlines():
        words = line.strip().rstrip(";").split(None, 2)
        if words[:1] == ["location"]:
            place = line.strip().rstrip("{ ").split()[-1]
        elif words[:1] == ["return"] and len(words) > 1 and words[1].isdigit():
            body = words[2].strip("'\"").replace("\\n", "\n") if len(words) > 2 else ""
            found.append((place, Response(int(words[1]), body, "application/octet-stream", "nginx/1.29.1")))
    return found


def _httpd(program: Program, call: Call) -> Response:
    own = program.flag("h").rstrip("/")  # BusyBox' httpd
    found = _static(program, call, "httpd", own)
    if found is None:
        head = '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n'
        text = f"{head}<h1>Not Found</h1>\n<p>The requested URL was not found on this server.</p>\n</body></html>\n"
        found = Response(404, text, "text/html; charset=iso-8859-1")
    return found._replace(server="Apache/2.4.65 (Unix)")


def _http_echo(program: Program, call: Call) -> Response:
    text = program.flag("text") or program.environment.get("ECHO_TEXT", "hello-world")
    return Response(200, text + "\n", "text/plain; charset=utf-8")


def _whoami(program: Program, call: Call) -> Response:
    rows = [f"Hostname: {program.hostname}", "IP: 127.0.0.1", "IP: ::1", f"IP: {program.ip}",
            f"RemoteAddr: {call.client}:{program.source_port(call)}", f"{call.method} {call.path} HTTP/1.1",
            f"Host: {call.host}", *(f"{name}: {value}" for name, value in _sent(call).items()), "", ""]  # fmt: skip
    named = program.flag("name") or program.environment.get("WHOAMI_NAME", "")
    return Response(200, "\n".join(([f"Name: {named}"] if named else []) + rows), "text/plain; charset=utf-8")


def _sent(call: Call) -> dict[str, str]:
    return {"User-Agent": "curl/8.14.1", "Accept": "*/*", **{k: v for k, v in call.headers.items() if k.lower() != "host"}}


def _hello_app(program: Program, call: Call) -> Response:
    tag = program.container["image"].rpartition(":")[2] if ":" in program.container["image"] else "1.0"
    version = tag if tag.count(".") == 2 else f"{tag}.0"
    return Response(200, f"Hello, world!\nVersion: {version}\nHostname: {program.hostname}\n", "text/plain; charset=utf-8")


def _echo(program: Program, call: Call) -> Response:
    """The servers that tell the request back as JSON."""
    told = {
        "host": {"hostname": call.host, "ip": call.client},
        "http": {"method": call.method, "originalUrl": call.path, "protocol": "http"},
        "request": {"headers": {"host": call.host, **_sent(call)}, "body": call.body},
        "environment": {"HOSTNAME": program.hostname},
    }
    return Response(200, orjson.dumps(told).decode(), "application/json; charset=utf-8")


def _echoserver(program: Program, call: Call) -> Response:
    headers = "\n".join(f"\t{name.lower()}={value}" for name, value in sorted({**_sent(call), "host": call.host}.items()))
    url = f"http://{call.host}:{call.port}{call.path}"
    rows = [f"\n\nHostname: {program.hostname}", "Pod Information:\n\t-no pod information available-",
            "Server values:\n\tserver_version=nginx: 1.21.3", f"Request Information:\n\tclient_address={call.client}\n\tmethod="
            f"{call.method}\n\treal path={call.path}\n\trequest_version=1.1\n\trequest_scheme=http\n\trequest_uri={url}",
            f"Request Headers:\n{headers}", f"Request Body:\n\t{call.body or '-no body in request-'}\n\n"]  # fmt: skip
    return Response(200, "\n\n".join(rows), "text/plain", "echoserver")


def _nginx_hello(program: Program, call: Call) -> Response:
    rows = [f"Server address: {program.ip}:{call.port}", f"Server name: {program.hostname}", f"URI: {call.path}", ""]
    return Response(200, "\n".join(rows), "text/plain", "nginx/1.29.1")


def _redis(program: Program, call: Call) -> Response:
    """With the configuration file that is named on its command line."""
    if not call.body.split():
        return Response(0)
    file = next((program.files.get(word, "") for word in program.words if word.endswith(".conf")), "")
    return Response(0, redis.Server({} if program.memory is None else program.memory, file).answer(call.body))


def _kube_proxy(program: Program, call: Call) -> Response:
    """Its health and metrics servers."""
    now = microtime(program.now)
    health = {"lastUpdated": now, "currentTime": now, "nodeEligible": True}
    if call.port == 10256:
        return Response(200, orjson.dumps(health).decode(), "application/json")
    pages = {"/healthz": "ok", "/proxyMode": "iptables"}
    return Response(200, pages[call.plain]) if call.plain in pages else Response(404, "404 page not found\n")


def _tcp_echo(program: Program, call: Call) -> Response:
    """Each line comes back behind the prefix of the command line; who speaks HTTP to it gets lines as well."""
    words = [word for word in program.words if not word.startswith("/")]
    prefix = words[1] if len(words) > 1 else "hello"
    return Response(0, "".join(f"{prefix} {line}" for line in call.body.splitlines(keepends=True)))


def _netcat(program: Program, call: Call) -> Response:
    """What was piped into it, to everybody; with `-e cat` what it hears. Who asks by HTTP needs an HTTP answer."""
    if "-e" in program.words and program.words[-1].rpartition("/")[2] == "cat":
        return Response(0, call.body)
    head, _, body = program.says.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    words = first.split()
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        return Response(0, program.says)
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Response(int(words[1]), body, fields.get("content-type", ""), fields.get("server", ""))


def _silent(program: Program, call: Call) -> Response:
    """Something that speaks no HTTP."""
    return Response(0)


def _anybody(program: Program, call: Call) -> Response:
    return Response(200, f"Hello from {program.hostname}\n", "text/plain")


def _update_demo(program: Program, call: Call) -> Response:
    """The pictures of Kubernetes' update demo: data.json says which one."""
    if call.plain == "/data.json":
        return Response(200, f'{{\n"image": "{program.name}.jpg"\n}}\n', "application/json", "nginx")
    return _nginx(program, call)


PROGRAMS: dict[str, Answer] = {
    "nginx": _nginx,
    "nginx-unprivileged": _nginx,
    "httpd": _httpd,
    "http-echo": _http_echo,
    "agnhost": agnhost.answer,
    "nautilus": _update_demo,
    "kitten": _update_demo,
    "serve_hostname": lambda program, call: Response(200, program.hostname),
    "serve-hostname": lambda program, call: Response(200, program.hostname),
    "whoami": _whoami,
    "hello-app": _hello_app,
    "hello-go-gke": lambda program, call: Response(200, '{"message":"Hello"}\n', "application/json"),
    "echo-server": _echo,
    "http-https-echo": _echo,
    "echoserver": _echoserver,
    "hello": _nginx_hello,
    "hpa-example": lambda program, call: Response(200, "OK!", "text/html; charset=UTF-8", "Apache/2.4.10 (Debian)"),
    "redis": _redis,
    "valkey": _redis,
    "tcp-echo-server": _tcp_echo,
    "kube-proxy": _kube_proxy,
    **dict.fromkeys(("postgres", "mysql", "mariadb", "mongo", "memcached", "rabbitmq", "cassandra", "zookeeper", "nats"), _silent),
}


_BY_PROCESS: dict[str, Answer] = {"nc": _netcat, "httpd": _httpd, "nginx": _nginx, "redis-server": _redis}
"""Programs that were started in images of other names."""


_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"


def _judgement(program: Program, call: Call) -> Response | None:
    """What the webhooks of well-known projects say."""
    if program.flag("validating-webhook"):
        certificate = program.files.get(program.flag("validating-webhook-certificate"), "")
        return webhooks.ingress_nginx(call, certificate, lambda: _ingresses(program))
    return webhooks.allowing(call) if program.name in webhooks.ALLOWING else None


def _ingresses(program: Program) -> list[Obj]:
    """All there are, as far as the program's service account may see them."""
    headers = {"Authorization": f"Bearer {program.files.get(_TOKEN, '')}"}
    url = f"https://{program.environment.get('KUBERNETES_SERVICE_HOST', '')}/apis/networking.k8s.io/v1/ingresses"
    trace = program.ask(url, Call(headers=headers)) if program.ask else None
    if trace is None or trace.response.status != 200:
        return []
    found: list[Obj] = orjson.loads(trace.response.body)["items"]
    return found


def respond(program: Program, call: Call, process: str = "") -> Response:
    """What the program answers; `process` is the name of what really runs, where somebody knows."""
    judged = _judgement(program, call) if call.scheme == "https" else None
    if judged is not None:
        return judged
    found = PROGRAMS.get(program.name) or _BY_PROCESS.get(process)
    if found is None:
        found = _silent if call.scheme == "tcp" else _anybody
    response = found(program, call)
    return Response(0) if response.status and call.scheme == "tcp" and not call.body else response
