"""Unpacks zip and tar archives so that nothing lands outside the target folder, whatever the archive says.

Files are written first and links last, into a new folder that takes its name only when all went well. So no file is
ever written through a link, and no archive leaves half of itself behind.
"""

from __future__ import annotations

import contextlib
import gzip
import lzma
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tqdm import tqdm

from pipeline.artifacts import InputError, atomic_folder, digest

MARKER = ".unpacked.sha256"  # which archive a folder was made from
TAR_SUFFIXES = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
DAMAGE = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError)


@dataclass(frozen=True)
class Entry:
    """One thing in an archive: a file (`open`), a folder (neither), or a link to `target`."""

    name: str
    open: Callable[[], IO[bytes] | None] | None = None
    target: str | None = None
    hard: bool = False  # a hard link's target counts from the archive's top, a symbolic link's from the link's folder

    @property
    def place(self) -> PurePosixPath:
        return PurePosixPath(self.name)


def unpack(archive: Path, folder: Path) -> None:
    """Make `folder` the content of a zip, tar, tgz, tar.bz2 or tar.xz; at once if it is that already.

    A folder made from an older version of the archive is replaced, one that was not made here is not. Raises InputError
    for an archive that is missing, truncated, damaged, encrypted or of another kind, or that holds a name or link which
    leaves the folder, the same name twice, or a device.
    """
    if not archive.is_file():
        raise InputError(f"{archive}: missing; download it again")
    entries = _kind(archive)
    marker, made_from = folder / MARKER, f"{digest(archive)}  {archive.name}\n"
    if marker.is_file() and marker.read_text(encoding="utf-8") == made_from:
        return
    if folder.exists() and not marker.is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: was not made from {archive.name}; move it away, so that it is not overwritten")
    with atomic_folder(folder) as part, _naming(archive):
        links = []
        with _opened(archive) as file:
            for entry in entries(file, archive, part):
                if entry.target is not None:
                    links.append(entry)
                elif entry.place.parts:  # else it is the archive's top itself
                    _write(entry, archive, part)
        for link in links:
            _link(link, archive, part)
        (part / MARKER).write_text(made_from, encoding="utf-8")


# --- the two kinds of archive -----------------------------------------------------------------------------------------


def _kind(archive: Path) -> Callable[[IO[bytes], Path, Path], Iterator[Entry]]:
    name = archive.name.lower()
    if name.endswith(".zip"):
        return _zip_entries
    if name.endswith(TAR_SUFFIXES):
        return _tar_entries
    raise InputError(f"{archive}: not an archive by its name; expected .zip, {', '.join(TAR_SUFFIXES)}")


def _zip_entries(file: IO[bytes], archive: Path, part: Path) -> Iterator[Entry]:
    with zipfile.ZipFile(file) as content:
        for info in content.infolist():
            mode = stat.S_IFMT(info.external_attr >> 16)  # 0 where the archive was not made on Unix
            if info.flag_bits & 1:
                raise InputError(f"{archive}: {info.filename!r} is encrypted; unpack it by hand")
            if mode not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
                raise InputError(f"{archive}: {info.filename!r} is a device or pipe; refused")
            if mode == stat.S_IFLNK:
                entry = Entry(info.filename, target=content.read(info).decode("utf-8", "surrogateescape"))
            elif info.is_dir():
                entry = Entry(info.filename)
            else:
                entry = Entry(info.filename, open=partial(content.open, info))
            _check(entry, archive)
            yield entry


def _tar_entries(file: IO[bytes], archive: Path, part: Path) -> Iterator[Entry]:
    # The standard library's own filter gives a second opinion where it exists (Python 3.11.4 and later).
    second_opinion: Callable[[Any, str], Any] = getattr(tarfile, "data_filter", lambda member, path: member)
    with tarfile.open(fileobj=file, mode="r:*") as content:
        for member in content:
            if member.issym() or member.islnk():
                entry = Entry(member.name, target=member.linkname, hard=member.islnk())
            elif member.isdir():
                entry = Entry(member.name)
            elif member.isreg():
                entry = Entry(member.name, open=partial(content.extractfile, member))
            else:
                raise InputError(f"{archive}: {member.name!r} is a device or pipe; refused")
            _check(entry, archive)
            second_opinion(member, str(part))
            yield entry
        _check_end(content)


