"""A web server on this machine that misbehaves on request: cuts connections, serves wrong bytes, ignores ranges."""

from __future__ import annotations

import hashlib
import random
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pipeline.data.fetch.download import local_path

QUICK = (0.0, 0.0, 0.0)  # waits between attempts: four attempts in all
BODY = random.Random(0).randbytes(400_000)
OTHER = random.Random(1).randbytes(400_000)


@dataclass
class Fault:
    """What goes wrong with one answer."""

    cut_after: int | None = None  # bytes of the body, then the connection ends
    reset: bool = False  # ... with a reset instead of a plain end
    status: int | None = None  # this answer instead of the file
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None  # these bytes instead of the file's
    before: Callable[[], object] = lambda: None  # called before answering


@dataclass
class Site:
    """The files it serves (path -> bytes), the faults to come (path -> first to last), and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    knows_ranges: bool = True
    knows_versions: bool = True  # sends an ETag and heeds If-Range
    knows_lengths: bool = True
    address: str = ""
    requests: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range

    @property
    def a(self) -> str:
        """The address of the file that most tests fetch; it holds BODY."""
        return f"{self.address}/set/a.amc"

    def asked(self, path: str) -> list[str | None]:
        """The ranges that were asked of a path, in order; None for a request of the whole."""
        return [ranges for asked, ranges in self.requests if asked == path]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        site, ranges = self.site, self.headers.get("Range")
        self.path = unquote(self.path)
        site.requests.append((self.path, ranges))
        fault = site.faults[self.path].pop(0) if site.faults[self.path] else Fault()
        fault.before()
        if fault.status is not None or self.path not in site.files:
            return self.answer(fault.status or 404, b"", fault)
        body = site.files[self.path] if fault.body is None else fault.body
        version = f'"{hashlib.md5(body).hexdigest()}"'
        headers = {"ETag": version} if site.knows_versions else {}
        same = self.headers.get("If-Range") in (None, version)
        if ranges and site.knows_ranges and same:
            begin = int(ranges.removeprefix("bytes=").removesuffix("-"))
            if begin >= len(body):
                return self.answer(416, b"", fault, {"Content-Range": f"bytes */{len(body)}"})
            headers["Content-Range"] = f"bytes {begin}-{len(body) - 1}/{len(body)}"
            return self.answer(206, body[begin:], fault, headers)
        return self.answer(200, body, fault, headers)

    def answer(self, status: int, body: bytes, fault: Fault, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), **fault.headers}.items():
            self.send_header(name, value)
        if self.site.knows_lengths or status >= 400:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body if fault.cut_after is None else body[: fault.cut_after])
        if fault.cut_after is not None:
            self.wfile.flush()
            self.close_connection = True
            if fault.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *arguments: Any) -> None:
        pass  # clients that leave early are part of the tests


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def leave(raw: Path, address: str, content: bytes, suffix: str = "") -> Path:
    """Put something at an address's place (with .part: beside it), as if an earlier run had."""
    target = raw / (local_path(address) + suffix)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


def start() -> tuple[Site, Server]:
    site = Site()
    server = Server(("127.0.0.1", 0), type("SiteHandler", (Handler,), {"site": site}))
    site.files["/set/a.amc"] = BODY
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return site, server
