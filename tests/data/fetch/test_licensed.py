"""Licensed data are found in their place; otherwise one line says all that a user needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.artifacts import InputError
from pipeline.data.fetch import licensed
from pipeline.data.fetch.licensed import LICENSED, WORKS_WITHOUT, require

REPOSITORY = Path(__file__).parents[3]


def bring(root: Path, names: tuple[str, ...], content: bytes = b"content") -> list[Path]:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return [root / name for name in names]


@pytest.mark.parametrize("key", LICENSED)
def test_the_error_says_what_is_missing_where_it_goes_who_grants_it_and_what_works_without(
    tmp_path: Path, key: str
) -> None:
    data = LICENSED[key]
    with pytest.raises(InputError) as error:
        require(key, tmp_path)
    said = str(error.value)
    assert data.what in said and data.granted_at in said and f"preset {WORKS_WITHOUT} works without" in said
    assert all(str(tmp_path / files[0]) in said and str(tmp_path / files[-1]) in said for files in data.choices)
    assert "\n" not in said
    assert re.match(r"https?://[\w.]+/?", data.granted_at)


@pytest.mark.parametrize(("key", "choice"), [(key, files) for key, data in LICENSED.items() for files in data.choices])
def test_any_complete_set_of_files_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, choice: tuple[str, ...]
) -> None:
    stated = licensed.NAMED_DIGEST.search(choice[0])
    monkeypatch.setattr(licensed, "digest", lambda _: f"{stated and stated[1]}0123")
    brought = bring(tmp_path / "licensed", choice)
    assert require(key, tmp_path / "licensed") == brought


def test_only_what_is_still_missing_is_asked_for(tmp_path: Path) -> None:
    archives = LICENSED["human36m"].choices[1]
    bring(tmp_path, archives[:-1])
    bring(tmp_path, archives[-1:], content=b"")  # an empty file is no data
    with pytest.raises(InputError, match=r"or \S+/human36m/Poses_D3_Positions_S11\.tgz; granted"):
        require("human36m", tmp_path)
    bring(tmp_path, archives[-1:])
    assert len(require("human36m", tmp_path)) == 7


def test_the_preset_that_works_without_exists_and_needs_none() -> None:
    preset = (REPOSITORY / "params" / f"{WORKS_WITHOUT}.yaml").read_text()
    assert not any(f"source: {key}" in preset for key in LICENSED) and "body: smpl" not in preset
