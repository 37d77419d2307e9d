"""Who makes an object die with another must be allowed to delete it. Models plugin/pkg/admission/gc. Off unless enabled."""

from __future__ import annotations

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.apiserver.authorization import Action
from cluster_core.machinery import errors
from cluster_core.machinery.typed import Obj


def _owners(obj: Obj | None) -> list[Obj]:
    return list((obj or {}).get("metadata", {}).get("ownerReferences") or ())


def _validate(attributes: Attributes) -> None:
    new, context = attributes.obj, attributes.context
    if new is None or context.trusted or attributes.subresource == "status" or _owners(new) == _owners(attributes.old):
        return
    kind = attributes.kind
    delete = Action("delete", kind.group, kind.plural, namespace=attributes.namespace, name=attributes.name)
    answer = context.server.authorizer.decide(context.user, delete)
    if attributes.operation == "UPDATE" and not answer.allowed:
        raise _refusal(attributes, f"cannot set an ownerRef on a resource you can't delete: {answer.reason}, <nil>")
    known = [(owner.get("uid"), owner.get("blockOwnerDeletion")) for owner in _owners(attributes.old)]
    for owner in _owners(new):
        if owner.get("blockOwnerDeletion") and (owner.get("uid"), True) not in known:
            _check_blocking(attributes, owner)


def _check_blocking(attributes: Attributes, owner: Obj) -> None:
    context = attributes.context
    group = owner["apiVersion"].rpartition("/")[0]
    found = context.server.kinds.find(owner["kind"], group)
    if found is None:
        text = f"cannot find RESTMapping for APIVersion {owner['apiVersion']} Kind {owner['kind']}"
        raise _refusal(attributes, f"cannot set blockOwnerDeletion in this case because {text}")
    namespace = attributes.namespace if found.namespaced else ""
    action = Action("update", found.group, found.plural, "finalizers", namespace, owner["name"])
    answer = context.server.authorizer.decide(context.user, action)
    if not answer.allowed:
        text = "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on"
        raise _refusal(attributes, f"{text}: {answer.reason}, <nil>")


def _refusal(attributes: Attributes, text: str) -> errors.ApiError:
    return errors.forbidden(attributes.kind.group, attributes.kind.plural, attributes.name, text)


PLUGIN = Plugin("OwnerReferencesPermissionEnforcement", validate=_validate, on_by_default=False)
