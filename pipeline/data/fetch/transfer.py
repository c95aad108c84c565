"""Brings one file to a part file beside its place: over HTTP, with resuming and retries, or from a folder.

It only makes sure that the file is complete; download.py checks that the bytes are the right ones.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import requests
import urllib3

from pipeline.artifacts import InputError

WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds before each new attempt, after an attempt that brought nothing
LONGEST_WAIT = 120.0  # seconds that a server's own Retry-After may ask for
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two reads
CHUNK = 1 << 16  # bytes; a cut connection loses at most this much
TRANSIENT = {408, 425, 429, 500, 502, 503, 504}

Progress = Callable[[str, int, int | None], None]  # address, bytes here so far, bytes in all if known


class NotThere(InputError):  # noqa: N818 - what happened, said as the caller reads it
    """The server answers that it has no such file."""


class Stopped(Exception):  # noqa: N818
    """Another file failed, or the user pressed Ctrl-C; what arrived is kept."""


class Retry(Exception):  # noqa: N818
    """An attempt failed in a way that may pass; `wait` is what the server asked for, in seconds."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Part:
    """A file that is not complete yet, and beside it (`.json`) which version of which address its bytes are."""

    path: Path

    @property
    def notes(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def start(self, address: str, validator: str | None) -> None:
        """Delete the bytes that are here. The following ones belong to this version of this address."""
        self.discard()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if validator:
            self.notes.write_text(json.dumps({"address": address, "validator": validator}), encoding="utf-8")

    def validator(self, address: str) -> str | None:
        """The version (ETag or date) of the bytes, if they are known to come from this address."""
        try:
            notes = json.loads(self.notes.read_text(encoding="utf-8"))
            return str(notes["validator"]) if notes["address"] == address else None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # no notes, or notes that a crash tore: the same as not knowing

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)


@dataclass(frozen=True)
class Transfer:
    """What all transfers share. `stop` makes them end at their next chunk or wait."""

    waits: Sequence[float] = WAITS
    progress: Progress = lambda address, position, size: None
    stop: threading.Event = field(default_factory=threading.Event)
    _threads: threading.local = field(default_factory=threading.local)

    def over_http(self, address: str, part: Part, checkable: bool) -> bool:
        """Bring a file whole into `part`; return whether bytes of an earlier response are in it.

        `checkable` says that a digest will be compared: only then are bytes of unknown origin continued. After an
        attempt that came further than all before it the wait is the shortest again, so a large file survives many cuts.
        Raises NotThere (404, 410), InputError (other refusals, or no success after the last wait), Stopped.
        """
        furthest, failures = part.size, 0
        while True:
            try:
                return self._attempt(address, part, checkable)
            except Retry as error:
                if part.size > furthest:
                    furthest, failures = part.size, 0
                if failures == len(self.waits):
                    raise InputError(
                        f"{shown(address)}: {error}, {failures + 1} times in a row; run again to go on from what has "
                        "arrived, or name a mirror that answers (--mirror, MIXPOSE_MIRROR)"
                    ) from None
                wait = max(self.waits[failures], min(error.wait, LONGEST_WAIT))
                failures += 1
            if self.stop.wait(wait):
                raise Stopped

    def from_folder(self, source: Path, part: Part) -> bool:
        """Copy a file of a directory mirror; the same promises as `over_http`, but nothing is resumed (False)."""
        part.discard()
        part.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = source.open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotThere(f"{source}: missing from the mirror, which lists it; copy it there again") from None
        except OSError as error:
            raise InputError(f"{source}: not readable ({error.strerror}); repair the mirror") from None
        size = source.stat().st_size
        with file, part.path.open("wb") as copy:
            while chunk := file.read(CHUNK):
                self._keep(chunk, copy.write)
                self.progress(str(source), copy.tell(), size)
        return False

    def _attempt(self, address: str, part: Part, checkable: bool) -> bool:
        validator = part.validator(address)
        begin = part.size if checkable or validator else 0
        headers = {"Accept-Encoding": "identity"}  # digests and ranges are about the bytes as they are stored
        if begin:
            headers["Range"] = f"bytes={begin}-"
            if validator:
                headers["If-Range"] = validator  # asks for the whole file if it has changed since
        try:
            with self._session().get(address, headers=headers, stream=True, timeout=TIMEOUT) as response:
                if response.status_code == 416 and begin:
                    return _was_complete(response, part, begin)
                _refuse(response, address, checkable)
                if response.status_code == 206:
                    _check_continuation(response, part, begin, validator)
                else:  # the server ignores ranges, or the file has changed
                    begin = 0
                    part.start(address, _validator(response))
                self._receive(response, address, part, checkable)
        except requests.exceptions.TooManyRedirects:
            raise InputError(f"{shown(address)}: redirects without an end; take a mirror (--mirror)") from None
        except requests.exceptions.RequestException as error:
            if isinstance(error, ValueError):  # the family of malformed addresses
                raise InputError(_unusable(address, error)) from None
            raise Retry(_reason(error) + _through(address)) from None
        except urllib3.exceptions.HTTPError as error:
            raise Retry(_reason(error) + _through(address)) from None
        return begin > 0

    def _receive(self, response: requests.Response, address: str, part: Part, checkable: bool) -> None:
        length, here = response.headers.get("Content-Length", ""), part.size
        total = here + int(length) if length.isdigit() else None
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        if total is None and not chunked and not checkable:
            raise InputError(
                f"{shown(address)}: the server does not say how long the file is and no digest is known, so a cut "
                "could not be noticed; take it from a mirror with SHA256SUMS (--mirror, MIXPOSE_MIRROR)"
            )
        with part.path.open("ab") as file:
            self.progress(address, here, total)
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                self._keep(chunk, file.write)
                here += len(chunk)
                self.progress(address, here, total)
        if total is not None and here != total:
            raise Retry(f"the connection ended after {here} of {total} bytes")

    def _keep(self, chunk: bytes, write: Callable[[bytes], object]) -> None:
        if self.stop.is_set():
            raise Stopped
        write(chunk)

    def _session(self) -> requests.Session:
        """One session per thread, because sessions reuse connections and are not thread-safe."""
        if not hasattr(self._threads, "session"):
            self._threads.session = requests.Session()
        return self._threads.session


