"""A CustomResourceDefinition as a kind that is served. Models apiextensions-apiserver's customresource_handler.go and
pkg/registry/customresource: the strategies, and what happens to an object on its way in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from cluster_core.apiserver.customresources import columns, rules, structure, values
from cluster_core.apiserver.customresources.conversion import Convert, renamed
from cluster_core.apiserver.customresources.structure import Schema
from cluster_core.apiserver.discovery import version_rank
from cluster_core.apiserver.kind import Kind, Scale, Served
from cluster_core.machinery import field, gofmt
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.patch import equal
from cluster_core.machinery.typed import Obj, Type

_BLOCKING = (field.NOT_SUPPORTED, field.REQUIRED, field.TOO_LONG, field.TOO_MANY, field.TYPE_INVALID)
_UNCHECKED = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"
_LARGEST = 2**31 - 1


class Resource:
    """What all versions of one definition know of its objects."""

    def __init__(self, definition: Obj, convert: Convert = renamed) -> None:
        self._convert = convert
        self.spec: Mapping[str, Any] = definition["spec"]
        self.group: str = self.spec["group"]
        self.versions = {version["name"]: version for version in self.spec["versions"]}
        self.schemas = {name: _schema_of(version) for name, version in self.versions.items()}
        self.stored = next(name for name, version in self.versions.items() if version["storage"])
        self.has_rules = {name: rules.has_rules(schema) for name, schema in self.schemas.items()}
        self.types = {name: self._type(name) for name in self.versions}

    def _type(self, version: str) -> Type:
        """The type, which tells `decode` what to drop from a body."""
        found = structure.type_of(self.schemas[version])
        found.derived["prune"] = partial(self._admit, version)
        return found

    def _admit(self, version: str, obj: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        pruned, unknown = structure.prune(obj, self.schemas[version])
        return structure.without_nulls(pruned, self.schemas[version]), unknown

    def inward(self, version: str, obj: Obj) -> Obj:
        """The storage form of an object that came in a version, with that version's defaults."""
        api_version = f"{self.group}/{self.stored}"
        whole: Obj = structure.default(obj, self.schemas[version])
        if version == self.stored:
            return {**whole, "apiVersion": api_version}
        schema = self.schemas[self.stored]
        converted: Obj = structure.default(structure.prune(self._convert(whole, api_version), schema)[0], schema)
        return converted

    def outward(self, version: str, obj: Obj) -> Obj:
        """A stored object in another version; what that one does not know is left out."""
        converted = self._convert(obj, f"{self.group}/{version}")
        return structure.prune(converted, self.schemas[version])[0]

    def current(self, obj: Obj) -> Obj:
        """An object stored under an earlier schema or in another version, as it is read under this one. What cannot be
        converted now stays what it was, for the next who asks for it to be told why."""
        schema, api_version = self.schemas[self.stored], f"{self.group}/{self.stored}"
        if obj.get("apiVersion") != api_version:
            try:
                obj = self._convert(obj, api_version)
            except ApiError:
                return obj
        pruned, unknown = structure.prune(obj, schema)
        found: Obj = structure.default(pruned if unknown else obj, schema)
        return found

    # -------------------------------------------------------------------------------------------- validation

    def validate(self, api_version: str, new: Obj, old: Obj | None) -> field.Errors:
        """A creation or an update in some version."""
        version = api_version.rpartition("/")[2]
        schema = self.schemas[version]
        problems = values.validate(new, schema, old=rules.NOTHING if old is None else old)
        problems += self._scale_problems(version, new)
        problems += structure.embedded_problems(new, schema)
        if old is None or not values.list_problems(old, schema):
            problems += values.list_problems(new, schema)
        return problems + self._broken_rules(version, new, old, problems)

    def validate_update(self, new: Obj, old: Obj) -> field.Errors:
        return self.validate(self.stored, new, old)

    def validate_status(self, new: Obj, old: Obj) -> field.Errors:
        schema = self.schemas[self.stored]
        problems: field.Errors = []
        inner = schema.get("properties", {}).get("status")
        if "status" in new and inner:
            problems += values.validate(new["status"], inner, "status", old=old.get("status", rules.NOTHING))
        problems += self._scale_problems(self.stored, new)
        if not values.list_problems(old, schema):
            problems += values.list_problems(new, schema)
        return problems + self._broken_rules(self.stored, new, old, problems)

    def _broken_rules(self, version: str, new: Obj, old: Obj | None, problems: field.Errors) -> field.Errors:
        if not self.has_rules[version]:
            return []
        nameless = old is None and not new["metadata"].get("name")
        if nameless or any(problem.type in _BLOCKING for problem in problems):
            return [field.invalid("<nil>", None, _UNCHECKED)]
        return rules.validate(new, rules.NOTHING if old is None else old, self.schemas[version])

    def _scale_problems(self, version: str, obj: Obj) -> field.Errors:
        scale = self.versions[version].get("subresources", {}).get("scale")
        if not scale:
            return []
        paths = (scale["specReplicasPath"], scale["statusReplicasPath"])
        return [problem for path in paths for problem in _replicas_problems(obj, path)]

    # -------------------------------------------------------------------------------------------- strategies

    def prepare_create(self, obj: Obj) -> Obj:
        return {**obj, "metadata": {**obj["metadata"], "generation": 1}}

    def prepare_update(self, new: Obj, old: Obj) -> Obj:
        """Any change beside the metadata counts, that of a status which is no subresource too."""
        generation = old["metadata"].get("generation", 0)
        if not equal(_but_metadata(new), _but_metadata(old)):
            generation += 1
        return {**new, "metadata": {**new["metadata"], "generation": generation}}

    def prepare_status(self, new: Obj, old: Obj) -> Obj:
        """Only the status, and who owns it, can be changed."""
        metadata = {name: value for name, value in old["metadata"].items() if name != "managedFields"}
        if "managedFields" in new["metadata"]:
            metadata["managedFields"] = new["metadata"]["managedFields"]
        return {**new, "metadata": metadata}


