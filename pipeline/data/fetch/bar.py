"""The progress of many transfers at once."""

from __future__ import annotations

import threading

from tqdm import tqdm


class Bar:
    """Progress over all files, in bytes. Unknown sizes are estimated by the mean of the known ones."""

    def __init__(self, word: str, files: int) -> None:
        self._files, self._done = files, 0
        self._positions: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._known = 0  # sum of the sizes
        self._lock = threading.Lock()
        self._bar = tqdm(desc=word, unit="B", unit_scale=True, disable=None, delay=0.5)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def at(self, source: str, position: int, size: int | None) -> None:
        """`position` bytes of a file are here; a transfer that starts again goes back."""
        with self._lock:
            if size is not None:
                self._known += size - self._sizes.get(source, 0)
                self._sizes[source] = size
                self._bar.total = self._known * self._files // len(self._sizes)
            step = position - self._positions.get(source, 0)
            self._positions[source] = position
            self._bar.update(step)

    def finished(self) -> None:
        with self._lock:
            self._done += 1
            self._bar.set_postfix_str(f"{self._done}/{self._files} files", refresh=False)
