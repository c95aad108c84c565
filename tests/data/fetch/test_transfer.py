"""A web server that cuts connections, ignores ranges and refuses; part files that earlier runs left."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from faulty_server import BODY, OTHER, QUICK, Fault, Site, leave, sha256

from pipeline.artifacts import InputError
from pipeline.data.fetch import transfer
from pipeline.data.fetch.download import fetch, local_path

# --- connections that are cut -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_connection_goes_on_from_the_part(site: Site, raw: Path, reset: bool) -> None:
    site.faults["/set/a.amc"] = [Fault(cut_after=250_000, reset=reset)]
    fetch([site.a], raw, waits=QUICK)
    assert (raw / local_path(site.a)).read_bytes() == BODY
    whole, rest = site.asked("/set/a.amc")
    assert whole is None
    if not reset:  # a reset may throw away what was on its way
        assert rest == "bytes=250000-"


def test_any_number_of_cuts_is_survived_while_each_attempt_brings_bytes(site: Site, raw: Path) -> None:
    site.faults["/set/a.amc"] = [Fault(cut_after=40_000) for _ in range(9)]
    fetch([site.a], raw, waits=QUICK[:1])
    assert (raw / local_path(site.a)).read_bytes() == BODY and len(site.requests) == 10


def test_attempts_that_bring_nothing_end_and_keep_the_part(site: Site, raw: Path) -> None:
    site.faults["/set/a.amc"] = [Fault(cut_after=100_000), *[Fault(cut_after=0) for _ in range(3)]]
    with pytest.raises(InputError, match=r"cut.*4 times in a row; run again to go on"):
        fetch([site.a], raw, waits=QUICK)
    assert len(site.requests) == 4
    fetch([site.a], raw, waits=QUICK)  # the next run, and a server that has recovered
    assert site.requests[-1] == ("/set/a.amc", "bytes=100000-")
    assert (raw / local_path(site.a)).read_bytes() == BODY


def test_waits_grow_and_follow_the_servers_retry_after(site: Site, raw: Path) -> None:
    assert list(transfer.WAITS) == sorted(set(transfer.WAITS))
    watch = Watch()
    site.faults["/set/a.amc"] = [
        Fault(status=503),
        Fault(status=429, headers={"Retry-After": "7"}),
        Fault(status=503, headers={"Retry-After": "999999"}),
    ]
    part = transfer.Part(raw / "a.part")
    transfer.Transfer(waits=(1.0, 2.0, 4.0), stop=watch).over_http(site.a, part, checkable=True)
    assert watch.waits == [1.0, 7.0, transfer.LONGEST_WAIT]


class Watch(threading.Event):
    """Records how long it should wait, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return False


def test_a_server_without_ranges_sends_the_whole_again(site: Site, raw: Path) -> None:
    site.knows_ranges = False
    site.faults["/set/a.amc"] = [Fault(cut_after=200_000)]
    fetch([site.a], raw, waits=QUICK)
    assert (raw / local_path(site.a)).read_bytes() == BODY
    assert site.asked("/set/a.amc") == [None, "bytes=200000-"]


def test_a_server_that_does_not_answer(site: Site, raw: Path) -> None:
    with pytest.raises(InputError, match=r"no connection \(Connection refused\), 4 times in a row.*--mirror"):
        fetch(["http://127.0.0.1:1/a"], raw, waits=QUICK)


def test_ctrl_c_keeps_the_part_for_the_next_run(site: Site, raw: Path) -> None:
    release = threading.Event()
    site.faults["/set/a.amc"] = [Fault(cut_after=150_000), Fault(before=lambda: release.wait(20))]
    code = (
        "import sys, pathlib, signal; from pipeline.data.fetch.download import fetch; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "  # a test run in the background has it ignored
        "fetch([sys.argv[1]], pathlib.Path(sys.argv[2]), waits=(0, 60))"
    )
    run = subprocess.Popen([sys.executable, "-c", code, site.a, raw], stderr=subprocess.PIPE, text=True)
    while len(site.requests) < 2 and run.poll() is None:  # the second attempt waits for its answer
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    time.sleep(0.1)
    release.set()
    assert "KeyboardInterrupt" in run.communicate(timeout=20)[1] and run.returncode != 0
    target = raw / local_path(site.a)
    part = target.with_name("a.amc.part")
    assert not target.exists() and part.stat().st_size >= 150_000 and BODY.startswith(part.read_bytes())
    fetch([site.a], raw)
    assert site.asked("/set/a.amc")[2] == f"bytes={150_000}-" and target.read_bytes() == BODY


