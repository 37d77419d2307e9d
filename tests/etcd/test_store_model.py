"""The store against a naive model: whole copies of the keys per revision."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cluster_core.etcd.store import CompactedError, KeyValue, Store, prefix_end

KEYS = st.sampled_from(["a", "a/b", "a/c", "b", "c", "é"])
VALUES = st.binary(max_size=3)


class StoreAgainstModel(RuleBasedStateMachine):
    """`history[revision]` is the whole state as of that revision."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.now: dict[str, tuple[bytes, int, int, int]] = {}
        self.history: dict[int, dict[str, tuple[bytes, int, int, int]]] = {1: {}}
        self.compacted = 0

    def _put(self, key: str, value: bytes, revision: int) -> None:
        _, created, _, version = self.now.get(key, (b"", revision, 0, 0))
        self.now = {**self.now, key: (value, created, revision, version + 1)}

    def _record(self) -> None:
        self.history[self.store.revision] = self.now

    @rule(key=KEYS, value=VALUES)
    def put(self, key: str, value: bytes) -> None:
        self._put(key, value, max(self.history) + 1)
        self.store.put(key, value)
        self._record()

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.store.delete(key)
        self.now = {name: found for name, found in self.now.items() if name != key}
        self._record()

    @rule(start=KEYS, end=KEYS)
    def delete_range(self, start: str, end: str) -> None:
        self.store.delete_range(start, end)
        self.now = {name: found for name, found in self.now.items() if not start <= name < end}
        self._record()

    @rule(puts=st.dictionaries(KEYS, VALUES, max_size=3), gone=KEYS)
    def transaction(self, puts: dict[str, bytes], gone: str) -> None:
        revision = max(self.history) + 1
        with self.store.together():
            if gone not in puts:
                self.store.delete(gone)
            for key, value in puts.items():
                self.store.put(key, value)
        if gone not in puts:
            self.now = {name: found for name, found in self.now.items() if name != gone}
        for key, value in puts.items():
            self._put(key, value, revision)
        self._record()

    @rule(back=st.integers(0, 5))
    def compact(self, back: int) -> None:
        revision = max(self.store.revision - back, self.compacted, 1)
        self.store.compact(revision)
        self.compacted = revision

    @rule(back=st.integers(0, 8), start=KEYS, end=KEYS)
    def read_the_past(self, back: int, start: str, end: str) -> None:
        revision = self.store.revision - back
        if revision < 1:
            return
        try:
            found = self.store.range(start, end, revision)
        except CompactedError:
            assert revision < self.compacted
            return
        expected = {key: value for key, value in self.history[revision].items() if start <= key < end}
        assert {each.key: facts(each) for each in found} == expected

    @invariant()
    def the_present_is_equal(self) -> None:
        assert self.store.revision == max(self.history)
        assert {each.key: facts(each) for each in self.store.range("", "\0")} == self.now

    @invariant()
    def events_lead_from_the_compacted_state_to_now(self) -> None:
        begin = max(self.compacted, 1)
        state = {key: value[0] for key, value in self.history[begin].items()}
        for event in self.store.events_after(begin):
            if event.new is None:
                del state[event.key]
            else:
                state[event.key] = event.new.value
        assert state == {key: value[0] for key, value in self.now.items()}


def facts(found: KeyValue) -> tuple[bytes, int, int, int]:
    return found.value, found.create_revision, found.mod_revision, found.version


TestStoreAgainstModel = StoreAgainstModel.TestCase
TestStoreAgainstModel.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


@given(st.text(max_size=3), st.text(max_size=3))
@example("\U0010ffff", "\U0010ffff")
@example("a\U0010ffff", "b")
@example("\ud7ff", "\ue000")
def test_the_end_of_a_prefix_bounds_just_the_keys_that_begin_with_it(prefix: str, rest: str) -> None:
    end = prefix_end(prefix)
    end.encode()
    for key in (prefix + rest, rest):
        assert key.startswith(prefix) == (key >= prefix and (end == "\0" or key < end))
