"""Claims and ingresses without a class get the default one.

Models plugin/pkg/admission/storage/storageclass/setdefault and plugin/pkg/admission/network/defaultingressclass.
"""

from __future__ import annotations

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery.typed import Obj

_DEFAULT_STORAGE = "storageclass.kubernetes.io/is-default-class"
_DEFAULT_INGRESS = "ingressclass.kubernetes.io/is-default-class"
_INGRESS_ANNOTATION = "kubernetes.io/ingress.class"


def _marked(attributes: Attributes, kind: str, annotation: str) -> list[Obj]:
    server = attributes.context.server
    found = server.storage.list(server.kinds.named(kind))
    return [each for each in found if each["metadata"].get("annotations", {}).get(annotation) == "true"]


def _newest(classes: list[Obj]) -> str:
    """The name of the default that counts: the newest, then the first by name."""
    newest = max(each["metadata"]["creationTimestamp"] for each in classes)
    return str(min(each["metadata"]["name"] for each in classes if each["metadata"]["creationTimestamp"] == newest))


def _default_storage_class(attributes: Attributes) -> Obj | None:
    claim = attributes.obj
    if claim is None or attributes.operation != "CREATE" or not attributes.about("", "PersistentVolumeClaim"):
        return claim
    annotated = "volume.beta.kubernetes.io/storage-class" in claim["metadata"].get("annotations", {})
    if "storageClassName" in claim["spec"] or annotated:
        return claim
    classes = _marked(attributes, "StorageClass", _DEFAULT_STORAGE)
    if not classes:
        return claim
    chosen = _newest(classes)
    return {**claim, "spec": {**claim["spec"], "storageClassName": chosen}}


def _default_ingress_class(attributes: Attributes) -> Obj | None:
    ingress = attributes.obj
    if ingress is None or attributes.operation != "CREATE" or not attributes.about("networking.k8s.io", "Ingress"):
        return ingress
    annotations = ingress["metadata"].get("annotations", {})
    if "ingressClassName" in ingress.get("spec", {}) or _INGRESS_ANNOTATION in annotations:
        return ingress
    classes = _marked(attributes, "IngressClass", _DEFAULT_INGRESS)
    if not classes:
        return ingress
    chosen = _newest(classes)
    return {**ingress, "spec": {**ingress.get("spec", {}), "ingressClassName": chosen}}


STORAGE_CLASS = Plugin("DefaultStorageClass", admit=_default_storage_class, kinds=frozenset({"PersistentVolumeClaim"}))
INGRESS_CLASS = Plugin("DefaultIngressClass", admit=_default_ingress_class, kinds=frozenset({"Ingress"}))
