"""Request bodies: what is kept, what is dropped, what is refused and in which words."""

import json

import orjson
import pytest

from cluster_core.apiserver import decode, decode_yaml, schema
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Type

POD = ("", "v1", "Pod")
CONFIG_MAP = ("", "v1", "ConfigMap")
SECRET = ("", "v1", "Secret")
JSON = "application/json"


def read(body, gvk=POD, strict="Strict", content_type=JSON):
    text = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return decode.decode(text, content_type, schema.type_of(*gvk), gvk=gvk, strict=strict)


def refusal(body, gvk=POD, strict="Strict", content_type=JSON):
    with pytest.raises(ApiError) as caught:
        read(body, gvk, strict, content_type)
    assert (caught.value.code, caught.value.reason) == (400, "BadRequest")
    return caught.value.message


def pod(**spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}


def test_kind_and_version_are_filled_in():
    obj = read({"metadata": {"name": "a"}}, CONFIG_MAP).obj
    assert obj == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}


def test_zeros_and_nulls_go_and_structs_stay():
    obj = read(pod(hostNetwork=False, nodeName="", tolerations=None, containers=[{"name": "c", "ports": []}])).obj
    assert obj["spec"] == {"containers": [{"name": "c", "resources": {}}]}
    assert obj["status"] == {}


def test_members_without_omitempty_are_null_when_absent_and_empty_when_sent_empty():
    assert read(pod()).obj["spec"] == {"containers": None}
    assert read(pod(containers=[])).obj["spec"] == {"containers": []}


def test_a_pointer_to_zero_stays():
    assert read(pod(terminationGracePeriodSeconds=0)).obj["spec"]["terminationGracePeriodSeconds"] == 0


def test_quantities_times_and_base64_become_canonical():
    container = {"name": "c", "resources": {"requests": {"cpu": "0.5", "memory": 1024}}}
    obj = read(pod(containers=[container])).obj
    assert obj["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "500m", "memory": "1024"}}
    deleted = {"metadata": {"name": "a", "deletionTimestamp": "2026-01-01T02:00:00.7+01:00"}}
    assert read(deleted, CONFIG_MAP).obj["metadata"]["deletionTimestamp"] == "2026-01-01T01:00:00Z"
    assert read({"data": {"k": "YW\nI="}}, SECRET).obj["data"] == {"k": "YWI="}
    assert read({"data": {"k": None}}, SECRET).obj["data"] == {"k": ""}


def test_unknown_members_vanish_warn_or_refuse():
    body = pod(containers=[{"name": "c", "imagee": "x"}])
    assert read(body, strict="Ignore").strict_errors == []
    assert read(body, strict="Warn").warnings == ['unknown field "spec.containers[0].imagee"']
    assert read(body, strict="Warn").obj["spec"]["containers"] == [{"name": "c", "resources": {}}]
    assert refusal(body).endswith('strict decoding error: unknown field "spec.containers[0].imagee"')


def test_repeated_objects_merge_as_in_go():
    body = '{"data":{"k":"1","k":"2"},"data":{"l":"3"}}'
    decoded = read(body, CONFIG_MAP, "Warn")
    assert decoded.obj["data"] == {"k": "2", "l": "3"}
    assert decoded.warnings == ['duplicate field "data.k"', 'duplicate field "data"']


def test_a_repeated_key_written_with_an_escape_is_found():
    body = '{"data":{"k":"1","\\u006b":"a\\u003ab"}}'
    assert read(body, CONFIG_MAP, "Warn").warnings == ['duplicate field "data.k"']


def test_no_more_than_a_hundred_strict_errors_are_told():
    decoded = read({"data": {}, **{f"x{number}": 1 for number in range(300)}}, CONFIG_MAP, "Warn")
    assert len(decoded.warnings) == 100


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "unexpected end of JSON input ({)"),
        (b"", "unexpected end of JSON input (<empty>)"),
        (b'{"a" 1}', "invalid character '1' after object key ({\"a\" 1})"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string ({\"a\":1,})"),
        (b"{'a':1}", "invalid character '\\'' looking for beginning of object key string ({'a':1})"),
        (b'{"a":tru}', "invalid character '}' in literal true (expecting 'e') ({\"a\":tru})"),
        (b'{"a":01}', "invalid character '1' after object key:value pair ({\"a\":01})"),
        (b'{"a":1.}', "invalid character '}' after decimal point in numeric literal ({\"a\":1.})"),
        (b'{"a":"\\x"}', 'invalid character \'x\' in string escape code ({"a":"\\x"})'),
        (b"{} x", "invalid character 'x' after top-level value ({} x)"),
        (b"nope", "invalid character 'o' in literal null (expecting 'u') (6e6f7065)"),
        (b"[1, 2", "unexpected end of JSON input (5b312c2032)"),
    ],
)
def test_broken_json_is_refused_in_gos_words(body, problem):
    prefix = "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: "
    assert refusal(body) == prefix + problem


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"containers": "x"}, "string into Go struct field PodSpec.spec.containers of type []v1.Container"),
        ({"containers": [5]}, "number into Go struct field PodSpec.spec.containers of type v1.Container"),
        (
            {"activeDeadlineSeconds": 1.5},
            "number 1.5 into Go struct field PodSpec.spec.activeDeadlineSeconds of type int64",
        ),
        ({"priority": 2**31}, "number 2147483648 into Go struct field PodSpec.spec.priority of type int32"),
        ({"nodeSelector": {"a": True}}, "bool into Go struct field PodSpec.spec.nodeSelector of type string"),
        (
            {"volumes": [{"name": "v", "hostPath": []}]},
            "array into Go struct field Volume.spec.volumes.VolumeSource.hostPath of type v1.HostPathVolumeSource",
        ),
    ],
)
def test_wrong_types_name_the_go_field(spec, problem):
    expected = f'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal {problem}'
    assert refusal(pod(**spec), strict="Ignore") == expected


