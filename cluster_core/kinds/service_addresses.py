"""How a service's addresses, address families and family policy go together.

Models ValidateServiceClusterIPsRelatedFields and the upgrade rules of pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster_core.machinery import addresses
from cluster_core.machinery.field import Errors, Path, duplicate, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

NO_ADDRESS = "None"
FAMILIES = ("IPv4", "IPv6")
POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
SINGLE, PREFER, REQUIRE = "SingleStack", "PreferDualStack", "RequireDualStack"
_SPEC = Path("spec")
_IPS, _FAMILIES, _POLICY = _SPEC / "clusterIPs", _SPEC / "ipFamilies", _SPEC / "ipFamilyPolicy"
_CHANGED = "may not change once set"


def ips(spec: Obj) -> Sequence[str]:
    found: Sequence[str] = spec.get("clusterIPs") or ()
    return found


def families(spec: Obj) -> Sequence[str]:
    found: Sequence[str] = spec.get("ipFamilies") or ()
    return found


def is_headless(spec: Obj) -> bool:
    return list(ips(spec)) == [NO_ADDRESS]


def shown(values: Sequence[str]) -> list[str] | None:
    """A list as messages print it: a missing one is null."""
    return list(values) or None


def family_of(address: str) -> str:
    return "IPv6" if addresses.is_ipv6(address) else "IPv4"


def related_fields(spec: Obj, old: Obj | None) -> Errors:
    if spec.get("type") == "ExternalName":
        return []
    errors: Errors = []
    _in_step(errors, spec.get("clusterIP", ""), ips(spec))
    for index, family in enumerate(families(spec)):
        if family not in FAMILIES:
            errors.append(not_supported(_FAMILIES[index], family, FAMILIES))
        if family in families(spec)[:index]:
            errors.append(duplicate(_FAMILIES[index], family))
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in POLICIES:
        errors.append(not_supported(_POLICY, policy, POLICIES))
    if _each_address(errors, ips(spec), ips(old or {})):
        _stacks(errors, spec)
    return errors


def _in_step(errors: Errors, single: str, several: Sequence[str]) -> None:
    if single and not several:
        errors.append(required(_IPS))
    elif single and several[0] != single:
        errors.append(invalid(_IPS, list(several), "first value must match `clusterIP`"))
    elif not single and several:
        errors.append(invalid(_IPS, list(several), "must be empty when `clusterIP` is not specified"))


def _each_address(errors: Errors, found: Sequence[str], known: Sequence[str]) -> bool:
    """Whether they can be looked at together."""
    usable = True
    for index, address in enumerate(found):
        if index == 0 and address == NO_ADDRESS:
            if len(found) > 1:
                usable = False
                errors.append(invalid(_IPS, list(found), "'None' must be the first and only value"))
            continue
        problems = [] if address in known else addresses.ip_sloppy(address)
        usable = usable and not problems
        errors.extend(invalid(_IPS[index], address, message) for message in problems)
    if len(found) > 2:
        errors.append(invalid(_IPS, list(found), "may only hold up to 2 values"))
    return usable


def _stacks(errors: Errors, spec: Obj) -> None:
    found = ips(spec)
    if len(found) > 1 and len({family_of(address) for address in found}) != len(FAMILIES):
        errors.append(invalid(_IPS, list(found), "may specify no more than one IP for each IP family"))
    if is_headless(spec):
        return
    for index, (address, family) in enumerate(zip(found, families(spec), strict=False)):
        if family in FAMILIES and family != family_of(address):
            detail = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            errors.append(invalid(_IPS[index], address, detail))


# ------------------------------------------------------------------------------------------------ updates


def address_changes(new: Obj, old: Obj) -> Errors:
    """What may not change of the addresses and families; `new` and `old` are the specs."""
    if "ExternalName" in (new.get("type"), old.get("type")):
        return []
    errors: Errors = []
    if not (is_headless(new) and is_headless(old)):
        _ip_changes(errors, new, old)
    if not is_headless(new) and not is_headless(old):
        _family_changes(errors, new, old)
    return errors


def _ip_changes(errors: Errors, new: Obj, old: Obj) -> None:
    after, before = ips(new), ips(old)
    if len(after) == len(before):
        changed = [index for index, address in enumerate(before) if after[index] != address]
        errors.extend(invalid(_IPS[index], list(after), _CHANGED) for index in changed)
        return
    if not after:
        errors.append(invalid(_IPS[0], None, "primary clusterIP can not be unset"))
    elif before and after[0] != before[0]:
        errors.append(invalid(_IPS[0], list(after), _CHANGED))
    if len(after) == 1 and len(before) > 1:
        _needs_single(errors, new, "clusterIP")


def _family_changes(errors: Errors, new: Obj, old: Obj) -> None:
    after, before = families(new), families(old)
    if len(after) == len(before):
        changed = [index for index, family in enumerate(before) if after[index] != family]
        errors.extend(invalid(_FAMILIES[0], list(after), _CHANGED) for _ in changed)
        return
    if len(before) > len(after) and not ips(new):
        errors.append(invalid(_FAMILIES[0], shown(after), "primary ipFamily can not be unset"))
    if after and before and after[0] != before[0]:
        errors.append(invalid(_FAMILIES[0], shown(ips(new)), _CHANGED))
    if len(after) == 1 and len(before) > 1:
        _needs_single(errors, new, "ipFamily")


def _needs_single(errors: Errors, new: Obj, what: str) -> None:
    policy: Any = new.get("ipFamilyPolicy")
    if policy != SINGLE:
        errors.append(invalid(_POLICY, policy, f"must be set to 'SingleStack' when releasing the secondary {what}"))
