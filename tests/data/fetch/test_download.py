"""Downloads are checked, recorded and brought once; wrong bytes are named and replace nothing."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from faulty_server import BODY, OTHER, QUICK, Fault, Site, leave, sha256

from pipeline.artifacts import InputError
from pipeline.data.fetch import digests
from pipeline.data.fetch.bar import Bar
from pipeline.data.fetch.download import fetch, local_path

# --- a server that behaves --------------------------------------------------------------------------------------------


def test_files_land_and_their_digests_are_recorded(site: Site, raw: Path) -> None:
    site.files["/set/b c.asf"] = b"skeleton"
    found = fetch([f"{site.address}/set/b%20c.asf", site.a], raw)
    host = site.address.removeprefix("http://")
    assert [(item.path, item.bytes, item.sha256) for item in found] == [
        (f"{host}/set/a.amc", len(BODY), sha256(BODY)),
        (f"{host}/set/b c.asf", 8, sha256(b"skeleton")),
    ]
    assert (raw / local_path(site.a)).read_bytes() == BODY
    check = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=raw, capture_output=True, text=True)
    assert check.returncode == 0 and check.stdout.count(": OK") == 2
    assert not list(raw.rglob("*.part*"))


def test_a_recorded_file_is_not_fetched_again_and_a_damaged_one_is(site: Site, raw: Path) -> None:
    first = fetch([site.a], raw)
    assert fetch([site.a], raw) == first
    assert len(site.requests) == 1
    (raw / local_path(site.a)).write_bytes(BODY[:-1])
    assert fetch([site.a], raw) == first
    assert len(site.requests) == 2 and (raw / local_path(site.a)).read_bytes() == BODY


def test_without_addresses_nothing_happens(raw: Path) -> None:
    assert fetch([], raw, mirror_base="/no/such/mirror") == []
    assert not raw.exists()


def test_files_are_fetched_in_parallel(site: Site, raw: Path) -> None:
    meeting = threading.Barrier(4, timeout=5)  # nobody is answered before four have asked
    for number in range(4):
        site.files[f"/{number}"] = bytes([number])
        site.faults[f"/{number}"] = [Fault(before=meeting.wait)]
    assert len(fetch([f"{site.address}/{number}" for number in range(4)], raw, workers=4)) == 4
    assert not meeting.broken


def test_two_processes_at_once_fetch_a_file_once(site: Site, raw: Path) -> None:
    site.faults["/set/a.amc"] = [Fault(before=lambda: time.sleep(0.2))]
    runs = [threading.Thread(target=fetch, args=([site.a], raw)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(site.requests) == 1 and (raw / local_path(site.a)).read_bytes() == BODY


# --- wrong bytes ------------------------------------------------------------------------------------------------------


def test_wrong_bytes_are_named_and_replace_nothing(site: Site, raw: Path) -> None:
    kept = leave(raw, site.a, b"what was good for an older version")
    address = site.a
    digests.Record(raw / "SHA256SUMS").add(local_path(address), sha256(b"what was good for an older version"))
    with pytest.raises(InputError) as error:
        fetch([address], raw, pins={address: sha256(OTHER)})
    for said in (address, f"expected {sha256(OTHER)}", f"got {sha256(BODY)}", "pinned"):
        assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert kept.read_bytes() == b"what was good for an older version"
    assert not list(raw.rglob("*.part*")) and len(site.requests) == 1


def test_an_original_must_keep_its_first_digest(site: Site, raw: Path) -> None:
    fetch([site.a], raw)
    (raw / local_path(site.a)).unlink()
    site.files["/set/a.amc"] = OTHER
    with pytest.raises(InputError, match=rf"expected {sha256(BODY)} \(.*raw/SHA256SUMS\), got {sha256(OTHER)}.*delete"):
        fetch([site.a], raw)
    (raw / "SHA256SUMS").write_text("")  # the remedy that the message names
    assert fetch([site.a], raw)[0].sha256 == sha256(OTHER)


def test_wrong_bytes_and_cuts_together_end_in_an_error(site: Site, raw: Path) -> None:
    site.faults["/set/a.amc"] = [Fault(cut_after=300_000) for _ in range(50)]
    address = site.a
    with pytest.raises(InputError, match="wrong SHA-256"):
        fetch([address], raw, pins={address: sha256(OTHER)}, waits=QUICK)
    assert len(site.requests) == 4  # cut and resumed, then once more from zero, cut and resumed


def test_one_failure_stops_the_others_and_keeps_what_arrived(site: Site, raw: Path) -> None:
    names = [f"/{number}" for number in range(10, 60)]
    addresses = [site.address + name for name in names]
    site.files |= {name: name.encode() for name in names}
    pins = {addresses[12]: sha256(b"")}
    with pytest.raises(InputError, match="/22: wrong SHA-256"):
        fetch(addresses, raw, pins=pins, workers=1)
    assert len(site.requests) < 50
    recorded = digests.read(raw / "SHA256SUMS")
    assert {local_path(address) for address in addresses[:12]} <= set(recorded)
    assert all(sha256((raw / path).read_bytes()) == recorded[path] for path in recorded)
    missing = len(addresses) - len(recorded)
    site.files["/22"] = b""
    site.requests.clear()
    assert len(fetch(addresses, raw, pins=pins)) == 50 and len(site.requests) == missing


# --- files that were put there by hand --------------------------------------------------------------------------------


def test_a_file_put_there_by_hand_is_taken_and_recorded(
    site: Site, raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the network, and with it: it is never fetched again, nor overwritten."""
    path = leave(raw, site.a, OTHER)
    (found,) = fetch([site.a], raw)
    assert (found.sha256, found.bytes) == (sha256(OTHER), len(OTHER)) and site.requests == []
    assert f"took 1 files that were put there by hand, such as {path}, as they are" in capsys.readouterr().err
    assert digests.read(raw / "SHA256SUMS") == {local_path(site.a): sha256(OTHER)}
    assert fetch([site.a], raw) == [found] and capsys.readouterr().err == ""  # from now on like a download
    path.write_bytes(OTHER[:-1])  # damaged since
    assert fetch([site.a], raw, pins={site.a: sha256(BODY)})[0].sha256 == sha256(BODY)


