"""What a CustomResourceDefinition may say. Models apiextensions-apiserver/pkg/apis/apiextensions/validation."""
from cluster_core.machinery.typed import Obj
def definition(found: Obj) -> list[object]:
    return []
def definition_update(new: Obj, old: Obj) -> list[object]:
    return []
