"""report.viewer.html: the section and the page around it."""

from __future__ import annotations

import base64
import hashlib
import re

import made_scenes
import numpy as np
import pytest

from pipeline.report import viewer
from pipeline.report.viewer import Group, Scene, html


@pytest.fixture(scope="module")
def page() -> str:
    return viewer.page(made_scenes.groups(), "Poses & more")


def test_the_policy_allows_the_pages_own_scripts_and_nothing_else(page: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, flags=re.DOTALL)
    assert len(scripts) == 3  # the data, three.js, our own
    for script in scripts:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy and "http" not in policy


def test_no_element_has_a_style_of_its_own(page: str) -> None:
    """The policy would not apply it."""
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", page, flags=re.DOTALL)
    assert not re.search(r"\sstyle=", text) and not re.search(r"\son[a-z]+=", text)


def test_words_are_escaped_and_data_cannot_end_their_script() -> None:
    bad = "</script><script>alert(1)</script>"
    scene = Scene(bad, np.zeros((1, 16, 3)), np.ones(1))
    text = viewer.page([Group(bad, [scene], bad)], bad)
    assert "<script>alert" not in text
    assert len(re.findall(r"<script", text)) == 3


def test_a_section_is_small_enough_for_a_page_of_three_megabytes() -> None:
    scenes = [made_scenes.scene(number) for number in range(200)]
    assert len(viewer.poses_section([Group("A take of a minute", scenes)])) < 1_200_000


def test_each_script_file_is_short_and_says_what_it_is_for() -> None:
    for name in html.SCRIPTS:
        lines = html._file(name).splitlines()
        assert len(lines) < 300 and lines[0].startswith("// "), name
        assert max(map(len, lines)) <= 130, name


def test_the_licence_of_three_js_is_in_the_page(page: str) -> None:
    assert "MIT licence, © Three.js Authors" in page and "SPDX-License-Identifier: MIT" in page