# --- part files of earlier runs ---------------------------------------------------------------------------------------


def test_a_part_is_resumed_when_a_digest_can_prove_it(site: Site, raw: Path) -> None:
    leave(raw, site.a, BODY[:123_456], ".part")
    fetch([site.a], raw, pins={site.a: sha256(BODY).upper()})
    assert site.asked("/set/a.amc") == ["bytes=123456-"] and (raw / local_path(site.a)).read_bytes() == BODY


def test_a_part_of_unknown_origin_is_not_continued_without_a_digest(site: Site, raw: Path) -> None:
    leave(raw, site.a, OTHER[:123_456], ".part")
    fetch([site.a], raw)
    assert site.asked("/set/a.amc") == [None] and (raw / local_path(site.a)).read_bytes() == BODY


def test_a_part_of_an_older_version_is_replaced_by_the_server(site: Site, raw: Path) -> None:
    site.faults["/set/a.amc"] = [Fault(cut_after=100_000), *[Fault(status=500)] * 3]
    with pytest.raises(InputError, match="500"):
        fetch([site.a], raw, waits=QUICK[:2])
    site.faults.clear()
    site.files["/set/a.amc"] = OTHER
    fetch([site.a], raw, waits=QUICK)
    assert site.requests[-1] == ("/set/a.amc", "bytes=100000-")  # asked for the rest of BODY, got the whole of OTHER
    assert (raw / local_path(site.a)).read_bytes() == OTHER


def test_a_stale_part_that_only_the_digest_shows_starts_over_once(site: Site, raw: Path) -> None:
    site.knows_versions = False
    leave(raw, site.a, OTHER[:100_000], ".part")
    fetch([site.a], raw, pins={site.a: sha256(BODY)})
    assert site.asked("/set/a.amc") == ["bytes=100000-", None] and (raw / local_path(site.a)).read_bytes() == BODY


def test_a_complete_part_is_only_checked(site: Site, raw: Path) -> None:
    leave(raw, site.a, BODY, ".part")
    fetch([site.a], raw, pins={site.a: sha256(BODY)})
    assert site.asked("/set/a.amc") == [f"bytes={len(BODY)}-"] and (raw / local_path(site.a)).read_bytes() == BODY


@pytest.mark.parametrize(
    ("left", "fault"),
    [(BODY + b"more", Fault()), (BODY[:1000], Fault(headers={"Content-Range": "bytes 5-399999/400000"}))],
    ids=["longer than the file", "another range than was asked for"],
)
def test_a_part_that_does_not_fit_the_answer_is_thrown_away(
    site: Site, tmp_path: Path, left: bytes, fault: Fault
) -> None:
    """Here already, and not only by a wrong digest."""
    part = transfer.Part(tmp_path / "a.part")
    part.path.write_bytes(left)
    site.faults["/set/a.amc"] = [fault]
    assert transfer.Transfer(QUICK).over_http(site.a, part, checkable=True) is False
    assert site.asked("/set/a.amc") == [f"bytes={len(left)}-", None] and part.path.read_bytes() == BODY


def test_a_part_from_a_mirror_is_not_continued_from_the_origin(site: Site, raw: Path) -> None:
    """Nothing could prove the mixture: for the origin's bytes no digest is known."""
    path = local_path(site.a)
    site.files |= {"/copies/SHA256SUMS": f"{sha256(OTHER)}  {path}\n".encode(), f"/copies/{path}": OTHER}
    site.faults[f"/copies/{path}"] = [Fault(cut_after=100_000), *[Fault(status=500)] * 3]
    with pytest.raises(InputError, match="500"):
        fetch([site.a], raw, f"{site.address}/copies", waits=QUICK)
    assert (raw / (path + ".part")).stat().st_size == 100_000
    assert fetch([site.a], raw)[0].sha256 == sha256(BODY) and site.asked("/set/a.amc") == [None]


