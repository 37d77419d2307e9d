"""Jobs run pods to completion and count each of them once."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.controllers import jobindexes
from cluster_core.controllers.jobpolicies import remaining
from cluster_core.machinery.typed import Obj
from tests.controllers.stage import Stage

FINALIZER = "batch.kubernetes.io/job-tracking"


def with_job(*, played: bool = True, restart: str = "Never", **spec: Any) -> Stage:
    stage = Stage(played=played)
    pod = {"containers": [{"name": "c", "image": "busybox"}], "restartPolicy": restart}
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "web"}, "spec": {"template": {"spec": pod}, **spec}}
    answer = stage.call("POST", "/apis/batch/v1/namespaces/default/jobs", body)
    assert answer.status == 201, answer.json()
    stage.pass_time(3)
    return stage


def ending(stage: Stage) -> list[str]:
    return [one["type"] for one in stage.status("Job").get("conditions", ()) if one["status"] == "True"]


def index_of(pod: Obj) -> str:
    return str(pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"])


def unfinished(stage: Stage) -> list[Obj]:
    return [pod for pod in stage.pods() if pod["status"]["phase"] in ("Pending", "Running")]


def test_as_many_pods_as_completions_run_no_more_than_parallelism_at_a_time() -> None:
    stage = with_job(completions=5, parallelism=2, played=False)
    most = 0
    while ending(stage) == []:
        running = unfinished(stage)
        most = max(most, len(running))
        stage.end_pod(running[0])
        stage.pass_time(1)
    assert (most, stage.status("Job")["succeeded"]) == (2, 5)
    assert ending(stage) == ["SuccessCriteriaMet", "Complete"]
    assert not any(FINALIZER in pod["metadata"].get("finalizers", ()) for pod in stage.pods())


def test_failed_pods_are_replaced_after_a_pause_that_doubles() -> None:
    stage = with_job(played=False)
    stage.end_pod(unfinished(stage)[0], 1)
    stage.pass_time(8)
    assert unfinished(stage) == []
    stage.pass_time(4)
    stage.end_pod(unfinished(stage)[0], 1)
    stage.pass_time(18)
    assert unfinished(stage) == []
    stage.pass_time(4)
    assert len(unfinished(stage)) == 1
    assert stage.status("Job")["failed"] == 2


def test_the_backoff_limit_ends_the_job() -> None:
    stage = with_job(played=False, backoffLimit=0)
    stage.end_pod(unfinished(stage)[0], 1)
    stage.pass_time(2)
    assert ending(stage) == ["FailureTarget", "Failed"]
    assert stage.messages("BackoffLimitExceeded") == ["Job has reached the specified backoff limit"]


def test_the_deadline_deletes_what_runs() -> None:
    stage = with_job(played=False, activeDeadlineSeconds=30)
    stage.run_pod(unfinished(stage)[0])
    stage.pass_time(40)
    assert unfinished(stage) == []
    assert stage.condition("Job", "FailureTarget")["reason"] == "DeadlineExceeded"


def test_indexed_pods_know_their_index() -> None:
    stage = with_job(played=False, completions=3, parallelism=3, completionMode="Indexed")
    pods = sorted(stage.pods(), key=index_of)
    assert [index_of(pod) for pod in pods] == ["0", "1", "2"]
    assert pods[1]["metadata"]["name"].startswith("web-1-")
    assert pods[1]["spec"]["hostname"] == "web-1"
    variables = pods[1]["spec"]["containers"][0]["env"]
    assert [one["name"] for one in variables] == ["JOB_COMPLETION_INDEX"]
    for pod in (pods[0], pods[2]):
        stage.end_pod(pod)
    stage.pass_time(2)
    assert stage.status("Job")["completedIndexes"] == "0,2"


def test_an_index_has_its_own_limit_of_failures() -> None:
    stage = with_job(
        played=False, completions=2, parallelism=2, completionMode="Indexed", backoffLimitPerIndex=1, backoffLimit=100
    )
    for _ in range(2):
        stage.end_pod(next(pod for pod in unfinished(stage) if index_of(pod) == "0"), 1)
        stage.pass_time(25)
    assert stage.status("Job")["failedIndexes"] == "0"
    stage.end_pod(next(pod for pod in unfinished(stage) if index_of(pod) == "1"))
    stage.pass_time(5)
    assert stage.condition("Job", "Failed")["reason"] == "FailedIndexes"
    assert stage.status("Job")["completedIndexes"] == "1"


def test_the_success_policy_ends_the_job_early() -> None:
    policy = {"rules": [{"succeededIndexes": "0", "succeededCount": 1}]}
    stage = with_job(played=False, completions=3, parallelism=3, completionMode="Indexed", successPolicy=policy)
    for pod in stage.pods():
        stage.run_pod(pod)
    stage.end_pod(next(pod for pod in stage.pods() if index_of(pod) == "0"))
    stage.pass_time(2)
    met = stage.condition("Job", "SuccessCriteriaMet")
    assert (met["reason"], met["message"]) == ("SuccessPolicy", "Matched rules at index 0")
    assert unfinished(stage) == []


def test_a_job_without_completions_ends_when_one_pod_succeeds_and_the_rest_are_done() -> None:
    stage = with_job(played=False, parallelism=2)
    assert len(unfinished(stage)) == 2
    stage.end_pod(unfinished(stage)[0])
    stage.pass_time(2)
    assert (len(unfinished(stage)), ending(stage)) == (1, [])
    stage.end_pod(unfinished(stage)[0])
    stage.pass_time(2)
    assert "Complete" in ending(stage)


def test_a_finished_job_is_deleted_when_its_time_to_live_is_over() -> None:
    stage = with_job(ttlSecondsAfterFinished=50)
    stage.pass_time(20)
    assert "Complete" in ending(stage)
    stage.pass_time(60)
    assert stage.names("Job") == []
    assert stage.pods() == []


def test_a_pod_of_a_job_that_is_gone_is_let_go() -> None:
    stage = with_job(played=False)
    stage.api.delete("Job", "default", "web", propagation="Orphan")
    stage.pass_time(5)
    assert all(FINALIZER not in pod["metadata"].get("finalizers", ()) for pod in stage.api.list("Pod", "default"))


# ------------------------------------------------------------------------------------------------ parts


@pytest.mark.parametrize(
    ("text", "indexes"), [("", set()), ("0,2,5-9", {0, 2, 5, 6, 7, 8, 9}), ("1-3,x,8-20", {1, 2, 3, 8, 9})]
)
def test_index_text_is_read(text: str, indexes: set[int]) -> None:
    assert jobindexes.parse(text, 10) == indexes


@pytest.mark.parametrize(("indexes", "text"), [(set(), ""), ({3}, "3"), ({3, 4}, "3,4"), ({3, 4, 5, 9}, "3-5,9")])
def test_index_text_is_written(indexes: set[int], text: str) -> None:
    assert jobindexes.text_of(indexes) == text


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (1, 10), (2, 20), (3, 40), (7, 600), (40, 600)])
def test_the_pause_doubles_up_to_ten_minutes(failures: int, seconds: int) -> None:
    assert remaining(failures, 1_000_000, 1_000_000) == seconds
