"""SHA256SUMS: the list of digests that a mirror carries and that a downloads folder keeps, as `sha256sum` writes it."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from pipeline.artifacts import InputError, write_text

NAME = "SHA256SUMS"
LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](?:\./)?(\S.*)")  # `sha256sum` marks binary mode by the star


def parse(text: str, origin: str) -> dict[str, str]:
    """Path -> digest. `origin` names the text in the InputError that a malformed line raises."""
    sums = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.fullmatch(line.rstrip())
        if match is None:
            raise InputError(f"{origin}: line {number}: expected '<64 hexadecimal digits>  <host>/<path>'; correct it")
        sums[match[2]] = match[1].lower()
    return sums


def read(path: Path) -> dict[str, str]:
    """Path -> digest of a SHA256SUMS on disk; InputError as in `parse`, with the file's name."""
    return parse(path.read_text(encoding="utf-8", errors="replace"), str(path))


class Record:
    """Digests of what was downloaded, kept beside the downloads and good for `sha256sum -c`.

    A digest is appended as soon as its file is complete, so that an interruption loses nothing; `sort` puts the list in
    order at the end. Safe to use from several threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]  # a crash can tear the last line: its file is then fetched again
        self._sums = parse(whole, str(path))
        if whole != text:
            write_text(path, whole)

    def get(self, path: str) -> str | None:
        return self._sums.get(path)

    def add(self, path: str, digest: str) -> None:
        with self._lock:
            if self._sums.get(path) == digest:
                return
            self._sums[path] = digest
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{digest}  {path}\n")  # a later line for a path overrides an earlier one

    def sort(self) -> None:
        text = "".join(f"{self._sums[path]}  {path}\n" for path in sorted(self._sums))
        if self._sums and text != self.path.read_text(encoding="utf-8"):
            write_text(self.path, text)
