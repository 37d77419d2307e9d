"""Texts of lessons, exercises and demos in other languages.

A translation is a file of its own beside the original, `exercises/de/03-self-healing.yaml` for
`exercises/03-self-healing.yaml`. It holds texts and nothing else, under the names that the original gives its parts: how
a thing behaves is said in one place only. Names stay what they are, whatever the language; texts are for reading.
"""
