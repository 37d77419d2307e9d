"""kube-webhook-certgen, which charts and manifests run as jobs around the webhooks they bring: `create` makes a secret with
an authority, a certificate and its key, `patch` writes the authority into webhook configurations.

It does so over the network, as its pod's service account, and is refused what that may not do. Models the program of
ingress-nginx, images/kube-webhook-certgen.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from cluster_core.machinery.pki import Authority, key_from, private_pem
from cluster_core.machinery.timestamps import timestamp
from cluster_core.machinery.typed import Obj
from cluster_core.network.network import Network
from cluster_core.network.tools import Options, Ran
from cluster_core.network.trace import ANSWERED, Call, Source

NAME = "kube-webhook-certgen"
_VALUED = ("host", "namespace", "secret-name", "cert-name", "key-name", "webhook-name", "patch-validating", "patch-mutating",
           "patch-failure-policy", "log-format", "log-level", "kubeconfig", "secret-type", "apiservice-name")  # fmt: skip
_KINDS = {"validating": "validatingwebhookconfigurations", "mutating": "mutatingwebhookconfigurations"}
_HOOKS = "/apis/admissionregistration.k8s.io/v1/"


class Account(NamedTuple):
    """As whom and where it runs."""

    source: Source
    token: str
    server: str
    """host:port of the API server."""


class _Trouble(Exception):
    """str() is what it says before it ends."""


class _Certgen:
    """One run."""

    def __init__(self, network: Network, account: Account, options: Options) -> None:
        self.network, self.account, self.options = network, account, options
        self.said: list[str] = []
        self.seconds = 0.0

    def say(self, text: str, level: str = "info") -> None:
        told = {"level": level, "msg": text, "time": timestamp(self.network.world.clock.now)}
        self.said.append(orjson.dumps(told).decode())

    def call(self, method: str, path: str, body: Obj | None = None) -> tuple[int, Any]:
        """(status, object) of the API server's answer. Raises _Trouble when there is none."""
        headers = {"Authorization": f"Bearer {self.account.token}", "Content-Type": "application/json"}
        call = Call(method, headers=headers, body=orjson.dumps(body).decode() if body is not None else "")
        trace = self.network.request(self.account.source, f"https://{self.account.server}{path}", call)
        self.seconds += trace.seconds
        if trace.outcome != ANSWERED:
            raise _Trouble(f'error from server: Get "https://{self.account.server}{path}": {trace.why}')
        return trace.response.status, orjson.loads(trace.response.body)

    @property
    def _secrets(self) -> str:
        return f"/api/v1/namespaces/{self.options.value('namespace')}/secrets"

    def create(self) -> None:
        name = self.options.value("secret-name")
        status, found = self.call("GET", f"{self._secrets}/{name}")
        if status == 200:
            self.say("secret already exists")
            return
        if status != 404:
            raise _Trouble(f"error getting secret: {found.get('message')}")
        self.say("creating new secret")
        body = {"metadata": {"name": name}, "type": self.options.value("secret-type", "Opaque"), "data": self._pair()}
        status, found = self.call("POST", self._secrets, body)
        if status >= 300:
            raise _Trouble(f"error creating secret: {found.get('message')}")

    def _pair(self) -> dict[str, str]:
        """The secret's data."""
        seed, now, hosts = self.network.world.seed, self.network.world.clock.now, self.options.value("host").split(",")
        place = f"{self.options.value('namespace')}/{self.options.value('secret-name')}"
        authority, key = Authority(seed, f"webhooks of {place}"), key_from(seed, NAME, place, self.network.world.clock.since_start)
        made = {
            "ca": authority.pem,
            self.options.value("cert-name", "cert"): authority.issue_server(hosts, key, now),
            self.options.value("key-name", "key"): private_pem(key),
        }
        return {name: b64encode(text.encode()).decode() for name, text in made.items()}

    def patch(self) -> None:
        namespace, name = self.options.value("namespace"), self.options.value("secret-name")
        status, found = self.call("GET", f"{self._secrets}/{name}")
        if status == 404:
            raise _Trouble(f"no secret with '{name}' in '{namespace}'")
        if status != 200:
            raise _Trouble(f"error getting secret: {found.get('message')}")
        wanted = [kind for kind in _KINDS if self.options.value(f"patch-{kind}", "true") != "false"]
        shown = ", ".join(f"{kind}={str(kind in wanted).lower()}" for kind in reversed(_KINDS))
        self.say(f"patching webhook configurations '{self.options.value('webhook-name')}' {shown}")
        for kind in wanted:
            self._patch(_KINDS[kind], found["data"]["ca"])
        self.say("Patched hook(s)")

    def _patch(self, plural: str, authority: str) -> None:
        path = f"{_HOOKS}{plural}/{self.options.value('webhook-name')}"
        status, found = self.call("GET", path)
        policy = self.options.value("patch-failure-policy")
        for hook in found.get("webhooks", ()) if status == 200 else ():
            hook["clientConfig"]["caBundle"] = authority
            if policy:
                hook["failurePolicy"] = policy
        if status == 200:
            status, found = self.call("PUT", path, found)
        if status >= 300:
            raise _Trouble(f"failed patching webhook configuration: {found.get('message')}")


def run(argv: list[str], network: Network, account: Account) -> Ran:
    """`kube-webhook-certgen create|patch ...`"""
    options = Options(argv, {f"--{name}": name for name in _VALUED}, {})
    one = _Certgen(network, account, options)
    work: Mapping[str, Callable[[], None]] = {"create": one.create, "patch": one.patch}
    verb = options.rest[0] if options.rest else ""
    if verb not in work:
        return Ran("", f'Error: unknown command "{verb}" for "{NAME}"\n', 1)
    if options.unknown:
        return Ran("", f"Error: unknown flag: {options.unknown[0]}\n", 1)
    code = 0
    try:
        work[verb]()
    except _Trouble as error:
        one.say(str(error), "fatal")
        code = 1
    return Ran("", "".join(f"{line}\n" for line in one.said), code, one.seconds)


