"""Archives are unpacked whole or not at all, and never outside their folder, whatever they say."""

from __future__ import annotations

import io
import random
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from pipeline.artifacts import InputError
from pipeline.sources.unpack import MARKER, unpack

FILES = {"a.txt": b"first\n" * 50, "folder/b.bin": random.Random(0).randbytes(100_000), "folder/deep/c": b""}
TAR_MODES = {".tar": "w", ".tgz": "w:gz", ".tar.gz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}


def make(path: Path, files: dict[str, bytes] | None = None) -> Path:
    files = FILES if files is None else files
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    return make_tar(path, [(name, {"content": content}) for name, content in files.items()])


def make_tar(path: Path, members: list[tuple[str, dict]]) -> Path:
    with tarfile.open(path, TAR_MODES["".join(path.suffixes[-2:]) if ".tar." in path.name else path.suffix]) as archive:
        for name, attributes in members:
            info = tarfile.TarInfo(name)
            content = attributes.pop("content", b"")
            info.size = len(content)
            for key, value in attributes.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return path


def content_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != MARKER
    }


@pytest.mark.parametrize("suffix", [".zip", *TAR_MODES])
def test_what_went_in_comes_out(tmp_path: Path, suffix: str) -> None:
    unpack(make(tmp_path / f"set{suffix}"), tmp_path / "out")
    assert content_of(tmp_path / "out") == FILES


def test_tops_folders_and_inner_links(tmp_path: Path) -> None:
    members = [
        ("./", {"type": tarfile.DIRTYPE}),
        ("./one", {"type": tarfile.DIRTYPE}),
        ("./one/up", {"type": tarfile.SYMTYPE, "linkname": "../two/file"}),
        ("one/same", {"type": tarfile.LNKTYPE, "linkname": "two/file"}),
        ("two/file", {"content": b"content"}),
    ]
    unpack(make_tar(tmp_path / "set.tar", members), tmp_path / "out")
    assert content_of(tmp_path / "out") == {"one/up": b"content", "one/same": b"content", "two/file": b"content"}
    assert (tmp_path / "out/one/up").is_symlink() and (tmp_path / "out/one/same").stat().st_nlink == 2


# --- nothing leaves the folder ----------------------------------------------------------------------------------------

SYMLINK, HARDLINK = tarfile.SYMTYPE, tarfile.LNKTYPE
EVIL = {
    "parent": ([("../evil", {})], "'..' in its name"),
    "deep parent": ([("a/../../evil", {})], "'..' in its name"),
    "Windows parent": ([("a\\..\\..\\evil", {})], "'..' in its name"),
    "absolute": ([("/tmp/evil", {})], "absolute name"),
    "Windows drive": ([("C:\\evil", {})], "absolute name"),
    "line break": ([("a\nb", {})], "printable"),
    "absolute link": ([("a", {"type": SYMLINK, "linkname": "/etc/passwd"})], "link out of the folder"),
    "link to parent": ([("a/b", {"type": SYMLINK, "linkname": "../../evil"})], "link out of the folder"),
    "hard link to parent": ([("a/b/c", {"type": HARDLINK, "linkname": "../evil"})], "link out of the folder"),
    "hard link to nothing": ([("a", {"type": HARDLINK, "linkname": "b"})], "which is no file in it"),
    "climb through a link": (
        [("d", {"type": SYMLINK, "linkname": "."}), ("e", {"type": SYMLINK, "linkname": "d/../evil"})],
        "link out of the folder",
    ),
    "write through a link": (
        [("inner/x", {}), ("d", {"type": SYMLINK, "linkname": "inner"}), ("d/evil", {})],
        "collides",
    ),
    "link in a linked folder": (
        [
            ("p/q/r/x", {}),
            ("d", {"type": SYMLINK, "linkname": "p"}),
            ("d/e", {"type": SYMLINK, "linkname": "q"}),
        ],
        "in a folder that is a link",
    ),
    "hard link to a link": (
        [("x", {}), ("l", {"type": SYMLINK, "linkname": "x"}), ("h", {"type": HARDLINK, "linkname": "l"})],
        "which is no file in it",
    ),
    "pipe": ([("pipe", {"type": tarfile.FIFOTYPE})], "device or pipe"),
    "device": ([("null", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3})], "device or pipe"),
    "twice": ([("a", {}), ("./a", {})], "collides"),
    "file as folder": ([("a", {}), ("a/b", {})], "collides"),
    "folder as file": ([("a/b", {}), ("a", {})], "collides"),
}


@pytest.mark.parametrize("with_filter", [True, False])
@pytest.mark.parametrize("case", EVIL)
def test_evil_tars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, with_filter: bool) -> None:
    """With the standard library's filter and, as on Python 3.11.2, without."""
    if not with_filter:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    members, words = EVIL[case]
    members = [("good", {"content": b"good"}), *[(name, dict(attributes)) for name, attributes in members]]
    folder = tmp_path / "here"
    folder.mkdir()
    archive = make_tar(folder / "set.tar", members)
    with pytest.raises(InputError, match=words) as error:
        unpack(archive, folder / "out")
    assert str(error.value).startswith(f"{archive}: ") and "\n" not in str(error.value)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["here", "set.tar"]


