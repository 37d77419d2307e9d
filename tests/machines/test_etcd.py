"""etcdctl on a machine, and etcd's data directory as files: saved, lost, restored, backed up the old way."""

from __future__ import annotations

import base64
import json

import pytest

from cluster_core.simulation.cluster import Cluster
from tests.machines.setups import FLAVOURS, MASTER, SetUp

V2 = {"ETCDCTL_API": "2"}
BACKUP = "/root/backup.db"


@pytest.fixture(params=FLAVOURS)
def up(request: pytest.FixtureRequest) -> SetUp:
    return SetUp(request.param)


def objects(up: SetUp) -> dict[str, bytes]:
    """Everything in etcd but what changes by itself."""
    found = up.cluster.store.range("/registry/", "/registry0")
    return {each.key: each.value for each in found if "/events/" not in each.key and "/leases/" not in each.key and "/minions/" not in each.key}


def point_etcd_at(up: SetUp, directory: str) -> None:
    if up.flavour == "kubeadm":
        up.replace(MASTER, up.path_of("etcd"), "path: /var/lib/etcd\n", f"path: {directory}\n")
    else:
        up.option("etcd", f"--data-dir={directory}")


def test_everything_is_lost_and_the_cluster_is_as_it_was(up: SetUp) -> None:
    up.pod("web")
    before = objects(up)
    assert "Snapshot saved" in up.run(f"etcdctl snapshot save {BACKUP}")
    up.run("etcdctl del /registry --prefix")
    assert not objects(up)
    up.run(f"etcdutl snapshot restore {BACKUP} --data-dir /var/lib/restored")
    assert not objects(up), "only an etcd that is started on it goes on from there"
    point_etcd_at(up, "/var/lib/restored")
    assert {key.rpartition("/")[0] for key in objects(up)} >= {key.rpartition("/")[0] for key in before}
    assert objects(up).keys() == before.keys()
    up.cluster.advance(60)
    assert up.find("Pod", "web")["status"]["phase"] == "Running" and up.ready() == "True"


