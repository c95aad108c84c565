"""report.viewer.three: three.js is in the installed package, and anything else there is one line."""

from __future__ import annotations

import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from pipeline.artifacts import InputError
from pipeline.report.viewer import three


def test_the_installed_package_has_three_js_with_its_licence() -> None:
    script = three.source()
    assert script.startswith("/**\n * @license")
    assert "Three.js Authors" in script[:200] and three.LICENCE in script[:200]
    assert 500_000 < len(script) < 700_000
    assert int(three.revision(script)) >= 140
    assert script.count("\n") < 10, "trimesh's own controls and loader follow in other lines"


def test_it_can_stand_in_a_page_without_eval_or_requests() -> None:
    script = three.source()
    for word in ("</script", "eval(", "new Function", "import(", "new Worker"):
        assert word not in script, word


class Installed:
    """A distribution with this viewer.zip."""

    version = "9.9"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def locate_file(self, path: str) -> Path:
        return self.folder / path


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (None, "not readable"),
        (b"no zip", "not readable"),
        ({"other.html": "<script>"}, "not readable"),
        ({three.MEMBER: "<script>alert(1)</script>"}, "no three.js where it is expected"),
        ({three.MEMBER: "<script>/**\n * x\n */\n!function(){}()\n</script>"}, "no three.js where it is expected"),
        ({three.MEMBER: " " * (three.LARGEST + 1)}, "larger than expected"),
    ],
)
def test_another_package_is_one_line_with_the_remedy(
    page: bytes | dict[str, str] | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / three.ARCHIVE
    path.parent.mkdir(parents=True)
    if isinstance(page, bytes):
        path.write_bytes(page)
    elif page:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in page.items():
                archive.writestr(name, content)
    monkeypatch.setattr(metadata, "distribution", lambda name: Installed(tmp_path))
    with pytest.raises(InputError, match=words) as raised:
        three.source()
    line = str(raised.value)
    assert "\n" not in line and "trimesh 9.9" in line and "envs/constraints.txt" in line


def test_a_missing_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    with pytest.raises(InputError, match="trimesh: not installed; install the locked one"):
        three.source()