@pytest.mark.parametrize(
    ("name", "mode", "words"),
    [
        ("../evil", 0, "'..' in its name"),
        ("/evil", stat.S_IFREG, "absolute name"),
        ("a\\..\\..\\evil", 0, "'..' in its name"),
        ("link", stat.S_IFLNK, "link out of the folder"),
        ("null", stat.S_IFCHR, "device or pipe"),
    ],
)
def test_evil_zips(tmp_path: Path, name: str, mode: int, words: str) -> None:
    info = zipfile.ZipInfo(name)
    info.external_attr = (mode | 0o644) << 16
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("good", "good")
        archive.writestr(info, "../evil")
    with pytest.raises(InputError, match=words):
        unpack(tmp_path / "set.zip", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]


def test_a_zip_keeps_inner_links(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr(info, "a/b")
        archive.writestr("a/b", "content")
    unpack(tmp_path / "set.zip", tmp_path / "out")
    assert (tmp_path / "out/link").readlink() == Path("a/b") and (tmp_path / "out/link").read_text() == "content"


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.3, 0.7, 0.999])
@pytest.mark.parametrize("suffix", [".zip", *TAR_MODES])
def test_a_truncated_archive_says_so(tmp_path: Path, suffix: str, kept: float) -> None:
    archive = make(tmp_path / f"set{suffix}")
    whole = archive.read_bytes()
    if suffix == ".tar":
        whole = whole.rstrip(b"\0")  # a plain tar is filled up with zeros, most of which nobody needs
    archive.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(InputError, match=rf"set{suffix}: truncated or damaged"):
        unpack(archive, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [archive]


def test_a_tar_cut_between_two_files(tmp_path: Path) -> None:
    """tarfile takes that for the end."""
    archive = make(tmp_path / "set.tar")
    second = archive.read_bytes().index(b"folder/b.bin")
    for end in (second, second + 100):
        archive.write_bytes(make(archive).read_bytes()[:end])
        with pytest.raises(InputError, match="truncated or damaged"):
            unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("suffix", [".zip", ".tgz", ".tar.bz2", ".tar.xz"])
def test_a_flipped_bit_is_noticed(tmp_path: Path, suffix: str) -> None:
    archive = make(tmp_path / f"set{suffix}", {"a": random.Random(0).randbytes(2_000_000)})  # several blocks of bzip2
    content = bytearray(archive.read_bytes())
    content[len(content) * 3 // 4] ^= 1
    archive.write_bytes(content)
    with pytest.raises(InputError, match=rf"set{suffix}: truncated or damaged"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_header_in_a_tar_is_not_its_end(tmp_path: Path) -> None:
    archive = make(tmp_path / "set.tar")
    content = archive.read_bytes().replace(b"folder/b.bin", b"folder/x.bin")  # the header's check sum is wrong now
    archive.write_bytes(content)
    with pytest.raises(InputError, match="truncated or damaged"):
        unpack(archive, tmp_path / "out")


def test_an_encrypted_zip(tmp_path: Path) -> None:
    archive = make(tmp_path / "set.zip", {"a": b"secret"})
    content = bytearray(archive.read_bytes())
    content[6] |= 1  # the flag in the file's own header, and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(InputError, match="'a' is encrypted"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("name", ["set.rar", "set.gz", "set"])
def test_another_kind_of_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=rf"{name}: not an archive by its name; expected \.zip, \.tar"):
        unpack(tmp_path / name, tmp_path / "out")


def test_a_missing_archive(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"set\.zip: missing"):
        unpack(tmp_path / "set.zip", tmp_path / "out")


# --- again ------------------------------------------------------------------------------------------------------------


def test_the_same_archive_is_unpacked_once_and_a_newer_one_again(tmp_path: Path) -> None:
    archive, out = make(tmp_path / "set.tgz"), tmp_path / "out"
    unpack(archive, out)
    before = (out / "a.txt").stat().st_ino
    unpack(archive, out)
    assert (out / "a.txt").stat().st_ino == before
    unpack(make(archive, {"a.txt": b"newer"}), out)
    assert content_of(out) == {"a.txt": b"newer"}
    archive.write_bytes(b"damaged")
    with pytest.raises(InputError, match="truncated or damaged"):
        unpack(archive, out)
    assert content_of(out) == {"a.txt": b"newer"}


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    unpack(make(tmp_path / "one.zip"), out)  # an empty one may be filled
    (out / MARKER).unlink()
    with pytest.raises(InputError, match=r"out: was not made from one\.zip; move it away"):
        unpack(tmp_path / "one.zip", out)
    assert content_of(out) == FILES