def test_another_file_put_there_by_hand_is_named_and_stays(site: Site, raw: Path) -> None:
    path = leave(raw, site.a, OTHER)
    with pytest.raises(InputError) as caught:
        fetch([site.a], raw, pins={site.a: sha256(BODY)})
    assert str(caught.value).startswith(f"{path}: was put there by hand, and is another file than the wanted one")
    assert path.read_bytes() == OTHER and site.requests == []
    path.rename(raw / "moved away")  # the remedy
    assert fetch([site.a], raw, pins={site.a: sha256(BODY)})[0].sha256 == sha256(BODY)


def test_an_empty_file_is_not_one_that_was_put_there(site: Site, raw: Path) -> None:
    leave(raw, site.a, b"")
    assert fetch([site.a], raw)[0].sha256 == sha256(BODY)


# --- the disk ---------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_named_and_the_part_kept(site: Site, raw: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))  # the nearest that a test can come to a full disk
    try:
        with pytest.raises(InputError, match=r"a\.amc\.part: File too large; mend that and run again"):
            fetch([site.a], raw, waits=QUICK)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (raw / local_path(site.a + ".part")).stat().st_size > 0
    fetch([site.a], raw)
    assert site.requests[-1][1] is not None and (raw / local_path(site.a)).read_bytes() == BODY


def test_a_file_where_a_folder_must_be(site: Site, raw: Path) -> None:
    leave(raw, f"{site.address}/set", b"")
    with pytest.raises(InputError, match=r"Not a directory|File exists"):
        fetch([site.a], raw)


