"""What the tests of downloads share: a faulty server and a folder for what comes from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import faulty_server
import pytest


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[faulty_server.Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    site, server = faulty_server.start()
    yield site
    server.shutdown()
    server.server_close()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return tmp_path / "data" / "raw"
