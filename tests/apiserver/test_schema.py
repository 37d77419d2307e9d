"""The types of the built-in kinds."""

import pytest

from cluster_core.apiserver import schema

POD = schema.type_of("", "v1", "Pod")
CONTAINER = schema.definition("io.k8s.api.core.v1.Container")


def test_a_kind_that_is_not_built_in_has_no_type():
    with pytest.raises(KeyError):
        schema.type_of("example.com", "v1", "Widget")


def test_a_pointer_keeps_its_zero_and_a_plain_number_drops_it():
    spec = schema.definition("io.k8s.api.apps.v1.DeploymentSpec")
    assert (spec.fields["replicas"].pointer, spec.fields["replicas"].omit_zero) == (True, False)
    assert (spec.fields["minReadySeconds"].pointer, spec.fields["minReadySeconds"].omit_zero) == (False, True)


def test_struct_members_are_written_even_when_absent():
    assert CONTAINER.fields["resources"].always
    assert POD.fields["status"].always
    assert not schema.definition(schema.META + "ObjectMeta").fields["creationTimestamp"].always


def test_list_maps_know_their_keys_and_the_defaults_of_these():
    ports = CONTAINER.fields["ports"]
    assert ports.type.list_type == "map"
    assert ports.type.list_keys == ("containerPort", "protocol")
    assert ports.type.key_defaults == {"protocol": "TCP"}
    assert (ports.merge_key, ports.patch_strategy) == ("containerPort", ("merge",))


def test_go_names_are_those_of_the_decoder():
    limits = schema.definition("io.k8s.api.core.v1.ResourceRequirements").fields["limits"].type
    assert limits.go == "v1.ResourceList"
    assert limits.element is not None and limits.element.kind == "quantity"
    assert CONTAINER.fields["ports"].type.go == "[]v1.ContainerPort"
    assert CONTAINER.fields["imagePullPolicy"].type.go == "v1.PullPolicy"


def test_embedded_structs_are_remembered():
    assert schema.definition("io.k8s.api.core.v1.Volume").fields["emptyDir"].via == "VolumeSource"


def test_recursive_types_point_at_themselves():
    props = schema.definition(schema.EXTENSIONS + "JSONSchemaProps")
    assert props.fields["properties"].type.element is props
    assert props.fields["additionalProperties"].type.element is props


def test_versions_that_are_gone_are_still_registered():
    assert "Deployment" in schema.registered("apps/v1beta1")
    assert "ConfigMap" not in schema.registered("apps/v1")


def test_every_published_definition_becomes_a_type():
    assert set(schema.definitions()) == set(schema.published())
    kinds = {field.type.kind for type in schema.definitions().values() for field in type.fields.values()}
    assert {"struct", "map", "list", "quantity", "intstr", "time", "microtime", "bytes", "any"} <= kinds