def test_a_snapshot_says_what_is_in_it_and_a_broken_one_is_refused(up: SetUp) -> None:
    up.run(f"etcdctl snapshot save {BACKUP}")
    told = up.run(f"etcdctl snapshot status {BACKUP} -w table")
    assert "TOTAL KEYS" in told and f" {len(up.cluster.store)} " in told
    text = up.files()[BACKUP]
    up.write(MASTER, {"/root/broken.db": text[: len(text) // 2], "/root/notes.txt": "hello"})
    assert "Error" in up.run("etcdctl snapshot status /root/broken.db")
    assert "Error" in up.run("etcdutl snapshot restore /root/notes.txt --data-dir /x")
    assert "not empty" in up.run(f"etcdutl snapshot restore {BACKUP} --data-dir /var/lib/etcd")


def test_the_old_backup_copies_a_directory_that_etcd_can_be_started_on(up: SetUp) -> None:
    up.api.create("Namespace", {"metadata": {"name": "mine"}})
    up.run("etcdctl backup --data-dir /var/lib/etcd --backup-dir /var/lib/copy", env=V2)
    up.run("etcdctl rm /registry/namespaces/mine", env=V2)
    assert up.api.get("Namespace", "", "mine") is None
    point_etcd_at(up, "/var/lib/copy")
    assert up.api.get("Namespace", "", "mine") is not None


def test_a_stopped_etcds_data_are_files_that_survive_the_clusters_being_put_away(up: SetUp) -> None:
    up.api.create("Namespace", {"metadata": {"name": "mine"}})
    up.cluster.command("stop-component", {"component": "etcd"})
    loaded = Cluster.load(up.cluster.save())
    loaded.command("start-component", {"component": "etcd"})
    assert loaded.world.client("tester").get("Namespace", "", "mine") is not None


def test_a_directory_removed_under_a_stopped_etcd_is_an_empty_cluster(up: SetUp) -> None:
    up.api.create("Namespace", {"metadata": {"name": "mine"}})
    up.cluster.command("stop-component", {"component": "etcd"})
    up.write(MASTER, {path: None for path in up.files() if path.startswith("/var/lib/etcd/")})
    up.cluster.command("start-component", {"component": "etcd"})
    assert up.api.get("Namespace", "", "mine") is None and up.api.get("Namespace", "", "default")


def test_etcd_is_reached_with_its_papers_only(up: SetUp) -> None:
    assert "is healthy" in up.run("etcdctl endpoint health")
    plain = {"ETCDCTL_API": "3"}
    assert "deadline exceeded" in up.run("etcdctl endpoint health", env=plain)
    assert "deadline exceeded" in up.run("etcdctl --cacert=/etc/kubernetes/pki/ca.crt endpoint health")
    assert "no such file" in up.run("etcdctl --cert=/etc/nowhere.crt endpoint health")
    assert "deadline exceeded" in up.run("etcdctl --endpoints=https://127.0.0.1:2399 endpoint health")
    up.cluster.command("stop-component", {"component": "etcd"})
    assert "connection refused" in up.run("etcdctl endpoint health")


def test_keys_transactions_and_leases(up: SetUp) -> None:
    assert up.run("etcdctl put /a 1") == "OK\n"
    assert up.run("etcdctl put /b 2") == "OK\n"
    assert up.run("etcdctl get / --prefix --keys-only --limit=1") == "/a\n\n"
    assert up.run("etcdctl get /a --print-value-only") == "1\n"
    told = up.run("etcdctl txn", stdin='value("/a") = "1"\n\nput /a 10\n\nget /a\n')
    assert told.startswith("SUCCESS") and up.run("etcdctl get /a --print-value-only") == "10\n"
    assert up.run("etcdctl txn", stdin='value("/a") = "1"\n\nput /a 11\n\nget /a\n').startswith("FAILURE")
    lease = up.run("etcdctl lease grant 5").split()[1]
    up.run(f"etcdctl put /c 3 --lease={lease}")
    up.cluster.advance(10)
    assert up.run("etcdctl get /c") == ""
    revision = up.cluster.revision
    assert f"compacted revision {revision}" in up.run(f"etcdctl compaction {revision}")
    assert up.run("etcdctl del /a /c") == "2\n"


def test_the_tree_of_the_older_interface(up: SetUp) -> None:
    def v2(line: str) -> str:
        return up.run(f"etcdctl {line}", env=V2)

    assert v2("set /exam/answer 42") == "42\n"
    assert v2("get /exam/answer") == "42\n" and "is a directory" in v2("get /exam")
    assert "Key already exists" in v2("mk /exam/answer 1")
    v2("mkdir /empty")
    assert v2("ls /").splitlines() == ["/empty", "/exam", "/registry"]
    assert v2("ls --recursive /exam") == "/exam/answer\n"
    assert v2("rm /exam/answer") == "PrevNode.Value: 42\n" and "Key not found" in v2("get /exam/answer")
    assert v2("rmdir /empty") == "" and "cluster is healthy" in v2("cluster-health")


def test_what_is_written_behind_the_api_servers_back_is_seen_by_it(up: SetUp) -> None:
    up.api.create("ConfigMap", {"metadata": {"name": "a", "namespace": "default"}})
    up.run("etcdctl del /registry/configmaps/default/a")
    assert up.api.get("ConfigMap", "default", "a") is None


# ---------------------------------------------------------------------------------------------------- forms and misuse


@pytest.fixture(scope="module")
def keys() -> SetUp:
    up = SetUp()
    for name in "abc":
        up.run(f"etcdctl put /exam/{name} {name.upper()}")
    return up


def test_keys_are_shown_in_json(keys: SetUp) -> None:
    found = json.loads(keys.run("etcdctl get /exam/a -w json"))
    assert base64.b64decode(found["kvs"][0]["value"]) == b"A" and found["count"] == 1 and found["header"]["raft_term"] == 2
    assert "kvs" not in json.loads(keys.run("etcdctl get /nothing -w json"))
    assert json.loads(keys.run("etcdctl put /exam/z 1 -w json"))["header"]["revision"] == keys.cluster.revision
    assert json.loads(keys.run("etcdctl del /exam/z --prev-kv -w json"))["deleted"] == 1


def test_keys_are_shown_in_fields(keys: SetUp) -> None:
    assert '"Key" : "/exam/b"' in keys.run("etcdctl get /exam/b -w fields")
    assert keys.run("etcdctl get /exam --prefix --count-only -w fields").endswith('"Count" : 3\n')


def test_keys_are_sorted_and_bounded(keys: SetUp) -> None:
    assert keys.run("etcdctl get /exam/ --prefix --order=DESCEND --print-value-only") == "C\nB\nA\n"
    assert keys.run("etcdctl get /exam/a /exam/c --print-value-only") == "A\nB\n"
    assert keys.run("etcdctl get /exam/b --from-key --limit=1 --print-value-only") == "B\n"
    assert keys.run("etcdctl get /exam/ --prefix --sort-by=MODIFY --order=DESCEND --limit=1 --keys-only") == "/exam/c\n\n"
    assert keys.run("etcdctl get /exam/a --hex").splitlines()[1] == "\\x41"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("get", "get command needs one argument as key"),
        ("get /a --prefix --from-key", "choose one"),
        ("get /a --order=UP", "bad sort order UP"),
        ("get /a --sort-by=SIZE", "bad sort target SIZE"),
        ("get /a --count-only", "--count-only is only for"),
        ("get /a --limit=many", "invalid argument"),
        ("get /a -w yaml", "unsupported output format"),
        ("put /a", "put command needs 1 argument and input from stdin"),
        ("put /a 1 --lease=beef", "requested lease not found"),
        ("put /a 1 --ignore-value", "key not found"),
        ("del", "del command needs one argument"),
        ("lease grant long", "bad TTL"),
        ("lease revoke xyz", "bad lease ID"),
        ("lease borrow 1", "unknown command"),
        ("compaction", "compaction command needs 1 argument"),
        ("compaction 99999999", "required revision is a future revision"),
        ("snapshot status", "requires exactly one argument"),
        ("snapshot save", "expects one argument"),
        ("dance", 'unknown command "dance"'),
    ],
)
def test_wrong_words_are_answered_as_etcdctl_does(keys: SetUp, line: str, said: str) -> None:
    answer = keys.cluster.command("machine-run", {"node": MASTER, "argv": ["etcdctl", *line.split()]})
    assert answer["code"] and said in answer["err"]


def test_leases_tell_their_keys(keys: SetUp) -> None:
    lease = keys.run("etcdctl lease grant 60").split()[1]
    keys.run(f"etcdctl put /held 1 --lease={lease}")
    assert "attached keys([/held])" in keys.run(f"etcdctl lease timetolive {lease} --keys")
    assert lease in keys.run("etcdctl lease list")
    assert keys.run(f"etcdctl lease revoke {lease}") == f"lease {lease} revoked\n" and keys.run("etcdctl get /held") == ""
    assert "already expired" in keys.run(f"etcdctl lease timetolive {lease}")


def test_members_and_endpoints_have_the_real_columns(keys: SetUp) -> None:
    status = keys.run("etcdctl endpoint status -w table")
    assert "| STORAGE VERSION |" in status and "| 3.6.8 " in status and "RAFT APPLIED INDEX" in status
    assert json.loads(keys.run("etcdctl endpoint status -w json"))[0]["Status"]["version"] == "3.6.8"
    assert json.loads(keys.run("etcdctl member list -w json"))["members"][0]["name"] == "control-plane"
    assert json.loads(keys.run("etcdctl endpoint health -w json"))[0]["health"] is True
    two = keys.run("etcdctl --endpoints=https://127.0.0.1:2379,https://127.0.0.1:9999 endpoint health")
    assert "2379 is healthy" in two and "9999 is unhealthy" in two and "unhealthy cluster" in two
    assert keys.run("etcdutl version") == "etcdutl version: 3.6.8\nAPI version: 3.6\n"
    assert 'unknown command' in keys.run("etcdutl get /a")
