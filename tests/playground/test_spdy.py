"""SPDY frames to bytes and back, in any pieces; what is no SPDY is refused."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.kubeapi.spdy import frames
from playground.kubeapi.spdy.dictionary import DICTIONARY
from playground.kubeapi.spdy.frames import Decoder, Encoder, Frame, SpdyError

IDS = st.integers(1, 2**31 - 1)
HEADERS = st.dictionaries(st.from_regex("[a-z][a-z0-9-]{0,20}", fullmatch=True), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
FRAMES = st.one_of(
    st.builds(lambda stream, headers, fin: Frame(frames.SYN_STREAM, stream, headers=headers, fin=fin), IDS, HEADERS, st.booleans()),
    st.builds(lambda stream, headers: Frame(frames.SYN_REPLY, stream, headers=headers), IDS, HEADERS),
    st.builds(lambda stream, data, fin: Frame(frames.DATA, stream, data, fin=fin), IDS, st.binary(max_size=300), st.booleans()),
    st.builds(lambda stream, status: Frame(frames.RST_STREAM, stream, status=status), IDS, st.integers(1, 11)),
    st.builds(lambda number: Frame(frames.PING, number), IDS),
    st.builds(lambda stream: Frame(frames.GOAWAY, stream), IDS),
)


@given(st.lists(FRAMES, max_size=8), st.integers(1, 50))
def test_frames_survive_the_way_in_pieces_of_any_size(sent: list[Frame], size: int) -> None:
    encoder, decoder = Encoder(), Decoder()
    data = b"".join(map(encoder.encode, sent))
    got = [frame for at in range(0, len(data), size) for frame in decoder.feed(data[at : at + size])]
    assert got == sent


def test_the_dictionary_is_that_of_the_specification() -> None:
    assert zlib.adler32(DICTIONARY) == 0xE3C6A7C2  # as every peer's zlib stream names it
    assert len(DICTIONARY) == 1423


def test_a_frame_as_other_implementations_write_it() -> None:
    """SYN_STREAM 1, no compression at all: a stored deflate block behind the zlib head that names the dictionary."""
    block = b"\0\0\0\x01\0\0\0\x04port\0\0\0\x0280"
    packed = b"\x78\xbb\xe3\xc6\xa7\xc2" + b"\0" + len(block).to_bytes(2, "little") + (len(block) ^ 0xFFFF).to_bytes(2, "little") + block
    payload = b"\0\0\0\x01" + bytes(6) + packed
    data = b"\x80\x03\0\x01\0" + len(payload).to_bytes(3, "big") + payload
    assert list(Decoder().feed(data)) == [Frame(frames.SYN_STREAM, 1, headers={"port": "80"})]


def test_unknown_control_frames_are_passed_over() -> None:
    settings = b"\x80\x03\0\x04\0\0\0\x04\0\0\0\0"
    assert list(Decoder().feed(settings + Encoder().encode(Frame(frames.PING, 7)))) == [Frame(frames.PING, 7)]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n" + bytes(8),
        b"\x80\x02\0\x01\0\0\0\x0a" + bytes(10),
        b"\x80\x03\0\x01\0\0\0\x0e" + bytes(10) + b"junk",
        b"\x80\x03\0\x03\0\0\0\x02\0\0",
        b"\0\0\0\x01\0\xff\xff\xff",
    ],
    ids=["http", "version 2", "headers that do not unpack", "too short", "too long"],
)
def test_what_is_no_spdy_is_refused(data: bytes) -> None:
    with pytest.raises(SpdyError):
        list(Decoder().feed(data + bytes(4096)))


def test_headers_that_unpack_to_a_flood_are_refused() -> None:
    bomb = Encoder().encode(Frame(frames.SYN_STREAM, 1, headers={"a": "x" * 10_000_000}))
    with pytest.raises(SpdyError, match="too many"):
        list(Decoder().feed(bomb))
