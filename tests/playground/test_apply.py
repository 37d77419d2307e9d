"""Apply: documents with their lines, and the three-way patch that leaves alone what others set."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_core.apiserver import schema
from cluster_core.machinery.strategic import strategic_merge_patch
from playground.api.apply import annotated, apply
from playground.api.documents import split
from playground.api.threeway import three_way_patch
from playground.engine.port import NoSuchCluster
from playground.worker.host import Host

from .builders import get

DEPLOYMENT = schema.type_of("apps", "v1", "Deployment")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("---\n---\n", []),
        ("# only a comment\n", []),
        ("a: 1", [1]),
        ("\n\na: 1\n---\n# c\n\nb: 2\n", [3, 7]),
        ("--- # first\na: 1\n--- \nb: 2", [2, 4]),
        ('{"a": 1}\n---\n{"b": 2}', [1, 3]),
        ("a: |\n  ---x\n  text\n---\nb: 1", [1, 5]),
        ("kind: List\nitems:\n- a: 1\n- b: 2\n", [1, 1]),
        ("a: 1\r\n---\r\nb: 2\r\n", [1, 3]),
    ],
)
def test_documents_know_their_lines(text: str, lines: list[int]) -> None:
    assert [document.line for document in split(text)] == lines
    assert not [document for document in split(text) if document.problem]


def test_a_broken_document_is_told_by_line_and_does_not_hide_the_others() -> None:
    documents = split("a: 1\n---\nb: 1\nc: [1\n---\nd: 1\n")
    assert [(document.line, bool(document.problem)) for document in documents][0::2] == [(1, False), (6, False)]
    assert documents[1].problem.startswith("yaml:")
    assert 3 <= documents[1].line <= 5


@given(st.text(max_size=200))
def test_any_text_is_split_without_failing(text: str) -> None:
    for document in split(text):
        assert document.line >= 1
        assert (document.obj is None) == bool(document.problem)


def deployment(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": list(containers)}}} | spec,
    }


def test_nothing_to_do_is_an_empty_patch() -> None:
    wanted = deployment({"name": "a", "image": "x"}, replicas=1)
    live = deployment({"name": "a", "image": "x", "imagePullPolicy": "Always"}, replicas=1, paused=False)
    assert three_way_patch(wanted, wanted, live, DEPLOYMENT) == {}


def test_what_others_added_stays_and_what_we_took_away_goes() -> None:
    before = deployment({"name": "a", "image": "x"}, {"name": "b", "image": "y"}, replicas=3)
    live = deployment(
        {"name": "a", "image": "x"}, {"name": "b", "image": "y"}, {"name": "injected", "image": "z"}, replicas=3
    )
    wanted = deployment({"name": "a", "image": "new"})
    merged = strategic_merge_patch(DEPLOYMENT, live, three_way_patch(before, wanted, live, DEPLOYMENT))
    containers = {
        container["name"]: container["image"] for container in merged["spec"]["template"]["spec"]["containers"]
    }
    assert containers == {"a": "new", "injected": "z"}
    assert "replicas" not in merged["spec"]


names = st.sampled_from("abcd")
containers = st.dictionaries(names, st.fixed_dictionaries({"image": names}, optional={"workingDir": names}), max_size=3)
objects = st.builds(
    lambda chosen, extra: deployment(*({"name": name, **rest} for name, rest in chosen.items()), **extra),
    containers,
    st.dictionaries(st.sampled_from(["replicas", "minReadySeconds"]), st.integers(1, 3), max_size=2),
)


@given(before=objects, wanted=objects)
def test_applied_over_what_was_applied_last_it_gives_what_is_wanted(
    before: dict[str, Any], wanted: dict[str, Any]
) -> None:
    patch = three_way_patch(before, wanted, before, DEPLOYMENT)
    merged = strategic_merge_patch(DEPLOYMENT, before, patch)
    by_name = [sorted(obj["spec"]["template"]["spec"].get("containers") or [], key=str) for obj in (merged, wanted)]
    assert by_name[0] == by_name[1]
    plain = [{key: value for key, value in obj["spec"].items() if key != "template"} for obj in (merged, wanted)]
    assert plain[0] == plain[1]
    assert three_way_patch(wanted, wanted, merged, DEPLOYMENT) == {}


def test_the_annotation_is_what_kubectl_writes() -> None:
    obj = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "default"},
        "data": {"k": "<&>"},
    }
    annotation = annotated(obj)["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    expected = '{"apiVersion":"v1","data":{"k":"\\u003c\\u0026\\u003e"},"kind":"ConfigMap",'
    assert annotation == expected + '"metadata":{"annotations":{},"name":"a","namespace":"default"}}\n'


async def test_objects_are_created_configured_left_alone_and_refused(host: Host) -> None:
    await host.command("demo", "create", {"nodes": 0, "seed": 1})
    text = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {k: v}\n"

    async def statuses(text: str) -> list[str]:
        return [result["status"] for result in await apply(engine=host, cluster="demo", text=text)]

    assert await statuses(text) == ["created"]
    assert await statuses(text) == ["unchanged"]
    assert await statuses(text.replace("k: v", "k: w, l: x")) == ["configured"]
    assert await statuses(text.replace("k: v", "k: w")) == ["configured"]
    found = await host.request("demo", get("/api/v1/namespaces/default/configmaps/a"))
    assert found.json()["data"] == {"k": "w"}
    odd = ["kind: 1", "apiVersion: v1\nkind: Pod\nmetadata: {name: [x]}", "apiVersion: v1\nkind: Pod\nmetadata: 3"]
    odd += ["apiVersion: a/b/c\nkind: Pod\nmetadata: {name: x}", "apiVersion: v1\nkind: Pod\nmetadata: {name: ../x}"]
    odd += ["apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: nowhere}\nspec: {containers: []}"]
    assert await statuses("\n---\n".join(odd)) == ["error"] * len(odd)


async def test_an_unknown_cluster_is_one_refusal(host: Host) -> None:
    with pytest.raises(NoSuchCluster):
        await apply(engine=host, cluster="nowhere", text="a: 1")
