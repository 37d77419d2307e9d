"""What a terminal driver and readline do: keys in, echo and whole lines out. No input or output of its own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

_MOST_HISTORY = 500
_MOST_LINE = 64 * 1024
_KEYS = re.compile(r"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|\x1b.|[\s\S]")
_NAMES = {
    "\x1b[A": "up", "\x1bOA": "up", "\x10": "up",
    "\x1b[B": "down", "\x1bOB": "down", "\x0e": "down",
    "\x1b[C": "right", "\x1bOC": "right", "\x06": "right",
    "\x1b[D": "left", "\x1bOD": "left", "\x02": "left",
    "\x1b[H": "home", "\x1bOH": "home", "\x01": "home",
    "\x1b[F": "end", "\x1bOF": "end", "\x05": "end",
    "\x7f": "backspace", "\x08": "backspace", "\x1b[3~": "delete",
    "\x15": "kill_before", "\x0b": "kill_after", "\x17": "kill_word", "\x0c": "clear", "\t": "complete",
}  # fmt: skip


class LineEditor:
    """`prompt` is asked for when a line begins; `candidates` gives the words that could stand for the last one."""

    def __init__(self, prompt: Callable[[], str], candidates: Callable[[str], list[str]]) -> None:
        self._prompt, self._candidates = prompt, candidates
        self.history: list[str] = []
        self._line, self._at, self._past, self._kept = "", 0, 0, ""

    @staticmethod
    def keys(data: str) -> list[str]:
        """Input taken apart into keys."""
        return _KEYS.findall(data.replace("\r\n", "\r"))

    def begin(self) -> str:
        """A new line: the prompt to show."""
        self._line, self._at, self._past = "", 0, len(self.history)
        return self._prompt()

    def redraw(self) -> str:
        back = len(self._line) - self._at
        return f"\r\x1b[K{self._prompt()}{self._line}" + (f"\x1b[{back}D" if back else "")

    def key(self, key: str) -> tuple[str, str | None]:
        """(what to echo, the line when it is complete). Ctrl-D on an empty line completes "exit"."""
        if key in ("\r", "\n"):
            return "\r\n", self._accept()
        if key == "\x03":
            return "^C\r\n" + self.begin(), None
        if key == "\x04":
            return ("exit\r\n", "exit") if not self._line else ("", None)
        name = _NAMES.get(key)
        if name is not None:
            return str(getattr(self, f"_{name}")()), None
        return (self._insert(key), None) if key.isprintable() else ("", None)

    def _accept(self) -> str:
        line = self._line
        if line.strip() and self.history[-1:] != [line]:
            self.history = [*self.history, line][-_MOST_HISTORY:]
        return line

    def _insert(self, text: str) -> str:
        if len(self._line) + len(text) > _MOST_LINE:
            return "\a"
        self._line = self._line[: self._at] + text + self._line[self._at :]
        self._at += len(text)
        return text if self._at == len(self._line) else self.redraw()

    def _move(self, at: int) -> str:
        self._at = max(0, min(at, len(self._line)))
        return self.redraw()

    def _left(self) -> str:
        return self._move(self._at - 1)

    def _right(self) -> str:
        return self._move(self._at + 1)

    def _home(self) -> str:
        return self._move(0)

    def _end(self) -> str:
        return self._move(len(self._line))

    def _cut(self, begin: int, end: int) -> str:
        self._line = self._line[:begin] + self._line[end:]
        return self._move(begin)

    def _backspace(self) -> str:
        return self._cut(self._at - 1, self._at) if self._at else ""

    def _delete(self) -> str:
        return self._cut(self._at, self._at + 1)

    def _kill_before(self) -> str:
        return self._cut(0, self._at)

    def _kill_after(self) -> str:
        return self._cut(self._at, len(self._line))

    def _kill_word(self) -> str:
        return self._cut(len(re.sub(r"\S+\s*$", "", self._line[: self._at])), self._at)

    def _clear(self) -> str:
        return "\x1b[H\x1b[2J" + self.redraw()

    def _recall(self, past: int) -> str:
        if not 0 <= past <= len(self.history):
            return ""
        if self._past == len(self.history):
            self._kept = self._line
        self._past = past
        self._line = self.history[past] if past < len(self.history) else self._kept
        return self._move(len(self._line))

    def _up(self) -> str:
        return self._recall(self._past - 1)

    def _down(self) -> str:
        return self._recall(self._past + 1)

    def _complete(self) -> str:
        before = self._line[: self._at]
        word = re.split(r"[\s|;&<>=]", before)[-1]
        found = self._candidates(before)
        if len(found) == 1:
            rest = found[0][len(word) :]
            return self._insert(rest if found[0].endswith("/") else rest + " ")
        common = _common(found)
        if len(common) > len(word):
            return self._insert(common[len(word) :])
        return "\r\n" + "  ".join(found[:60]) + "\r\n" + self.redraw() if found else ""


def _common(words: list[str]) -> str:
    if not words:
        return ""
    low, high = min(words), max(words)
    size = next((index for index, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low))
    return low[:size]


def is_whole(text: str) -> bool:
    """Whether a script is complete: no heredoc, quote or line goes on."""
    for match in re.finditer(r"<<-?\s*(['\"]?)(\w+)\1", text):
        if not re.search(rf"\n\t*{match[2]}(\n|$)", text[match.end() :]):
            return False
    if "<<" in text:
        return True
    if text.endswith("\\"):
        return False
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return True
