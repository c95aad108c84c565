"""The words of a line in Acclaim's files, and which of them are numbers: one rule for ASF and AMC.

What stands inside a number is part of it. Windows' C library writes `1.#INF` and `-1.#IND` where there is no number, so
`#` begins a comment only at the start of a word; a decimal comma is not a separator, so brackets and commas are taken
away at the ends of a word only.
"""

from __future__ import annotations

import re

NUMBER = re.compile(rb"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
PUNCTUATION = b"(),"  # round a vector, and between its numbers


def words_of(line: bytes) -> list[bytes]:
    """The words of a line without its comment."""
    words = line.split()
    comment = next((index for index, word in enumerate(words) if word.startswith(b"#")), len(words))
    return words[:comment]


def number(word: bytes) -> float | None:
    """The number that a word is, or None. Python's own `1_000`, `nan` and `inf` are none."""
    return float(word) if NUMBER.fullmatch(word) else None


def numbers(words: list[bytes]) -> tuple[float, ...] | None:
    """The finite numbers that all the words are, or None."""
    found = [number(word) for word in words]
    return tuple(value for value in found if value is not None) if None not in found else None