def _schema_of(version: Mapping[str, Any]) -> Schema:
    found: Schema = version.get("schema", {}).get("openAPIV3Schema") or {"type": "object", structure.PRESERVE: True}
    return found


def finalizer_warnings(new: Obj, old: Obj | None) -> list[str]:
    """New finalizers whose names others may use too."""
    before = (old or {}).get("metadata", {}).get("finalizers") or ()
    advice = "prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers"
    found = (each for each in new["metadata"].get("finalizers") or () if each not in before)
    return [f"metadata.finalizers: {gofmt.quote(each)}: {advice}" for each in found if "/" not in each and each not in _PLAIN]


_PLAIN = ("orphan", "foregroundDeletion")


def _but_metadata(obj: Obj) -> dict[str, Any]:
    return {name: value for name, value in obj.items() if name not in ("metadata", "apiVersion", "kind")}


def _replicas_problems(obj: Obj, path: str) -> field.Errors:
    found = next(columns.values(columns.parse(path), obj), None)
    if found is None:
        return []
    if not isinstance(found, int) or isinstance(found, bool):
        return []  # the schema says so already
    if found < 0:
        return [field.invalid(path, found, "should be a non-negative integer")]
    if found > _LARGEST:
        return [field.invalid(path, found, f"should be less than or equal to {_LARGEST}")]
    return []


# ------------------------------------------------------------------------------------------------ the kind


def kind_of(definition: Obj, convert: Convert = renamed) -> Kind:
    """The kind of an established definition, in all versions that are served."""
    resource = Resource(definition, convert)
    names = definition["status"]["acceptedNames"]
    stored = resource.versions[resource.stored]
    subresources = stored.get("subresources", {})
    return Kind(
        names["kind"],
        plural=names["plural"],
        group=resource.group,
        version=resource.stored,
        namespaced=resource.spec["scope"] == "Namespaced",
        short=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        singular=names.get("singular", ""),
        prepare_create=resource.prepare_create,
        prepare_update=resource.prepare_update,
        prepare_status=resource.prepare_status,
        validate_update=resource.validate_update,
        validate_status=resource.validate_status,
        validate_as=resource.validate,
        fields=_selectable(stored),
        columns=columns.columns_of(stored.get("additionalPrinterColumns", ())),
        warnings=finalizer_warnings,
        status="status" in subresources,
        scale=_scale(subresources),
        served=tuple(_others(resource)),
        unconditional_update=False,
        prefix=f"{resource.group}/{names['plural']}",
        facts=_facts(resource, definition),
    )


def _others(resource: Resource) -> Iterator[Served]:
    for name, version in resource.versions.items():
        if name != resource.stored and version["served"]:
            yield Served(
                resource.group,
                name,
                from_storage=partial(resource.outward, name),
                columns=columns.columns_of(version.get("additionalPrinterColumns", ())),
                fields=_selectable(version, partial(resource.outward, name)),
            )


def _facts(resource: Resource, definition: Obj) -> dict[str, Any]:
    terminating = "deletionTimestamp" in definition["metadata"]
    return {
        "types": resource.types,
        "schemas": resource.schemas,
        "resource": resource,
        "listKind": definition["status"]["acceptedNames"].get("listKind", ""),
        "deprecation": dict(_deprecations(resource)),
        "unserved": () if resource.versions[resource.stored]["served"] else (resource.stored,),
        "terminating": terminating,
    }


def _deprecations(resource: Resource) -> Iterator[tuple[str, str]]:
    kind = resource.spec["names"]["kind"]
    for name, version in resource.versions.items():
        if version.get("deprecated"):
            text = f"{resource.group}/{name} {kind} is deprecated"
            better = [other for other in resource.versions if _replaces(resource, other, name)]
            if better:
                text += f"; use {resource.group}/{min(better, key=version_rank)} {kind}"
            yield name, version.get("deprecationWarning", text)


def _replaces(resource: Resource, other: str, deprecated: str) -> bool:
    version = resource.versions[other]
    return version["served"] and not version.get("deprecated") and version_rank(other) < version_rank(deprecated)


def _scale(subresources: Mapping[str, Any]) -> Scale | None:
    found = subresources.get("scale")
    if not found:
        return None
    paths = (found["specReplicasPath"], found["statusReplicasPath"], found.get("labelSelectorPath", ""))
    return Scale(*(path.removeprefix(".") for path in paths))


def _selectable(version: Mapping[str, Any], shown: Callable[[Obj], Obj] = lambda obj: obj) -> Callable[[Obj], Mapping[str, str]]:
    """The values of a version's selectable fields; `shown` is a stored object as this version has it."""
    paths = {each["jsonPath"].removeprefix("."): columns.parse(each["jsonPath"]) for each in version.get("selectableFields", ())}

    def fields(obj: Obj) -> Mapping[str, str]:
        obj = shown(obj) if paths else obj
        found = {name: next(columns.values(steps, obj), None) for name, steps in paths.items()}
        return {name: "" if value is None else gofmt.verb_v(value) for name, value in found.items()}

    return fields
