"""What is said in English can be said again in another language; what is kept is the same whatever the language."""

from __future__ import annotations

import pickle

from django.utils import translation

from playground.grading import saying
from playground.grading.saying import Said

NESTED = Said("%(found)s, wanted %(wanted)s", found=Said("%(n)s ready %(objects)s", n=2, objects="Pod"), wanted=Said("exactly %(n)s", n=3))


def test_a_sentence_is_its_english_text() -> None:
    assert NESTED == "2 ready Pod, wanted exactly 3"
    assert saying.joined("; ", [Said("open"), "b"]) == "open; b"


def test_it_is_said_again_in_the_language_of_the_request() -> None:
    with translation.override("de"):
        assert saying.here(NESTED) == "Pod: 2 bereit, verlangt: genau 3"
        assert str(NESTED) == "2 ready Pod, wanted exactly 3"


def test_what_is_kept_of_it_is_json_and_the_same_in_every_language() -> None:
    kept = saying.record(NESTED)
    with translation.override("de"):
        assert saying.record(NESTED) == kept
    assert kept["with"]["wanted"] == {"text": "exactly %(n)s", "with": {"n": 3}}
    assert saying.told(kept) == NESTED


def test_values_are_not_translated_but_for_names() -> None:
    told = Said('"%(what)s" has not happened', what="open")
    with translation.override("de"):
        assert saying.here(told) == "„open“ ist nicht geschehen"
        assert saying.told(saying.record(told), {"open": "Die Tür ist offen"}) == "„Die Tür ist offen“ ist nicht geschehen"


def test_it_travels_to_another_process_as_it_is() -> None:
    again = pickle.loads(pickle.dumps(NESTED))
    assert saying.record(again) == saying.record(NESTED)