# --- answers that bring no file ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "words"), [(404, "no such file"), (410, "no such file"), (403, "refuses with 403")])
def test_refusals_are_final(site: Site, raw: Path, status: int, words: str) -> None:
    site.faults["/set/a.amc"] = [Fault(status=status)]
    with pytest.raises(InputError, match=rf"{site.address}/set/a.amc.*{words}"):
        fetch([site.a], raw, waits=QUICK)
    assert len(site.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_temporary_errors_of_the_server_are_retried(site: Site, raw: Path, status: int) -> None:
    site.faults["/set/a.amc"] = [Fault(status=status), Fault(status=status)]
    fetch([site.a], raw, waits=QUICK)
    assert (raw / local_path(site.a)).read_bytes() == BODY and len(site.requests) == 3


def test_a_login_page_is_not_taken_for_data(site: Site, raw: Path) -> None:
    site.faults["/set/a.amc"] = [Fault(body=b"<html>", headers={"Content-Type": "text/html; charset=utf-8"})]
    with pytest.raises(InputError, match="web page"):
        fetch([site.a], raw)
    assert not (raw / local_path(site.a)).exists()


def test_a_file_of_unknown_length_and_digest_is_refused(site: Site, raw: Path) -> None:
    site.knows_lengths = False
    address = site.a
    with pytest.raises(InputError, match="does not say how long"):
        fetch([address], raw)
    fetch([address], raw, pins={address: sha256(BODY)})
    assert (raw / local_path(site.a)).read_bytes() == BODY


# --- proxies and servers that never come to an end --------------------------------------------------------------------


def behind(monkeypatch: pytest.MonkeyPatch, name: str, proxy: str) -> None:
    for other in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, proxy)


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("http://127.0.0.1:1", r"no connection .*through the proxy http://127\.0\.0\.1:1 \(http_proxy"),
        ("http://reader:secret@127.0.0.1:1", r"through the proxy http://127\.0\.0\.1:1 \(http_proxy"),
        ("http://", r"the proxy http:// \(http_proxy, https_proxy or all_proxy\) is no address; correct it"),
        ("socks5://127.0.0.1:1", r"the proxy socks5://127\.0\.0\.1:1 \(all_proxy\) needs the package PySocks"),
    ],
)
def test_a_proxy_that_does_not_work_is_named(
    site: Site, raw: Path, monkeypatch: pytest.MonkeyPatch, proxy: str, words: str
) -> None:
    behind(monkeypatch, "http_proxy", proxy)
    with pytest.raises(InputError, match=words) as caught:
        fetch([site.a], raw, waits=QUICK)
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value) and site.requests == []


def test_a_proxy_that_wants_a_password(site: Site, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    behind(monkeypatch, "http_proxy", site.address)  # the site plays the proxy
    site.faults["http://far.org/a"] = [Fault(status=407)]
    with pytest.raises(InputError, match=rf"407.*through the proxy {site.address} .*name and password"):
        fetch(["http://far.org/a"], raw, waits=QUICK)


def test_redirects_in_a_circle(site: Site, raw: Path) -> None:
    site.faults["/set/a.amc"] = [Fault(status=302, headers={"Location": "/set/a.amc"}) for _ in range(100)]
    with pytest.raises(InputError, match="redirects without an end; take a mirror"):
        fetch([site.a], raw, waits=QUICK)
    assert len(site.requests) < 40


def test_a_server_that_stalls(site: Site, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "TIMEOUT", (0.2, 0.2))
    release = threading.Event()
    site.faults["/set/a.amc"] = [Fault(before=lambda: release.wait(20)) for _ in range(2)]
    with pytest.raises(InputError, match="no answer in time, 2 times in a row"):
        fetch([site.a], raw, waits=QUICK[:1])
    release.set()


@pytest.mark.parametrize("length", [10, 10**9])
def test_a_server_that_lies_about_the_length(site: Site, raw: Path, length: int) -> None:
    site.knows_lengths = False  # the true one is not sent beside the lie
    site.faults["/set/a.amc"] = [Fault(headers={"Content-Length": str(length)}) for _ in range(9)]
    site.knows_ranges = False
    with pytest.raises(InputError, match=r"wrong SHA-256|of 1000000000 bytes|the connection was cut"):
        fetch([site.a], raw, pins={site.a: sha256(BODY)}, waits=QUICK)
    assert not (raw / local_path(site.a)).exists()
