"""The download stage from the command line: its list, its mirrors in their order, and what it says when it cannot."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.artifacts import digest
from pipeline.sources import cmu

REPOSITORY = Path(__file__).parents[2]
ADDRESSES = cmu.addresses(cmu.CmuSettings())


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with this one's settings, and no network."""
    shutil.copytree(REPOSITORY / "params", tmp_path / "params")
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIXPOSE_MIRROR", raising=False)

    def refuse(*arguments: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return tmp_path


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """Small stand-ins for CMU's files, each with its own content."""
    folder = tmp_path / "a mirror"
    for address in ADDRESSES:
        path = folder / address.removeprefix("http://")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(address)
    files = sorted(path for path in folder.rglob("*.a*"))
    sums = "".join(f"{digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)
    (folder / "SHA256SUMS").write_text(sums)
    return folder


def test_a_preset_that_needs_nothing_writes_an_empty_list(project: Path) -> None:
    assert main(["download", "--preset", "demo", "--mirror", "/no/such/mirror"]) == 0
    assert json.loads((project / "data/demo/download.json").read_text()) == []
    assert not (project / "data/raw").exists()


def test_the_list_names_the_original_addresses_only(project: Path, mirror: Path) -> None:
    assert main(["download", "--preset", "mini", "--mirror", str(mirror)]) == 0
    text = (project / "data/mini/download.json").read_text()
    entries = json.loads(text)
    assert [entry["address"] for entry in entries] == sorted(ADDRESSES) and str(mirror) not in text
    for entry in entries:
        file = project / "data/raw" / entry["path"]
        assert file.read_text() == entry["address"]
        assert (entry["bytes"], entry["sha256"]) == (file.stat().st_size, digest(file))
    assert main(["download", "--preset", "mini", "--mirror", str(mirror)]) == 0
    assert (project / "data/mini/download.json").read_text() == text


def test_which_mirror_is_used(project: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = (project / "params.yaml").read_text()
    assert "\nmirror: null\n" in settings
    (project / "params.yaml").write_text(settings.replace("\nmirror: null\n", f"\nmirror: {mirror}\n"))
    assert main(["download", "--preset", "mini"]) == 0
    monkeypatch.setenv("MIXPOSE_MIRROR", "/not/this")
    assert main(["download", "--preset", "mini"]) == 2
    assert main(["download", "--preset", "mini", "--mirror", str(mirror)]) == 0


def test_a_wrong_file_is_one_line_and_exit_code_2(
    project: Path, mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = mirror / "mocap.cs.cmu.edu/subjects/02/02.asf"
    wrong.write_text("something else")
    assert main(["download", "--preset", "mini", "--mirror", str(mirror)]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith(f"error: {wrong}: wrong SHA-256: expected ") and "\n" not in said
    assert not (project / "data/mini/download.json").exists()


def test_a_licensed_body_stops_it_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    preset = project / "params" / "demo.yaml"
    preset.write_text(preset.read_text().replace("body: open", "body: smpl"))
    assert main(["download", "--preset", "demo"]) == 2
    said = capsys.readouterr().err
    assert "data/licensed/smpl/SMPL_NEUTRAL.npz" in said and "smpl.is.tue.mpg.de" in said


def test_licensed_data_stop_it_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["download", "--preset", "paper"]) == 2
    said = capsys.readouterr().err
    assert "data/licensed/human36m/data_3d_h36m.npz" in said and "vision.imar.ro" in said and "preset mini" in said
    assert not (project / "data").exists()
