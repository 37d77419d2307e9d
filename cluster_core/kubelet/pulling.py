"""Images on a node: present, pulled by size, or not to be had. Models pkg/kubelet/images/image_manager.go.

A container needs the images that it has mounted as volumes before its own: flight["volume"] names the one that is seen to,
flight["provided"] those that are there.
"""

from __future__ import annotations

from typing import Any

from cluster_core.kubelet import credentials, imagestore, settings
from cluster_core.kubelet import memory as remember
from cluster_core.kubelet import status as states
from cluster_core.kubelet.work import Work
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Image, PullError
from cluster_core.machinery.timestamps import duration_text
from cluster_core.machinery.typed import Obj

FIRST, LAST = 10, 300
"""Seconds of back-off between pulls."""


def begin_image(work: Work, flight: dict[str, Any], name: str) -> None:
    """See to the image of the container: there already, to be pulled, or a reason not to start."""
    container = work.container(name)
    volume = next((each for each in _volumes(work, container) if each["name"] not in flight.get("provided", ())), None)
    if volume is not None:
        flight["volume"] = volume["name"]
        container = _standing_for(container, volume)
    try:
        image = work.fleet.workloads.find(container["image"])
    except PullError as error:
        if error.reason == "InvalidImageName":
            _invalid_name(work, flight, container, error)
        else:
            _pull_from_registry(work, flight, container, 0)
        return
    present = image.reference in work.machine.images
    policy = container.get("imagePullPolicy", "IfNotPresent")
    if present and policy != "Always":
        text = f'Container image "{container["image"]}" already present on machine and can be accessed by the pod'
        work.event("Normal", "Pulled", text, name)
        _provided(work, flight, image)
    elif policy == "Never":
        text = f'Container image "{container["image"]}" is not present with pull policy of Never'
        work.event("Warning", "ErrImageNeverPull", text, name)
        _give_up(work, flight, container, "ErrImageNeverPull", text)
    else:
        _pull_from_registry(work, flight, container, 0 if present else _missing_bytes(work, image))


def _volumes(work: Work, container: Obj) -> list[Obj]:
    """The volumes of the container that are images."""
    images = {volume["name"]: volume for volume in work.pod["spec"].get("volumes", ()) if "image" in volume}
    return [images[mount["name"]] for mount in container.get("volumeMounts", ()) if mount["name"] in images] if images else []


def _standing_for(container: Obj, volume: Obj) -> Obj:
    """The container, with the image of one of its volumes instead of its own."""
    source = volume["image"]
    return {**container, "image": source.get("reference", ""), "imagePullPolicy": source.get("pullPolicy", "IfNotPresent")}


def _wanting(work: Work, flight: dict[str, Any], name: str) -> Obj:
    """The container with the image that is seen to."""
    container = work.container(name)
    volume = next((each for each in _volumes(work, container) if each["name"] == flight.get("volume")), None)
    return container if volume is None else _standing_for(container, volume)


def _provided(work: Work, flight: dict[str, Any], image: Image) -> None:
    """The image is there: on to the next one, or to the start."""
    volume = flight.pop("volume", None)
    if volume is None:
        _ready_to_start(work, flight, image)
        return
    flight.setdefault("provided", []).append(volume)
    flight["stage"], flight["due"] = "next", work.now


NEW_LAYERS = 0.4
"""The share of an image that another version of it does not have in common: base layers are there already."""


def _missing_bytes(work: Work, image: Image) -> int:
    """What has to come over the network: less when the node has another version of the image."""
    repository = _repository(image.reference)
    known = any(_repository(reference) == repository for reference in work.machine.images)
    return int(image.size * NEW_LAYERS) if known else image.size


def _repository(reference: str) -> str:
    whole = reference.partition("@")[0]
    return whole.rpartition(":")[0] if ":" in whole.rpartition("/")[2] else whole


def _invalid_name(work: Work, flight: dict[str, Any], container: Obj, error: PullError) -> None:
    work.event("Warning", "InspectFailed", str(error), container["name"])
    _give_up(work, flight, container, error.reason, str(error))


def _pull_from_registry(work: Work, flight: dict[str, Any], container: Obj, size: int) -> None:
    """Start a pull, unless the last one failed a short while ago."""
    work.event("Normal", "Pulling", f'Pulling image "{container["image"]}"', container["name"])
    credentials.tell_missing(work)
    flight["stage"], flight["begun"], flight["waited"] = "pull", work.now, 0
    flight["due"] = work.now
    if not work.fleet.instant:
        flight["waited"], flight["due"] = _turn(work, container["image"], size)


