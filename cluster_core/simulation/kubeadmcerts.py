"""`kubeadm certs`: how long the certificates on a machine last, and new ones. Models cmd/kubeadm/app/phases/certs/renewal."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import yaml

from cluster_core.machinery.clock import SECOND
from cluster_core.machines import certificates, rendering
from cluster_core.machines.certificates import AUTHORITIES, SIGNED
from cluster_core.machines.machine import Machine
from cluster_core.machines.rendering import CONFS, PKI
from cluster_core.simulation import machinefiles
from cluster_core.simulation.joining import Problem
from cluster_core.simulation.options import site_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


def _names() -> dict[str, str]:
    """kubeadm's name of a certificate -> its file."""
    found = {name: f"/etc/kubernetes/{name}" for name in CONFS}
    return dict(sorted({**found, **{name.replace("/", "-"): f"{PKI}/{name}.crt" for name in SIGNED}}.items()))


def _certificate(text: str) -> str:
    """The certificate in a file, be it a kubeconfig."""
    if "BEGIN CERTIFICATE" in text:
        return text
    try:
        return base64.b64decode(yaml.load(text, Loader=yaml.CSafeLoader)["users"][0]["user"]["client-certificate-data"]).decode()
    except (yaml.YAMLError, KeyError, TypeError, IndexError, ValueError):
        return ""


def expirations(cluster: Cluster, machine: Machine) -> str:
    there = machinefiles.files(cluster, machine)
    if not machine.control_plane:
        raise Problem("error: this is no control plane's machine: there are no certificates of kubeadm's")
    said = "CERTIFICATE                EXPIRES                  RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED\n"
    for name, path in _names().items():
        authority = SIGNED[_stem(name)].authority if _stem(name) else "ca"
        said += _row(cluster, name, _certificate(there.get(path, "")), authority.replace("/", "-"))
    said += "\nCERTIFICATE AUTHORITY   EXPIRES                  RESIDUAL TIME   EXTERNALLY MANAGED\n"
    return said + "".join(_row(cluster, name.replace("/", "-"), there.get(f"{PKI}/{name}.crt", ""), "", 24) for name in AUTHORITIES)


def _stem(name: str) -> str:
    """The file of one of SIGNED, without ending; "" for a kubeconfig."""
    return next((each for each in SIGNED if each.replace("/", "-") == name), "")


def _row(cluster: Cluster, name: str, text: str, authority: str, width: int = 27) -> str:
    found = certificates.read(text)
    if found is None:
        return f"!MISSING! {name}\n"
    end = found.not_valid_after_utc
    days = int(end.timestamp() - cluster.clock.now / SECOND) // 86400
    left = "<invalid>" if days < 0 else f"{days // 365}y" if days >= 730 else f"{days}d"
    middle = f"{authority:<24}" if authority else ""
    return f"{name:<{width}}{end:%b %d, %Y %H:%M} UTC   {left:<16}{middle}no\n"


def renew(cluster: Cluster, machine: Machine, words: list[str]) -> str:
    """New certificates from the authorities on this machine; programs take them up when they are restarted."""
    names = _names()
    wanted = list(names) if words[:1] == ["all"] else words[:1]
    if not wanted or wanted[0] not in names:
        raise Problem(f'error: unknown certificate "{" ".join(words)}": one of all, {", ".join(names)}')
    there, changes = machinefiles.files(cluster, machine), dict[str, str | None]()
    for name in wanted:
        changes |= _renewed(cluster, there, name)
    machinefiles.write(cluster, machine, changes)
    done = "".join(f"certificate {_what(name)} renewed\n" for name in wanted)
    return done + "\nDone renewing certificates. You must restart the kube-apiserver, kube-controller-manager, kube-scheduler and etcd, so that they can use the new certificates.\n"


def _what(name: str) -> str:
    return f"embedded in the kubeconfig file {name}" if name.endswith(".conf") else f"for {name}"


def _renewed(cluster: Cluster, there: dict[str, str], name: str) -> dict[str, str | None]:
    site, now = site_of(cluster), cluster.clock.now
    stem = _stem(name)
    authority = SIGNED[stem].authority if stem else "ca"
    if certificates.files_problem(there, f"{PKI}/{authority}.crt", f"{PKI}/{authority}.key"):
        raise Problem(f"error: failed to renew certificate {name}: unable to sign certificate: couldn't load CA certificate {authority}")
    if not stem:
        return {f"/etc/kubernetes/{name}": rendering.conf(site, CONFS[name], now)}
    pair = rendering.signed(site, stem, now)
    return {f"{PKI}/{stem}.crt": pair.certificate, f"{PKI}/{stem}.key": pair.key}
