"""Mirrors: directories and addresses that lack, alter or do not list files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from faulty_server import BODY, OTHER, QUICK, Fault, Site, sha256

from pipeline.artifacts import InputError
from pipeline.data.fetch import digests
from pipeline.data.fetch.download import fetch, local_path
from pipeline.data.fetch.mirror import choose_mirror


def write_mirror(folder: Path, files: dict[str, bytes], sums: bool = True) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    if sums:
        text = "".join(f"{sha256(content)}  {path}\n" for path, content in files.items())
        (folder / "SHA256SUMS").write_text(text)
    return folder


def test_a_mirror_and_the_origin_give_the_same_list(site: Site, raw: Path, tmp_path: Path) -> None:
    address = site.a
    mirror = write_mirror(tmp_path / "mirror", {local_path(address): BODY})
    from_folder = fetch([address], tmp_path / "one", str(mirror))
    assert site.requests == []
    for file in mirror.rglob("*"):
        if file.is_file():
            site.files[f"/copies/{file.relative_to(mirror).as_posix()}"] = file.read_bytes()
    from_address = fetch([address], tmp_path / "two", f"{site.address}/copies/")
    assert [path for path, _ in site.requests] == ["/copies/SHA256SUMS", f"/copies/{local_path(address)}"]
    assert from_folder == from_address == fetch([address], raw)
    for folder in (tmp_path / "one", tmp_path / "two"):
        assert digests.read(folder / "SHA256SUMS.mirror") == {local_path(address): sha256(BODY)}
        assert not (folder / "SHA256SUMS").exists()  # a mirror's digests are never held against an original


def test_a_mirror_over_http_is_resumed_too(site: Site, raw: Path) -> None:
    sums = f"# two ways of writing\n\n{sha256(BODY).upper()} *./far.org/a\n{sha256(OTHER)}  far.org/b#c\n"
    site.files |= {"/SHA256SUMS": sums.encode(), "/far.org/a": BODY, "/far.org/b#c": OTHER}
    site.faults["/far.org/a"] = [Fault(cut_after=70_000)]
    site.faults["/SHA256SUMS"] = [Fault(cut_after=10), Fault(status=503)]
    fetch(["https://far.org/a", "https://far.org/b%23c"], raw, site.address, waits=QUICK)
    assert site.asked("/far.org/a") == [None, "bytes=70000-"] and (raw / "far.org/a").read_bytes() == BODY
    assert (raw / "far.org/b#c").read_bytes() == OTHER


@pytest.mark.parametrize("as_address", [False, True])
def test_a_mirror_without_digests_needs_pins(site: Site, raw: Path, tmp_path: Path, as_address: bool) -> None:
    mirror = str(write_mirror(tmp_path / "mirror", {"h/a": BODY}, sums=False))
    if as_address:
        mirror, site.files["/h/a"] = site.address, BODY
    with pytest.raises(InputError, match=r"no SHA256SUMS.*h/a.*sha256sum"):
        fetch(["http://h/a"], raw, mirror)
    assert not (raw / "h/a").exists()
    assert fetch(["http://h/a"], raw, mirror, pins={"http://h/a": sha256(BODY)})[0].sha256 == sha256(BODY)


def test_what_a_mirror_lacks_is_said_before_anything_moves(raw: Path, tmp_path: Path) -> None:
    mirror = write_mirror(tmp_path / "mirror", {"h/a": b"a", "h/b": b"b"})
    with pytest.raises(InputError, match=r"SHA256SUMS: does not list h/c and 1 other"):
        fetch([f"http://h/{name}" for name in "abcd"], raw, str(mirror))
    assert not (raw / "h").exists()
    (mirror / "h/b").unlink()
    with pytest.raises(InputError, match=r"mirror/h/b: missing from the mirror"):
        fetch(["http://h/a", "http://h/b"], raw, str(mirror))


def test_wrong_bytes_in_a_directory_mirror(raw: Path, tmp_path: Path) -> None:
    mirror = write_mirror(tmp_path / "mirror", {"h/a": b"right"})
    fetch(["http://h/a"], raw, str(mirror))
    (raw / "h/a").write_bytes(b"damaged here")
    (mirror / "h/a").write_bytes(b"damaged there")
    with pytest.raises(InputError) as error:
        fetch(["http://h/a"], raw, str(mirror))
    for said in (str(mirror / "h/a"), f"expected {sha256(b'right')}", f"got {sha256(b'damaged there')}"):
        assert said in str(error.value)
    assert (raw / "h/a").read_bytes() == b"damaged here" and not list(raw.rglob("*.part*"))


@pytest.mark.parametrize("line", ["12ab  h/a", "h/a", f"{'0' * 64}", f"{'g' * 64}  h/a"])
def test_a_malformed_list_of_digests_names_its_line(raw: Path, tmp_path: Path, line: str) -> None:
    mirror = write_mirror(tmp_path / "mirror", {"h/a": b"a"})
    with (mirror / "SHA256SUMS").open("a") as file:
        file.write(f"\n{line}\n")
    with pytest.raises(InputError, match=r"SHA256SUMS: line 3: expected"):
        fetch(["http://h/a"], raw, str(mirror))


def test_there_is_no_such_mirror(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: no such folder; a mirror \(--mirror, MIXPOSE_MIRROR"):
        fetch(["http://h/a"], raw, str(tmp_path / "nowhere"))


def test_a_mirrors_password_is_not_printed(site: Site, raw: Path) -> None:
    site.files["/SHA256SUMS"] = f"{sha256(BODY)}  h/a\n".encode()
    with pytest.raises(InputError, match="404") as error:
        fetch(["http://h/a"], raw, site.address.replace("//", "//reader:secret@"))
    assert "secret" not in str(error.value)


def test_both_versions_of_a_file_are_kept_apart(
    site: Site, raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mirror's files may differ from the originals: neither replaces the other silently."""
    address = site.a
    mirror = str(write_mirror(tmp_path / "mirror", {local_path(address): OTHER}))
    fetch([address], raw)
    assert fetch([address], raw, mirror)[0].sha256 == sha256(BODY)  # the original was good, and stays
    assert "kept 1 files that came from the original addresses" in capsys.readouterr().err
    (raw / local_path(site.a)).unlink()
    assert fetch([address], raw, mirror)[0].sha256 == sha256(OTHER)
    assert fetch([address], raw)[0].sha256 == sha256(OTHER)  # a mirror's copy serves on when its mirror is gone
    assert "kept 1 files that came from a mirror" in capsys.readouterr().err
    (raw / local_path(site.a)).unlink()
    assert fetch([address], raw)[0].sha256 == sha256(BODY)  # the mirror's digest is not held against the original
    shutil.copy(tmp_path / "mirror" / local_path(address), (raw / local_path(site.a)))
    assert fetch([address], raw, pins={address: sha256(BODY)})[0].sha256 == sha256(BODY)  # a pin wants the original


