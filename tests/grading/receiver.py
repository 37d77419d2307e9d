"""Somebody who takes webhooks, on a free port of this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(ThreadingHTTPServer):
    """`answers`: the statuses to give, one after the other, the last for ever; `taken`: (headers, body) that came."""

    def __init__(self, *answers: int, headers: Mapping[str, str]) -> None:
        self.answers, self.headers = list(answers or (204,)), headers
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.arrived = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?course=k8s"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(({**self.headers, "path": self.path}, body))
        self.send_response(self.server.answers[0])
        if len(self.server.answers) > 1:
            self.server.answers.pop(0)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.arrived.set()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: pytest shows what matters."""


@contextmanager
def receiving(*answers: int, **headers: str) -> Iterator[Receiver]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    with Receiver(*answers, headers=given) as receiver:
        threading.Thread(target=receiver.serve_forever, args=(0.01,), daemon=True).start()
        yield receiver
        receiver.shutdown()
