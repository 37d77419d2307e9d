"""RSA keys that repeat: 2048 bits found from the cluster's seed, for the tokens of service accounts (RS256)."""

from __future__ import annotations

from functools import lru_cache
from math import gcd, prod

from cryptography.hazmat.primitives.asymmetric import rsa
from gmpy2 import mpz, powmod

from cluster_core.machinery.seed import Seed, Stream

_BITS = 1024
_EXPONENT = 65537
_SMALL = [number for number in range(3, 2000, 2) if all(number % other for other in range(3, int(number**0.5) + 1, 2))]
_PRODUCT = prod(_SMALL)
_ROUNDS = 8


def rsa_key_from(seed: Seed, *names: object) -> rsa.RSAPrivateKey:
    """The key of this name. Costs some hundredths of a second, once for each seed."""
    return _key(seed.value, names)


@lru_cache(64)
def _key(value: int, names: tuple[object, ...]) -> rsa.RSAPrivateKey:
    stream = Seed(value).stream("rsa", *names)
    p, q = _prime(stream), _prime(stream)
    private = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    numbers = rsa.RSAPrivateNumbers(
        p, q, private, rsa.rsa_crt_dmp1(private, p), rsa.rsa_crt_dmq1(private, q), rsa.rsa_crt_iqmp(p, q), public
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)  # its primes have just been tested


def _prime(stream: Stream) -> int:
    """A prime with its two highest bits set, so that a product of two has all its bits."""
    found = int.from_bytes(stream.bytes(_BITS // 8), "big") | (3 << (_BITS - 2)) | 1
    while gcd(found, _PRODUCT) != 1 or (found - 1) % _EXPONENT == 0 or not _probably_prime(found, stream):
        found += 2
    return found


def _probably_prime(number: int, stream: Stream) -> bool:
    """Miller and Rabin's test; a composite passes with less than 4**-8."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(
        _witnesses_prime(number, base, odd, twos) for base in (2, *(3 + stream.below(1 << 62) for _ in range(_ROUNDS)))
    )


def _witnesses_prime(number: int, base: int, odd: int, twos: int) -> bool:
    power = powmod(base, odd, mpz(number))  # a seventh of what pow takes
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False