def test_the_first_type_error_is_told_unless_a_type_refuses_for_itself():
    assert "spec.nodeName" in refusal(pod(nodeName=1, hostname=2))
    container = {"name": "c", "resources": {"limits": {"cpu": "lots"}}}
    assert refusal(pod(nodeName=1, containers=[container])).endswith("([eEinumkKMGTP]*[-+]?[0-9]*)$'")


@pytest.mark.parametrize(
    ("time", "problem"),
    [
        ("2026-13-01T00:00:00Z", 'parsing time "2026-13-01T00:00:00Z": month out of range'),
        ("2026-02-30T00:00:00Z", 'parsing time "2026-02-30T00:00:00Z": day out of range'),
        ("2026-01-01T00:00:00", 'as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"'),
        ("2026-01-01 00:00:00Z", 'cannot parse " 00:00:00Z" as "T"'),
    ],
)
def test_bad_times_are_refused_in_gos_words(time, problem):
    assert refusal({"metadata": {"creationTimestamp": time}}, CONFIG_MAP).endswith(problem)


@pytest.mark.parametrize(
    ("text", "position"), [("%%%", 0), ("abc", 0), ("ab=c", 3), ("YWI", 0), ("YWI=x", 4), ("YW==YW==", 4), ("abcde", 4)]
)
def test_bad_base64_tells_where(text, position):
    assert refusal({"data": {"k": text}}, SECRET).endswith(f"illegal base64 data at input byte {position}")


def test_deep_nesting_and_huge_numbers_are_refused_not_fatal():
    assert "exceeded max depth" in refusal(b"[" * 200_000)
    assert "cannot unmarshal number" in refusal(b'{"spec":{"priority":' + b"9" * 100_000 + b"}}")


@pytest.mark.parametrize("depth", [195, 205, 260, 900, 5000])
def test_an_object_is_encodable_or_refused(depth):
    gvk = ("apps", "v1", "ControllerRevision")
    body = b'{"data":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
    if depth < 200:
        assert orjson.dumps(read(body, gvk).obj)
    else:
        assert "exceeded max depth" in refusal(body, gvk)


