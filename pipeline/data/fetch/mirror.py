"""A mirror: a directory or an address laid out as <host>/<path>, with a SHA256SUMS that holds for the mirror only."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from pipeline.artifacts import InputError
from pipeline.data.fetch import digests
from pipeline.data.fetch.transfer import NotThere, Part, Transfer, shown


@dataclass(frozen=True)
class Mirror:
    base: str  # an address without a final slash, or a directory
    has_sums: bool = True
    sums: dict[str, str] = field(default_factory=dict)  # <host>/<path> -> SHA-256

    def location(self, path: str) -> str | Path:
        """Where the mirror keeps <host>/<path>: an address if the mirror is one, else a file's path."""
        return f"{self.base}/{quote(path)}" if _is_address(self.base) else Path(self.base) / path


def choose_mirror(option: str | None, setting: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """--mirror overrides MIXPOSE_MIRROR, which overrides `mirror:` in params.yaml. None: the original addresses."""
    return option or environment.get("MIXPOSE_MIRROR") or setting or None


def load(base: str, transfer: Transfer) -> Mirror:
    """Read a mirror's SHA256SUMS. Raises InputError if there is no such mirror or its list is malformed."""
    if _is_address(base):
        return _load_address(base.rstrip("/"), transfer)
    folder = Path(base.removeprefix("file://")).expanduser()
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder; a mirror (--mirror, MIXPOSE_MIRROR or mirror: in params.yaml) is a directory "
            "or an address that starts with http"
        )
    sums = folder / digests.NAME
    return Mirror(str(folder), True, digests.read(sums)) if sums.exists() else Mirror(str(folder), False)


def _load_address(base: str, transfer: Transfer) -> Mirror:
    address = f"{base}/{digests.NAME}"
    with tempfile.TemporaryDirectory() as scratch:
        copy = Part(Path(scratch) / digests.NAME)
        try:
            transfer.over_http(address, copy, checkable=False)
        except NotThere:
            return Mirror(base, False)
        text = copy.path.read_text(encoding="utf-8", errors="replace")
    return Mirror(base, True, digests.parse(text, shown(address)))


def _is_address(base: str) -> bool:
    return base.startswith(("http://", "https://"))
