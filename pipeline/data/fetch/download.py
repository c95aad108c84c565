"""Brings the files of a list of addresses to <folder>/<host>/<path>, from their original addresses or from a mirror.

The digest of every file is checked. The expected digest comes from the first of these:

- a mirror: the mirror's SHA256SUMS, else a pinned digest (a mirror's files may differ from the originals);
- the original address: a pinned digest, else the digest that <folder>/SHA256SUMS recorded at the first download. A
  first download without a pin is trusted and recorded.

A file that a user put there by hand has no record. It is taken and recorded like a first download. Where its digest is
known to be wrong, it is named and stays as it is.

Digests of files from a mirror are recorded separately, in SHA256SUMS.mirror, and are not compared with originals. A
file arrives as `<name>.part` and is renamed after the check; until then the old file stays.
"""

from __future__ import annotations

import contextlib
import fcntl
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from tqdm import tqdm

from pipeline.artifacts import InputError, digest
from pipeline.data.fetch import digests, mirror
from pipeline.data.fetch.bar import Bar
from pipeline.data.fetch.transfer import WAITS, Part, Transfer, shown

Result = TypeVar("Result")


@dataclass(frozen=True)
class Download:
    """A file that is here and was checked. Where it came from, original or mirror, is not recorded here."""

    address: str
    path: str  # <host>/<path>, below the downloads folder
    bytes: int
    sha256: str


def fetch(
    addresses: Iterable[str],
    folder: Path,
    mirror_base: str | None = None,
    pins: Mapping[str, str] | None = None,
    workers: int = 8,
    waits: Sequence[float] = WAITS,
) -> list[Download]:
    """Bring the files of all addresses below `folder` and return them, sorted by address.

    `mirror_base` is a directory or an address laid out as <host>/<path>; `pins` maps addresses to SHA-256 digests;
    `waits` are the seconds between attempts. A file that is there with its recorded digest is not fetched again. Raises
    InputError for what the user can mend (a wrong digest, a missing file, no network, no space, a bad mirror), and
    ValueError for addresses that have no safe place in a folder.
    """
    wanted = {address: local_path(address) for address in sorted(set(addresses))}
    if len(set(wanted.values())) < len(wanted):
        raise ValueError("two of the addresses have the same place in the downloads folder")
    if not wanted:
        return []
    with _naming_disk_errors(folder), _alone_in(folder):
        return _Run(folder, wanted, mirror_base, pins or {}, workers, waits).all()


