"""agnhost and its like: what containers print of the files, users and kernel parameters around them."""

from __future__ import annotations

from typing import Any

from cluster_core.machinery.containers import Launch
from cluster_core.workloads import process

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"


def launch(image: str = AGNHOST, files: dict[str, str] | None = None, pod: dict[str, Any] | None = None, **container: Any) -> Launch:
    spec = {"containers": [], **(pod or {})}
    found = {"name": "c", "image": image, **container}
    return Launch({"metadata": {"name": "p", "uid": "u"}, "spec": spec}, found, 0, "node-1", {}, files or {}, 1_767_225_600_000_000)


def printed(**facts: Any) -> str:
    trace = process.observe(launch(**facts)).trace
    assert trace is not None
    return trace.text


def mounted(kind: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"volumes": [{"name": "v", kind: more or {}}]}


MOUNT = [{"name": "v", "mountPath": "/data"}]


def test_a_program_tells_its_arguments():
    assert printed(args=["entrypoint-tester", "a", "b"]) == "[/agnhost entrypoint-tester a b]\n"
    assert printed(command=["/agnhost-2", "entrypoint-tester", "c"]) == "[/agnhost-2 entrypoint-tester c]\n"


def test_an_empty_directory_is_for_everybody():
    text = printed(args=["mounttest", "--fs_type=/data", "--file_perm=/data"], pod=mounted("emptyDir", {"medium": "Memory"}), volumeMounts=MOUNT)
    assert text == 'mount type of "/data": tmpfs\nperms of file "/data": -rwxrwxrwx\n'


def test_a_new_file_has_the_mode_it_was_made_with():
    args = ["mounttest", "--new_file_0660=/data/f", "--file_perm=/data/f"]
    text = printed(args=args, pod=mounted("emptyDir"), volumeMounts=MOUNT)
    assert text == 'content of file "/data/f": mount-tester new file\n\nperms of file "/data/f": -rw-rw----\n'


def test_files_of_objects_have_the_mode_of_their_item_before_the_volumes():
    source = {"name": "cm", "defaultMode": 0o400, "items": [{"key": "a", "path": "sub/a", "mode": 0o640}, {"key": "b", "path": "b"}]}
    facts = {"pod": mounted("configMap", source), "volumeMounts": MOUNT, "files": {"/data/sub/a": "x", "/data/b": "y"}}
    assert "-rw-r-----" in printed(args=["mounttest", "--file_mode=/data/sub/a"], **facts)
    assert "-r--------" in printed(args=["mounttest", "--file_mode=/data/b"], **facts)


def test_an_fs_group_owns_what_is_mounted_and_what_is_made_there():
    pod = {**mounted("emptyDir"), "securityContext": {"fsGroup": 123, "runAsUser": 1001}}
    text = printed(args=["mounttest", "--new_file_0644=/data/f", "--file_owner=/data/f"], pod=pod, volumeMounts=MOUNT)
    assert 'owner UID of "/data/f": 1001\nowner GID of "/data/f": 123\n' in text


def test_an_fs_group_may_read_files_of_secrets():
    pod = {**mounted("secret", {"secretName": "s", "defaultMode": 0o400}), "securityContext": {"fsGroup": 123}}
    text = printed(args=["mounttest", "--file_mode=/data/a"], pod=pod, volumeMounts=MOUNT, files={"/data/a": "x"})
    assert text == 'mode of file "/data/a": -r--r-----\n'


def test_a_missing_file_is_looked_for_until_time_is_up():
    process_ = process.observe(launch(args=["mounttest", "--file_content_in_loop=/none", "--retry_time=5"]))
    assert process_.trace is not None
    assert process_.trace.text.count("Error reading file /none: open /none: no such file or directory, retrying\n") == 3
    assert (process_.trace.ends, process_.trace.exit_code) == (6.0, 1)


def test_lines_of_the_logs_generator_come_one_by_one():
    trace = process.observe(launch(args=["logs-generator", "--log-lines-total", "4", "--run-duration", "20s"])).trace
    assert trace is not None
    assert [seconds for seconds, _, _ in trace.output] == [0.0, 5.0, 10.0, 15.0]


def test_the_user_is_the_containers_before_the_pods_before_the_images():
    busybox = {"image": "busybox", "command": ["id", "-u"]}
    assert printed(**busybox) == "0\n"
    assert printed(**busybox, pod={"securityContext": {"runAsUser": 5}}) == "5\n"
    assert printed(**busybox, pod={"securityContext": {"runAsUser": 5}}, securityContext={"runAsUser": 6}) == "6\n"
    assert printed(image="registry.k8s.io/e2e-test-images/nonroot:1.4", command=["id", "-u"]) == "1234\n"


def test_groups_are_the_primary_one_and_the_pods():
    context = {"runAsUser": 1000, "runAsGroup": 7, "fsGroup": 8, "supplementalGroups": [9]}
    assert printed(image="busybox", command=["id"], pod={"securityContext": context}) == "uid=1000 gid=7 groups=7,9,8\n"


def test_a_setuid_program_gains_nothing_where_that_is_forbidden():
    image = "registry.k8s.io/e2e-test-images/nonewprivs:1.3"
    assert printed(image=image, securityContext={"runAsUser": 1000}) == "Effective uid: 0\n"
    assert printed(image=image, securityContext={"runAsUser": 1000, "allowPrivilegeEscalation": False}) == "Effective uid: 1000\n"


def test_kernel_parameters_are_those_of_the_security_context():
    context = {"securityContext": {"sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}]}}
    assert printed(image="busybox", command=["/bin/sysctl", "kernel.shm_rmid_forced"], pod=context) == "kernel.shm_rmid_forced = 1\n"
    assert printed(image="busybox", command=["sysctl", "kernel.shm_rmid_forced"]) == "kernel.shm_rmid_forced = 0\n"


def test_a_read_only_root_refuses_to_be_written_in_the_words_of_the_shell():
    facts = {"command": ["/bin/sh", "-c", "echo test > /file"], "securityContext": {"readOnlyRootFilesystem": True}}
    assert printed(image="busybox", **facts) == "/bin/sh: can't create /file: Read-only file system\n"
    assert printed(image="debian", **facts) == "/bin/sh: /file: Read-only file system\n"
