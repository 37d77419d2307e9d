"""CEL with Kubernetes' own functions."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.machinery.cel import CelError, program

NAMES = (("object", "dyn"),)
OBJECT = {"n": 3, "list": [2, 1], "map": {"a": "b"}, "text": "abc1"}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("quantity('1000m') == quantity('1')", True),
        ("quantity('1.5Gi').isGreaterThan(quantity('1G'))", True),
        ("quantity('1').add(quantity('2')).sub(1).asInteger()", 2),
        ("isQuantity('1x')", False),
        ("semver('1.2.3').isLessThan(semver('1.10.0'))", True),
        ("semver('v1.2', true).minor()", 2),
        ("semver('1.0.0-rc.1').compareTo(semver('1.0.0'))", -1),
        ("url('https://a.b:80/c?d=e').getPort()", "80"),
        ("url('https://a.b/c?d=e').getQuery()['d'][0]", "e"),
        ("isURL('no')", False),
        ("ip('10.0.0.1').family()", 4),
        ("isIP('10.0.0')", False),
        ("cidr('10.0.0.0/8').containsIP('10.1.2.3')", True),
        ("cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16'))", True),
        ("string(cidr('10.1.2.3/8').masked())", "10.0.0.0/8"),
        ("object.text.find('[0-9]+')", "1"),
        ("'a1b2'.findAll('[0-9]')", ["1", "2"]),
        ("object.list.isSorted()", False),
        ("object.list.sum() + object.n", 6),
        ("[3, 1].max()", 3),
        ("[1, 2, 1].lastIndexOf(1)", 2),
        ("'abc'.indexOf('c')", 2),
        ("sets.contains([1, 2], [1])", True),
        ("object.?missing.orValue('x')", "x"),
        ("object.map.all(k, v, v == 'b')", True),
        ("cel.bind(x, 2, x * x)", 4),
    ],
)
def test_expressions_have_their_values(source: str, value: Any) -> None:
    assert program(source, NAMES).evaluate({"object": OBJECT}) == value


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("object.missing", "no such key: missing"),
        ("object.list[7]", "index out of bounds: 7"),
        ("1 / (object.n - 3)", "division by zero"),
        ("object.n + object.text", "no such overload"),
    ],
)
def test_errors_read_as_the_real_ones(source: str, message: str) -> None:
    with pytest.raises(CelError, match=message):
        program(source, NAMES).evaluate({"object": OBJECT})


def test_what_does_not_compile_says_where() -> None:
    with pytest.raises(CelError) as error:
        program("foo == 1", NAMES)
    assert str(error.value) == "ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo == 1\n | ^"


def test_programs_know_their_type() -> None:
    assert program("1 < 2", NAMES).type == "bool"
    assert program("object.n", NAMES).type == "dyn"