def test_a_mirror_that_was_renewed_renews_its_copies(raw: Path, tmp_path: Path) -> None:
    fetch(["http://h/a"], raw, str(write_mirror(tmp_path / "mirror", {"h/a": b"old"})))
    fetch(["http://h/a"], raw, str(write_mirror(tmp_path / "mirror", {"h/a": b"new"})))
    assert (raw / "h/a").read_bytes() == b"new"


def test_files_by_hand_beside_a_mirror(raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The mirror's own are its copies, what it does not know is taken, and what it knows to be another is named."""
    mirror = str(write_mirror(tmp_path / "mirror", {"h/a": b"a", "h/b": b"b"}))
    write_mirror(raw, {"h/a": b"a", "h/c": b"c"}, sums=False)
    found = fetch([f"http://h/{name}" for name in "abc"], raw, mirror)
    assert [item.sha256 for item in found] == [sha256(content) for content in (b"a", b"b", b"c")]
    assert "took 1 files that were put there by hand, such as " in capsys.readouterr().err
    assert digests.read(raw / "SHA256SUMS.mirror").keys() == {"h/a", "h/b"}
    assert digests.read(raw / "SHA256SUMS").keys() == {"h/c"}
    (raw / "SHA256SUMS.mirror").unlink()
    (raw / "h/b").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"raw/h/b: was put there by hand.*the mirror's SHA256SUMS\); move it away"):
        fetch(["http://h/b"], raw, mirror)
    assert (raw / "h/b").read_bytes() == b"mine"


def test_precedence_of_mirrors() -> None:
    environment = {"MIXPOSE_MIRROR": "environment"}
    assert choose_mirror("option", "setting", environment) == "option"
    assert choose_mirror(None, "setting", environment) == "environment"
    assert choose_mirror(None, "setting", {"MIXPOSE_MIRROR": ""}) == "setting"
    assert choose_mirror(None, None, {}) is None


@pytest.mark.parametrize("base", ["http://", "http://127.0.0.1:notaport", "http://[half"])
def test_a_mirror_that_is_no_address(raw: Path, base: str) -> None:
    with pytest.raises(InputError, match="not an address"):
        fetch(["http://h/a"], raw, base, waits=QUICK)