def test_invalid_utf8_is_replaced():
    obj = read(b'{"data":{"k":"\xff"}}', CONFIG_MAP).obj
    assert obj["data"] == {"k": "\ufffd"}


def test_yaml_means_what_the_real_server_makes_of_it():
    body = b"metadata: {name: a, labels: {x: 'yes'}}\nimmutable: yes\ndata: {<<: {m: text}, k: 2020-01-01}\n"
    obj = read(body, CONFIG_MAP, content_type="application/yaml").obj
    assert obj == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "labels": {"x": "yes"}},
        "immutable": True,
        "data": {"m": "text", "k": "2020-01-01"},
    }


@pytest.mark.parametrize("digits", ["9" * 5000, "-" + "9" * 5000, "0x" + "f" * 5000])
def test_a_number_in_yaml_that_no_float_holds_stays_text(digits):
    assert decode_yaml.scalar(digits, "", plain=True) == digits


def test_yaml_with_too_many_aliases_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "excessive aliasing" in refusal("\n".join(lines), content_type="application/yaml")


@pytest.mark.parametrize("body", ["a: &x [*x]", "a: &x {<<: *x}", "a: &x {<<: [*x]}", "a: &x {b: {<<: *x}}"])
def test_yaml_that_contains_itself_is_refused(body):
    assert "yaml: anchor 'x' value contains itself" in refusal(body, content_type="application/yaml")


@pytest.mark.parametrize("begin", [b"[", b"[{a: ", b"- ", b"{a: ", b"? "])
def test_deeply_nested_yaml_is_refused_at_once(begin):
    assert "yaml: " in refusal(begin * 300_000, content_type="application/yaml")


def test_a_yaml_stream_is_read_document_by_document():
    assert [document for document, _ in decode_yaml.documents(b"a: 1\n---\n---\nb: 2\n")] == [
        [("a", 1)],
        None,
        [("b", 2)],
    ]


def test_yaml_merges_count_as_nodes_too():
    lines = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 9))]
    assert "excessive aliasing" in refusal("\n".join(lines), content_type="application/yaml")


def test_broken_yaml_tells_the_line():
    message = refusal("a: b\nc: [\n", content_type="application/yaml")
    assert message.startswith("the object provided is unrecognized (must be of type Pod): yaml: line ")


def test_schema_unions_keep_their_shape():
    props = {
        "additionalProperties": False,
        "items": {"type": "string"},
        "properties": {"a": {"additionalProperties": {}}},
    }
    type = schema.definition(schema.EXTENSIONS + "JSONSchemaProps")
    assert decode.normalize(type, props) == props


def test_a_custom_resource_keeps_what_it_has_and_its_metadata_is_typed():
    gvk = ("example.com", "v1", "Widget")
    body = b'{"metadata":{"name":"a","labels":{}},"spec":{"a":null,"b":[1,2.5],"c":0}}'
    obj = decode.decode(body, JSON, Type("struct"), gvk=gvk, strict="Strict").obj
    assert obj["spec"] == {"a": None, "b": [1, 2.5], "c": 0}
    assert obj["metadata"] == {"name": "a"}
    assert (obj["apiVersion"], obj["kind"]) == ("example.com/v1", "Widget")


def test_delete_options_are_checked():
    assert decode.decode_options(b'{"gracePeriodSeconds":0,"dryRun":["All"]}', JSON) == {
        "gracePeriodSeconds": 0,
        "dryRun": ["All"],
    }
    with pytest.raises(ApiError, match="cannot unmarshal string into Go struct field DeleteOptions"):
        decode.decode_options(b'{"gracePeriodSeconds":"x"}', JSON)


def test_a_patched_object_is_normalised_and_its_faults_told():
    type = schema.type_of(*CONFIG_MAP)
    assert decode.normalize(type, {"data": {}, "immutable": None, "bogus": 1}) == {"metadata": {}}
    assert decode.normalize_strictly(type, {"bogus": 1}).strict_errors == ['unknown field "bogus"']
    with pytest.raises(decode.DecodeError, match="cannot unmarshal number into Go struct field"):
        decode.normalize(type, {"data": {"k": 5}})