def test_a_record_with_an_incomplete_last_line(site: Site, raw: Path) -> None:
    addresses = [site.a, f"{site.address}/b"]
    site.files["/b"] = b"b"
    fetch(addresses, raw)
    record = raw / "SHA256SUMS"
    record.write_text(record.read_text()[:-5])
    assert len(fetch(addresses, raw)) == 2 and len(site.requests) == 2  # the file itself is whole
    assert digests.read(record) == {local_path(addresses[0]): sha256(BODY), local_path(addresses[1]): sha256(b"b")}


def test_a_record_with_two_incomplete_lines(tmp_path: Path) -> None:
    record = tmp_path / "SHA256SUMS"
    record.write_text(f"{sha256(b'a')}  h/a\n{sha256(b'b')}  h")
    digests.Record(record).add("h/c", sha256(b"c"))  # and no `sort` after it
    assert digests.read(record) == {"h/a": sha256(b"a"), "h/c": sha256(b"c")}


# --- addresses and progress -------------------------------------------------------------------------------------------


def test_paths_of_addresses() -> None:
    assert local_path("http://mocap.cs.cmu.edu/subjects/01/01.asf") == "mocap.cs.cmu.edu/subjects/01/01.asf"
    assert local_path("https://user:word@Host:8000/a%20b.zip") == "host:8000/a b.zip"


@pytest.mark.parametrize(
    "address",
    [
        "ftp://h/a",
        "h/a",
        "http://h",
        "http://h/",
        "http://h/a/",
        "http://h/../a",
        "http://h/%2e%2e/a",
        "http:///a",
        "http://h/a//b",
        "http://h/a?b=c",
        "http://h/a%5c..%5cb",
        "http://h/a%0ab",
        "http://../a",
        "http://h/%2e%2e%2fa",
    ],
)
def test_addresses_without_a_safe_path_are_refused(raw: Path, address: str) -> None:
    with pytest.raises(ValueError, match="expected http"):
        fetch([address], raw)
    assert not raw.exists()


def test_two_addresses_with_one_path_are_refused(raw: Path) -> None:
    with pytest.raises(ValueError, match="same place"):
        fetch(["http://h/a", "https://h/a"], raw)


def test_progress_counts_bytes_once_and_guesses_what_is_unknown() -> None:
    with Bar("download", files=4) as bar:
        bar._bar = Counter()  # type: ignore[assignment]
        bar.at("a", 0, 100)
        assert bar._bar.total == 400  # three more like the first
        bar.at("b", 0, 300)
        assert bar._bar.total == 800
        bar.at("a", 60, 100)
        bar.at("a", 10, 100)  # the server sent the whole again
        bar.at("a", 100, 100)
        bar.at("b", 300, 300)
        assert bar._bar.n == 400 and bar._bar.total == 800


class Counter:
    """As much of tqdm as the bar uses."""

    total, n = 0, 0

    def update(self, step: int) -> None:
        self.n += step

    def close(self) -> None:
        pass


def test_the_bar_shows_bytes_files_and_time_left(site: Site, raw: Path) -> None:
    """On a terminal; elsewhere nothing is drawn."""
    code = (
        "import sys, pathlib; from pipeline.data.fetch.download import fetch; "
        "fetch(sys.argv[2:], pathlib.Path(sys.argv[1]), workers=1)"
    )
    site.files |= {f"/{number}": BODY for number in range(6)}
    for number in range(6):
        site.faults[f"/{number}"] = [Fault(before=lambda: time.sleep(0.2))]
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 120))
    arguments = [sys.executable, "-c", code, raw, *[f"{site.address}/{number}" for number in range(6)]]
    subprocess.run(arguments, stderr=slave, check=True)
    os.close(slave)
    drawn = ""
    with contextlib.suppress(OSError):  # how Linux says that nobody holds the other end any more
        while piece := os.read(master, 100_000):
            drawn += piece.decode()
    os.close(master)
    assert "download" in drawn and "/2.40M" in drawn and "B/s" in drawn and "6/6 files" in drawn and "<00:0" in drawn
