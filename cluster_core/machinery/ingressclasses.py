"""Which ingress controller runs in a pod, and whose an Ingress is. Models ingress-nginx' and Traefik's reading of the API."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from cluster_core.machinery.typed import Obj

CONTROLLERS = {
    "ingress-nginx/controller": "k8s.io/ingress-nginx",
    "nginx-ingress": "nginx.org/ingress-controller",
    "nginx/nginx-ingress": "nginx.org/ingress-controller",
    "traefik": "traefik.io/ingress-controller",
    "haproxy-ingress": "haproxy-ingress.github.io/controller",
    "kong": "ingress-controllers.konghq.com/kong",
}
"""Part of an image's name -> the controller's name in IngressClasses."""
_OLD_CLASS = "kubernetes.io/ingress.class"


def controller_of(pod: Obj) -> str:
    """The name of the ingress controller that runs in the pod; "" when none does."""
    return next(filter(None, (_controller_in(container["image"]) for container in pod["spec"]["containers"])), "")


@lru_cache(maxsize=1024)
def _controller_in(image: str) -> str:
    repository = image.partition("@")[0]
    repository = repository.rpartition(":")[0] if ":" in repository.rpartition("/")[2] else repository
    return next((name for part, name in CONTROLLERS.items() if repository == part or repository.endswith("/" + part)), "")


def is_served(ingress: Obj, controller: str, class_named: Callable[[str], Obj | None]) -> bool:
    """Whether the Ingress is for the controller of this name; `class_named` finds IngressClasses."""
    name = ingress["spec"].get("ingressClassName") or ingress["metadata"].get("annotations", {}).get(_OLD_CLASS)
    if not name:
        return controller.startswith("traefik")
    found = class_named(name)
    if found is None:
        return name in ("nginx", "traefik") and name in controller
    return bool(found["spec"].get("controller") == controller)


_HEALTH = 10254
_WEBHOOK = "--validating-webhook="


def own_ports(pod: Obj) -> list[int]:
    """Ports at which the controller itself is asked: about its health, and what it thinks of Ingresses."""
    words = [word for container in pod["spec"]["containers"] for word in container.get("args", ()) if word.startswith(_WEBHOOK)]
    numbers = [word.rpartition(":")[2] for word in words]
    return [_HEALTH, *(int(number) for number in numbers if number.isdigit())]