def _check_end(content: tarfile.TarFile) -> None:
    """A tar ends with a block of zeros. tarfile takes any unreadable header for the end, and reads no check sum."""
    assert content.fileobj is not None
    content.fileobj.seek(content.offset)
    block = content.fileobj.read(tarfile.BLOCKSIZE)
    if len(block) < tarfile.BLOCKSIZE or any(block):
        raise tarfile.ReadError(f"no end mark at byte {content.offset}")
    while content.fileobj.read(1 << 20):
        pass  # a compressed file's check sum stands after its last byte


# --- what an entry may be, and where it goes --------------------------------------------------------------------------


def _check(entry: Entry, archive: Path) -> None:
    """Refuse a name or a link's target that leaves the folder, or that could on another system."""
    name = entry.name
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
        raise InputError(f"{archive}: {name!r} is an absolute name; refused, nothing was unpacked")
    if ".." in re.split(r"[/\\]", name):
        raise InputError(f"{archive}: {name!r} has '..' in its name; refused, nothing was unpacked")
    if not name.isprintable():
        raise InputError(f"{archive}: {name!r} is not a printable name; refused, nothing was unpacked")
    if entry.target is not None:
        target = PurePosixPath(entry.target)
        climbs = next((index for index, part in enumerate(target.parts) if part != ".."), len(target.parts))
        depth = 0 if entry.hard else len(entry.place.parts) - 1
        # A '..' after a name is refused altogether: that name may itself be a link, to a place less deep.
        if target.is_absolute() or climbs > depth or ".." in target.parts[climbs:]:
            raise InputError(f"{archive}: {name!r} is a link out of the folder, to {entry.target!r}; refused")


def _write(entry: Entry, archive: Path, part: Path) -> None:
    path = part / entry.place
    with _naming_collisions(entry, archive):
        if entry.open is None:
            path.mkdir(parents=True, exist_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as copy:
            source = entry.open()
            assert source is not None  # tarfile gives None only for what is not a file
            with source:
                shutil.copyfileobj(source, copy, 1 << 20)


def _link(entry: Entry, archive: Path, part: Path) -> None:
    """Links are made when all files are there, and only in real folders, where '..' means what it says."""
    assert entry.target is not None
    path, top = part / entry.place, part.resolve()
    with _naming_collisions(entry, archive):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.resolve() != top / entry.place.parent:
            raise InputError(f"{archive}: {entry.name!r} lies in a folder that is a link; refused")
        if not entry.hard:
            path.symlink_to(entry.target)
            return
        target = part / entry.target
        if not target.is_file() or target.resolve() != top / PurePosixPath(entry.target):
            raise InputError(
                f"{archive}: {entry.name!r} is a link to {entry.target!r}, which is no file in it; refused"
            )
        os.link(target, path)


# --- errors and progress ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _naming_collisions(entry: Entry, archive: Path) -> Iterator[None]:
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise InputError(f"{archive}: {entry.name!r} collides with another entry; refused") from None


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[Any]:
    """The archive as a file, with a progress bar over the bytes that are read from it."""
    with archive.open("rb") as file:
        words = f"unpack {archive.name}"
        size = archive.stat().st_size
        with tqdm.wrapattr(file, "read", total=size, desc=words, disable=None, delay=0.5) as counted:
            yield counted


@contextlib.contextmanager
def _naming(archive: Path) -> Iterator[None]:
    """Damage, refusals of the standard library and disk errors as one line each, with the archive's name."""
    try:
        yield
    except getattr(tarfile, "FilterError", ()) as error:
        raise InputError(f"{archive}: {error}; refused, nothing was unpacked") from None
    except NotImplementedError as error:
        raise InputError(f"{archive}: {error}; unpack it by hand") from None
    except DAMAGE as error:
        raise InputError(f"{archive}: truncated or damaged ({error}); get it again") from None
    except OSError as error:
        if error.errno is None:  # decompressors say so when the bytes make no sense
            raise InputError(f"{archive}: truncated or damaged ({error}); get it again") from None
        raise InputError(f"{error.filename or archive}: {error.strerror}; mend that and run again") from None
