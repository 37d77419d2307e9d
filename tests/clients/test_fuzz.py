"""Requests that schemathesis makes from our OpenAPI documents: whatever comes, no answer is a 5xx.

How many they are depends on no clock: a seed chooses operations and requests. FUZZ_SEED tries others.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.clients import operations
from tests.playground.processes import Playground, running

pytestmark = pytest.mark.slow

SETTINGS = str(Path(__file__).with_name("schemathesis.toml"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))


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


@pytest.fixture(scope="module")
def api_token(product: Playground) -> str:
    """A token of the installation that may do all, or hardly any operation would be reached."""
    issue = "ApiToken.issue(name='fuzz', scopes=' '.join(SCOPES))[1]"
    printed = product.manage("shell", "-v", "0", "-c", f"from playground.classroom.models import SCOPES, ApiToken; print({issue})")
    assert printed.returncode == 0, printed.stderr
    return printed.stdout.strip()


def fuzz(document: operations.Document, url: str, folder: Path, phase: str, *words: str) -> None:
    """So many requests of every operation of the document. Fails with schemathesis' own report when one is a server error."""
    path = folder / "document.json"
    path.write_text(json.dumps(document))
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", SETTINGS, "run", str(path)]
    command += ["--url", url, "--checks", "not_a_server_error", "--phases", phase, "--max-examples", "8"]
    command += ["--seed", str(SEED), "--generation-database", "none", "--suppress-health-check", "all"]
    command += ["--request-timeout", "30", "--no-color", "--warnings", "off"]
    done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=300, cwd=folder)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.parametrize(("phase", "each"), [("coverage", 4), ("fuzzing", 20)])
def test_rest_answers_no_server_error(product: Playground, api_token: str, tmp_path: Path, phase: str, each: int) -> None:
    header = f"Authorization: Bearer {api_token}"
    with product.client() as client:
        assert client.get("/api/v1/gradebook/", headers={"Authorization": f"Bearer {api_token}"}).status_code != 401
        document = yaml.safe_load(client.get("/api/schema/").text)
    # Archives nothing can make up; clusters that come and go belong to other tests, and each is work: not hundreds of times.
    spared = ["--exclude-method", "DELETE", "--exclude-path-regex", "/fork/$", "-H", header]
    fuzz(operations.sample([operations.without(document, "application/zip")], SEED, each), product.url, tmp_path, phase, *spared)


@pytest.mark.parametrize(("phase", "groups"), [("coverage", 4), ("fuzzing", 0)], ids=["coverage", "fuzzing"])
def test_the_kubernetes_api_answers_no_server_error(
    product: Playground, token: str, tmp_path: Path, phase: str, groups: int
) -> None:
    """An operation of every group and version, or of a few of them where each is asked in hundreds of ways."""
    url, header = f"{product.url}/k8s/demo", {"Authorization": f"Bearer {token}"}
    with httpx.Client(headers=header, timeout=20) as client:
        offered = sorted(client.get(f"{url}/openapi/v3").json()["paths"])
        chosen = random.Random(SEED).sample(offered, groups or len(offered))
        documents = [client.get(f"{url}/openapi/v3/{group}").json() for group in chosen]
    fuzz(operations.sample(documents, SEED, 1), url, tmp_path, phase, "-H", f"Authorization: Bearer {token}")


def test_a_sample_is_the_same_for_the_same_seed_and_another_one_for_another() -> None:
    items = {f"/{number}": {"parameters": [], "get": {"$ref": "#/components/schemas/A"}} for number in range(50)}
    document = {"paths": items, "components": {"schemas": {"A": {"$ref": "#/components/schemas/B"}, "B": {}, "C": {}}}}
    first, again, other = (operations.sample([document], seed, 3) for seed in (1, 1, 2))
    assert first == again and first["paths"].keys() != other["paths"].keys()
    assert (len(first["paths"]), sorted(first["components"]["schemas"])) == (3, ["A", "B"])


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
