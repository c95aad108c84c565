"""Detection's metrics files: what was written can be read, and is written the same again."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from repository import ROOT

from pipeline import artifacts
from pipeline.detection.results import DetectionResults

FILES = sorted(
    path for path in (ROOT / "results" / "reference").glob("*/metrics/*.json") if '"kind"' in path.read_text()[:60]
)


def test_there_are_committed_files() -> None:
    assert len(FILES) >= 4


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_a_committed_file_is_written_with_the_same_bytes(path) -> None:
    results = DetectionResults.model_validate(artifacts.read_json(path))
    assert artifacts.as_json(results.as_json()) == path.read_text()


def test_an_unknown_key_is_refused() -> None:
    content = artifacts.read_json(FILES[0])
    with pytest.raises(ValidationError, match="typo"):
        DetectionResults.model_validate(content | {"typo": 1})
