"""Requests that schemathesis makes from our OpenAPI documents: whatever comes, no answer is a 5xx."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.playground.processes import Playground, running

pytestmark = pytest.mark.slow

SETTINGS = str(Path(__file__).with_name("schemathesis.toml"))
METHODS = {"get", "put", "post", "patch", "delete", "head", "options"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """A product of its own: whatever it is sent, nobody else's cluster changes."""
    with running(tmp_path_factory.mktemp("fuzz")) as playground:
        yield playground


@pytest.fixture(scope="module")
def token(product: Playground) -> str:
    printed = product.manage("kubeconfig", "demo", "--https")
    assert printed.returncode == 0, printed.stderr
    return str(yaml.safe_load(printed.stdout)["users"][0]["user"]["token"])


def without_uploads(document: dict[str, object]) -> dict[str, object]:
    """The document without the operations that take archives, which nothing can make up."""
    text = "application/zip"
    paths = {
        path: {name: operation for name, operation in item.items() if name not in METHODS or text not in str(operation)}
        for path, item in document["paths"].items()  # type: ignore[attr-defined]
    }
    return {**document, "paths": paths}


def fuzz(document: dict[str, object], url: str, seconds: int, *words: str) -> None:
    """Fails with schemathesis' own report when an answer is a server error."""
    path = Path(words[-1])
    path.write_text(json.dumps(document))
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", SETTINGS, "run", str(path)]
    command += ["--url", url, "--checks", "not_a_server_error", "--phases", "coverage,fuzzing", "--max-time", str(seconds)]
    command += ["--seed", "1", "--suppress-health-check", "all", "--request-timeout", "30", "--no-color", "--warnings", "off"]
    done = subprocess.run([*command, *words[:-1]], capture_output=True, text=True, timeout=seconds + 90, cwd=path.parent)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_rest_answers_no_server_error(product: Playground, tmp_path: Path) -> None:
    with product.client() as client:
        document = yaml.safe_load(client.get("/api/schema/").text)
    # Clusters that come and go belong to other tests, and each is work: not hundreds of times.
    spared = ["--exclude-method", "DELETE", "--exclude-path-regex", "/fork/$"]
    fuzz(without_uploads(document), product.url, 12, *spared, str(tmp_path / "rest.json"))


@pytest.mark.parametrize("group", ["policy/v1", "networking.k8s.io/v1", "batch/v1"])
def test_the_kubernetes_api_answers_no_server_error(
    product: Playground, token: str, tmp_path: Path, group: str
) -> None:
    url, header = f"{product.url}/k8s/demo", {"Authorization": f"Bearer {token}"}
    document = httpx.get(f"{url}/openapi/v3/apis/{group}", headers=header, timeout=20).json()
    known = [f"Authorization: Bearer {token}"]
    fuzz(document, url, 8, "-H", *known, str(tmp_path / "group.json"))


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"[" * 100_000, "application/json"),
        (b'{"a":' * 50_000, "application/json"),
        (b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"\xff\xfe"}}', "application/json"),
        (b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generation":' + b"9" * 5000 + b"}}", "application/json"),
        (b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":1e400}}', "application/json"),
        (b"k8s\x00" + b"\xff" * 1000, "application/vnd.kubernetes.protobuf"),
        (b"\xd9\xd9\xf7\xbf" + b"\x9f" * 5000, "application/cbor"),
        (b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9))
                                                        for c in range(ord("b"), ord("k"))), "application/yaml"),
        (b"{}", "text/plain"),
        (b"", "application/json"),
    ],
    ids=["brackets", "deep", "utf8", "huge", "infinite", "protobuf", "cbor", "aliases", "media", "empty"],
)  # fmt: skip
def test_bodies_that_mean_harm_are_refused_at_once(product: Playground, token: str, body: bytes, media: str) -> None:
    url = f"{product.url}/k8s/demo/api/v1/namespaces/default/configmaps"
    header = {"Authorization": f"Bearer {token}", "Content-Type": media}
    answer = httpx.post(url, content=body, headers=header, timeout=20)
    assert 400 <= answer.status_code < 500, answer.text[:300]
    assert answer.elapsed.total_seconds() < 5