def local_path(address: str) -> str:
    """`http://host/a/b` -> `host/a/b`. Raises ValueError for an address that has no safe place in a folder."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2].lower()
    names = [host, *unquote(parts.path).split("/")[1:]]
    unsafe = any(name in ("", ".", "..") or "\\" in name or not name.isprintable() for name in names)
    if parts.scheme not in ("http", "https") or parts.query or unsafe or len(names) < 2:
        raise ValueError(f"{address}: expected http(s)://host/path without a query and without empty or dotted names")
    return "/".join(names)


class _Run:
    """One call of `fetch`: first look at what is here, then bring what is missing."""

    def __init__(
        self,
        folder: Path,
        wanted: Mapping[str, str],
        mirror_base: str | None,
        pins: Mapping[str, str],
        workers: int,
        waits: Sequence[float],
    ) -> None:
        self.folder, self.wanted, self.workers = folder, wanted, workers
        self.pins = {path: pins[address].lower() for address, path in wanted.items() if address in pins}
        self.originals = digests.Record(folder / digests.NAME)
        self.copies = digests.Record(folder / f"{digests.NAME}.mirror")
        self.taken: list[Path] = []  # files that somebody put there, of which no digest is known
        self.bar: Bar | None = None
        self.transfer = Transfer(waits, lambda *news: self.bar.at(*news) if self.bar else None)
        self.mirror = mirror.load(mirror_base, self.transfer) if mirror_base else None

    def all(self) -> list[Download]:
        try:
            found = self._parallel("check", self._already_here, self.wanted)
            here = [download for download in found if download is not None]
            missing = sorted(set(self.wanted) - {download.address for download in here})
            self._check_that_mirror_lists(missing)
            fetched = self._parallel("download", self._fetch, missing)
        finally:
            self.originals.sort()
            self.copies.sort()
        self._mention_other_versions(here)
        return sorted(here + fetched, key=lambda download: download.address)

    def _already_here(self, address: str) -> Download | None:
        """The file, if it is there with a digest that is right for this call."""
        path = self.wanted[address]
        target = self.folder / path
        if not target.is_file():
            return None
        with _naming_disk_errors(target):
            got, size = digest(target), target.stat().st_size
        pin, original, copy = self.pins.get(path), self.originals.get(path), self.copies.get(path)
        right = {pin} if pin else {original, copy}  # a pin says what the original is: a mirror's copy is not it
        if self.mirror:
            right = {self.mirror.sums.get(path), pin, original}
        recorded = {original, copy} - {None}
        if got not in right and (recorded or not size):
            return None  # damaged, or replaced by a newer version
        if got not in right:
            self._take(target, path, got)
        if got not in recorded:  # somebody put it there
            of_mirror = self.mirror is not None and got == self.mirror.sums.get(path) and got != pin
            (self.copies if of_mirror else self.originals).add(path, got)
        self.transfer.progress(address, size, size)
        return Download(address, path, size, got)

    def _take(self, target: Path, path: str, got: str) -> None:
        """Take a file that somebody put there. One that is known to be another is neither taken nor overwritten."""
        expected, authority = self._expected(path)
        if expected is not None:
            raise InputError(
                f"{target}: was put there by hand, and is another file than the wanted one: SHA-256 {got}, expected "
                f"{expected} ({authority}); move it away to have that one brought"
            )
        self.taken.append(target)

    def _fetch(self, address: str) -> Download:
        path = self.wanted[address]
        target = self.folder / path
        part = Part(target.with_name(f"{target.name}.part"))
        source = self.mirror.location(path) if self.mirror else address
        with _naming_disk_errors(part.path):
            got = self._bring(source, part, *self._expected(path))
            size = part.size
            (self.copies if self.mirror else self.originals).add(path, got)
            part.path.replace(target)
            part.discard()  # the notes that are left of it
        return Download(address, path, size, got)

    def _bring(self, source: str | Path, part: Part, expected: str | None, authority: str) -> str:
        """Fill the part and return its digest. A wrong file of several responses is fetched anew, once."""
        for chance in (1, 2):
            if isinstance(source, Path):
                resumed = self.transfer.from_folder(source, part)
            else:
                resumed = self.transfer.over_http(source, part, checkable=expected is not None)
            got = digest(part.path)
            if expected in (None, got):
                return got
            part.discard()
            if not resumed or chance == 2:
                break
        remedy = "repair the mirror" if self.mirror else "try again later or take a mirror"
        if authority == str(self.originals.path):
            remedy = f"if the source has changed its file, delete the line in {authority}"
        raise InputError(
            f"{shown(str(source))}: wrong SHA-256: expected {expected} ({authority}), got {got}; the files in "
            f"{self.folder} stay as they were; {remedy}"
        )

    def _expected(self, path: str) -> tuple[str | None, str]:
        """The digest that a file must have, and where it comes from; None where a first download is trusted."""
        pin = self.pins.get(path)
        if self.mirror and path in self.mirror.sums:
            return self.mirror.sums[path], f"the mirror's {digests.NAME}"
        if pin or self.mirror:
            return pin, "pinned"
        return self.originals.get(path), str(self.originals.path)

    def _check_that_mirror_lists(self, addresses: Sequence[str]) -> None:
        """Every file from a mirror must have a digest. Checked before anything is transferred."""
        paths = [self.wanted[address] for address in addresses]
        unknown = [path for path in paths if self._expected(path)[0] is None]
        if self.mirror is None or not unknown:
            return
        base, name = shown(self.mirror.base), digests.NAME
        if not self.mirror.has_sums:
            raise InputError(
                f"{base}: the mirror has no {name}, so {unknown[0]} cannot be checked; make one there with "
                f"`find * -type f ! -name {name} -exec sha256sum {{}} + > {name}`"
            )
        others = f" and {len(unknown) - 1} other needed files" if len(unknown) > 1 else ""
        raise InputError(
            f"{base}/{name}: does not list {unknown[0]}{others}; add them to the mirror, or run without a mirror"
        )

    def _mention_other_versions(self, here: Sequence[Download]) -> None:
        """Say which files are unchecked, or were kept although this call's source has, or may have, another version."""
        if self.taken:
            tqdm.write(
                f"download: took {len(self.taken)} files that were put there by hand, such as {min(self.taken)}, as "
                f"they are; their digests are in {self.originals.path} from now on",
                file=sys.stderr,
            )
        if self.mirror:
            sums, origin, instead = self.mirror.sums, "the original addresses", "take the mirror's"
            other = [found.path for found in here if sums.get(found.path, found.sha256) != found.sha256]
        else:
            origin, instead = "a mirror", "fetch the originals"
            other = [found.path for found in here if self.originals.get(found.path) != found.sha256]
        if other:
            tqdm.write(
                f"download: kept {len(other)} files that came from {origin}, such as {self.folder / other[0]}; delete "
                f"them to {instead}",
                file=sys.stderr,
            )

    def _parallel(self, word: str, work: Callable[[str], Result], addresses: Collection[str]) -> list[Result]:
        """Results in the order of the addresses. The first failure stops the others, which keep what has arrived."""
        with Bar(word, len(addresses)) as self.bar, ThreadPoolExecutor(self.workers) as pool:
            futures = [pool.submit(work, address) for address in addresses]
            try:
                for future in as_completed(futures):
                    future.result()
                    self.bar.finished()
            except BaseException:  # Ctrl-C as well
                self.transfer.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            return [future.result() for future in futures]


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process downloads into the folder: two would write the same part files."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tqdm.write(f"download: waiting for another download into {folder} to end", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            pass  # a file system without locks (some network ones): work as if alone
        yield


@contextlib.contextmanager
def _naming_disk_errors(path: Path) -> Iterator[None]:
    """Report a full or read-only disk in one line. Network errors do not come here: transfer.py handles them."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{error.filename or path}: {error.strerror or error}; mend that and run again, what has arrived is kept"
        ) from None