def shown(address: str) -> str:
    """An address as it may be printed: without the name and password that it may carry."""
    return re.sub(r"//[^/@]*@", "//", address)


def _proxy(address: str) -> str | None:
    """The proxy by which an address is reached, as the environment has it; without its password."""
    try:
        found = requests.utils.select_proxy(address, requests.utils.get_environ_proxies(address))
    except ValueError:  # of what is no address
        return None
    return shown(found) if found else None


def _through(address: str) -> str:
    proxy = _proxy(address)
    return f" through the proxy {proxy} (http_proxy, https_proxy or all_proxy)" if proxy else ""


def _unusable(address: str, error: Exception) -> str:
    """Why an address, or the proxy to it, is none; in words for the user."""
    proxy = _proxy(address)
    if proxy and "SOCKS" in str(error):
        return f"the proxy {proxy} (all_proxy) needs the package PySocks: `pip install PySocks`, or take the proxy away"
    if proxy and isinstance(error, requests.exceptions.InvalidProxyURL):
        return f"the proxy {proxy} (http_proxy, https_proxy or all_proxy) is no address; correct it"
    return f"{shown(address)}: not an address that can be fetched; correct it"


def _refuse(response: requests.Response, address: str, checkable: bool) -> None:
    """Raise for every answer that does not bring the file."""
    status = f"{response.status_code} {response.reason or ''}".strip()
    if response.status_code in TRANSIENT:
        asked = response.headers.get("Retry-After", "")
        raise Retry(f"the server answers {status}", float(asked) if asked.isdigit() else 0.0)
    if response.status_code in (404, 410):
        raise NotThere(f"{shown(address)}: {status}: no such file there; take a mirror that has it (--mirror)")
    if response.status_code == 407:
        raise InputError(f"{shown(address)}: {status}{_through(address)}; give it the proxy's name and password")
    if response.status_code not in (200, 206):
        raise InputError(f"{shown(address)}: the server refuses with {status}; open it in a browser to see why")
    kind, suffix = response.headers.get("Content-Type", ""), PurePosixPath(urlsplit(address).path).suffix
    if not checkable and kind.startswith("text/html") and suffix not in (".html", ".htm"):
        raise InputError(f"{shown(address)}: answered with a web page, as a login screen does; open it in a browser")


def _was_complete(response: requests.Response, part: Part, begin: int) -> bool:
    """416: the server has nothing after these bytes. True if its file is as long as the part; else discard the part."""
    if response.headers.get("Content-Range", "").strip() == f"bytes */{begin}":
        return True
    part.discard()
    raise Retry("the part file does not fit the server's file")


def _check_continuation(response: requests.Response, part: Part, begin: int, validator: str | None) -> None:
    """206: the bytes must start where the part ends and belong to the same version."""
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    now = _validator(response)
    if begin == 0 or match is None or int(match[1]) != begin or (validator and now and now != validator):
        part.discard()
        raise Retry("the server sent another range than was asked for")


def _validator(response: requests.Response) -> str | None:
    """What If-Range may carry: a strong ETag, else the date of the last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _reason(error: Exception) -> str:
    """The libraries' nested messages in a few words."""
    if isinstance(error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return "no secure connection (certificate or protocol)"
    cause = re.search(r"\[Errno -?\d+\] ([^'\")]+)", str(error))
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"no connection ({cause[1]})" if cause else "no connection"
    return f"the connection was cut ({cause[1]})" if cause else "the connection was cut"