def _turn(work: Work, image: str, size: int) -> tuple[int, int]:
    """(microseconds until the pull begins, when it is done): pulls wait for those before them, unless the kubelet is told
    otherwise; what another pull brings need not come twice."""
    pulls = work.machine.pulls
    for reference in [reference for reference, due in pulls.items() if due <= work.now]:
        del pulls[reference]
    begin = max(pulls.values(), default=work.now) if settings.pulls_in_turn(work.machine) else work.now
    seconds = work.fleet.timings.draw("pull-latency", work.uid, work.fleet.clock.since_start)
    if image not in pulls:
        seconds += size / work.fleet.timings.draw("pull-bytes-per-second", work.uid, image)
    due = max(begin + round(seconds * SECOND), pulls.get(image, 0))
    pulls[image] = due
    return begin - work.now, due


def finish_pull(work: Work, flight: dict[str, Any], name: str) -> None:
    """The pull is over, one way or the other."""
    container = _wanting(work, flight, name)
    try:
        image = work.fleet.workloads.find(container["image"])
        credentials.check(work, image.reference)
        if work.strikes("pull-failure", name):
            raise PullError(_interrupted(image.reference))
    except PullError as error:
        _failed(work, flight, container, error)
        return
    if image.reference not in work.machine.images:
        imagestore.add(work.fleet, work.machine, image.reference)
    remember.drop(work.memory, "pulls", name)
    whole, waited = work.now - flight["begun"], flight["waited"]
    work.event(
        "Normal",
        "Pulled",
        f'Successfully pulled image "{container["image"]}" in {_rounded(whole - waited)} ({_rounded(whole)} including waiting). '
        f"Image size: {image.size} bytes.",
        name,
    )
    _provided(work, flight, image)


def _rounded(microseconds: int) -> str:
    """Milliseconds, as time.Duration.Truncate leaves them."""
    return duration_text(microseconds // 1000 * 1000)


def _interrupted(reference: str) -> str:
    return (
        f'rpc error: code = Unavailable desc = failed to pull and unpack image "{reference}": failed to copy: httpReadSeeker: '
        "failed open: failed to do request: connection reset by peer"
    )


def _ready_to_start(work: Work, flight: dict[str, Any], image: Image) -> None:
    flight["stage"], flight["image"], flight["image_id"] = "start", image.reference, image.image_id
    flight["due"] = work.now + work.delay("create", flight["queue"][0], work.elapsed)


def _failed(work: Work, flight: dict[str, Any], container: Obj, error: PullError) -> None:
    name = container["name"]
    work.event("Warning", "Failed", f'Failed to pull image "{container["image"]}": {error}', name)
    work.event("Warning", "Failed", f"Error: {error.reason}", name)
    known = work.memory.get("pulls", {}).get(name)
    delay = FIRST if known is None else min(known[0] * 2, LAST)
    remember.entry(work.memory, "pulls")[name] = [delay, work.now, container["image"]]
    _give_up(work, flight, container, error.reason, str(error))
    work.memory["waits"][name] = work.now + delay * SECOND
    remember.entry(work.memory, "backing-off")[name] = work.now + work.delay("resync", name, work.elapsed)


def show_back_off(work: Work) -> None:
    """A while after a failed pull its container is seen to wait for the next one."""
    for name, due in sorted(work.memory.get("backing-off", {}).items()):
        if due > work.now:
            continue
        remember.drop(work.memory, "backing-off", name)
        container, status = work.container(name), work.statuses[name]
        image = [container["image"], *work.memory.get("pulls", {}).get(name, ())[2:]][-1]
        why = status["state"].get("waiting", {}).get("message", "")
        text = f'Back-off pulling image "{image}"'
        work.event("Normal", "BackOff", text, name)
        work.event("Warning", "Failed", "Error: ImagePullBackOff", name)
        work.set(name, states.waiting(container, "ImagePullBackOff", f"{text}: ErrImagePull: {why}", status))


def _give_up(work: Work, flight: dict[str, Any], container: Obj, reason: str, message: str) -> None:
    """Leave the container waiting and go on with the next one."""
    name = container["name"]
    flight.pop("volume", None)
    flight["queue"].pop(0)
    flight["stage"] = "next"
    work.set(name, states.waiting(container, reason, message, work.statuses.get(name)))
    remember.entry(work.memory, "waits")[name] = work.now + work.delay("config-retry", name, work.elapsed)
