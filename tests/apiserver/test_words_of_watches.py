"""Watches, bookmarks, names in paths and options of deletions as a real server has them. Asked side by side."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import yaml

from cluster_core.apiserver import decode, schema, table
from cluster_core.apiserver.request import ADMIN, ApiRequest, ApiResponse
from cluster_core.apiserver.watch import Watch
from tests.builders import Engine

MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
INITIAL = (("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan"), ("allowWatchBookmarks", "true"))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(nodes=0, bare=True)


def opened(engine: Engine, accept: str, *query: tuple[str, str], path: str = MAPS) -> Watch | ApiResponse:
    return engine.cluster.watch(ApiRequest("GET", path, (("watch", "1"), *query), {"accept": accept}, user=ADMIN))


def frames(engine: Engine, watch: Watch | ApiResponse) -> list[Any]:
    assert isinstance(watch, Watch), watch
    return [orjson.loads(frame) for frame in watch.read(engine.cluster.revision)]


def test_a_bookmark_in_a_table_is_a_row_of_nothing(engine: Engine) -> None:
    (last,) = [each for each in frames(engine, opened(engine, TABLE, *INITIAL)) if each["type"] == "BOOKMARK"]
    (row,) = last["object"]["rows"]
    assert row["cells"] == ["", 0, "<unknown>"]


def test_a_bookmark_is_an_object_of_nothing_as_go_writes_it(engine: Engine) -> None:
    path = MAPS.replace("configmaps", "pods")
    (only,) = frames(engine, opened(engine, "application/json", *INITIAL, path=path))
    assert (only["object"]["spec"], only["object"]["status"]) == ({"containers": None}, {})
    assert "creationTimestamp" not in only["object"]["metadata"]


def test_every_kind_has_a_row_of_nothing(engine: Engine) -> None:
    for kind in engine.cluster.server.kinds:
        for served in kind.all_served():
            blank = decode.normalize(schema.type_of(served.group, served.version, kind.name), {})
            assert table.row(table.columns_of(kind, served), {"kind": kind.name, **blank}, engine.cluster.now, "")["cells"]


def test_events_are_not_sent_in_yaml(engine: Engine) -> None:
    refused = opened(engine, "application/yaml")
    assert isinstance(refused, ApiResponse)
    streams = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
    assert (refused.status, yaml.safe_load(refused.body)["message"]) == (406, f"only the following media types are accepted: {streams}")
    assert isinstance(opened(engine, "application/yaml, application/json"), Watch)


def test_a_watch_waits_for_a_version_of_the_future(engine: Engine) -> None:
    watch = opened(engine, "application/json", ("resourceVersion", str(engine.cluster.revision + 1)))
    for name in ("early", "late"):
        engine.call("POST", MAPS, {"metadata": {"name": name}})
    assert [each["object"]["metadata"]["name"] for each in frames(engine, watch)] == ["late"]


# ------------------------------------------------------------------------------------------------ paths


@pytest.mark.parametrize(("name", "why"), [(".", "may not be '.'"), ("..", "may not be '..'"), ("a%25", "may not contain '%'")])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_name_that_is_none_is_refused_before_anything_is_looked_for(engine: Engine, method: str, name: str, why: str) -> None:
    answer = engine.call(method, f"{MAPS}/{name}")
    assert (answer.status, answer.json()["message"].endswith(f": {why}")) == (400, True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/apis", 200), ("POST", "/api", 405), ("POST", "/apis/apps/v9", 404), ("DELETE", "/apis/none/v1", 404), ("GET", "/apis//v1/pods", 404)],
)
def test_which_paths_look_at_the_method(engine: Engine, method: str, path: str, status: int) -> None:
    assert engine.call(method, path).status == status


@pytest.mark.parametrize(("plural", "label", "status"), [("persistentvolumeclaims", "name", 400), ("pods", "status.podIPs", 200)])
def test_what_claims_and_pods_may_be_selected_by(engine: Engine, plural: str, label: str, status: int) -> None:
    path = MAPS.replace("configmaps", plural)
    assert engine.call("GET", path, query=(("fieldSelector", f"{label}=x"),)).status == status


def test_a_generated_name_of_a_namespace_is_labelled_when_it_is_known(engine: Engine) -> None:
    made = engine.call("POST", "/api/v1/namespaces", {"metadata": {"generateName": "n-"}}).json()["metadata"]
    assert made["labels"] == {"kubernetes.io/metadata.name": made["name"]}
    told = engine.call("POST", "/api/v1/namespaces", {"metadata": {"generateName": "N-"}}).json()
    assert "metadata.labels" not in {cause["field"] for cause in told["details"]["causes"]}


# ------------------------------------------------------------------------------------------------ options of a deletion


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"kind": "Pod"}, 'no kind "Pod" is registered for version "meta.k8s.io/v1" in scheme'),
        ({"kind": "Status", "apiVersion": "v1"}, "converting (v1.Status) to (v1.DeleteOptions): unknown conversion"),
        ({"kind": 5}, "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind"),
        ([], "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct"),
        (b"\xff", "couldn't get version/kind; json parse error: invalid character 'ÿ' looking for beginning of value"),
    ],
)
def test_options_of_another_kind_are_no_options(engine: Engine, body: Any, told: str) -> None:
    answer = engine.call("DELETE", f"{MAPS}/any", body)
    assert (answer.status, answer.json()["message"].startswith(told)) == (400, True), answer.body


@pytest.mark.parametrize("name", ["uid", "resourceVersion"])
def test_preconditions_may_stand_in_the_query(engine: Engine, name: str) -> None:
    assert engine.call("DELETE", "/api/v1/namespaces/default", query=((name, "x"),)).status == 409
