"""The viewer as HTML: a part of another page, or a page of its own. The scripts are in files beside this one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pipeline.report.viewer import scene, still, three
from pipeline.report.viewer.images import Gallery
from pipeline.report.viewer.scene import Group

POSES, POSES_STYLE = "poses.html", "viewer.css"
IMAGES, IMAGES_STYLE = "images.html", "images.css"
PAGE = "page.html"
SCRIPTS = (
    "numbers.js",
    "shapes.js",
    "model.js",
    "camera.js",
    "pointers.js",
    "panel.js",
    "viewer.js",
)  # one script, in this order
POLICY = "<!-- policy -->"  # the place of the page's Content-Security-Policy


def poses_section(groups: Sequence[Group]) -> str:
    """A <section> with the viewer of these groups, each of at least one scene, and all that it needs.

    A page contains it once, because its parts have names. Raises ValueError for places that
    are not finite or farther than 32 m from the root, InputError without three.js.
    """
    assert groups and all(group.scenes for group in groups), "a group without a scene has nothing to show"
    first = groups[0].scenes[0]
    library = three.source()
    return _template(POSES).render(
        groups=groups,
        still=Markup(still.picture(first)),
        first=still.caption(first),
        style=Markup(_file(POSES_STYLE)),
        library=Markup(library),
        revision=three.revision(library),
        script=Markup('"use strict";\n(() => {\n' + "\n".join(map(_file, SCRIPTS)) + "\n})();\n"),
        data=Markup(_json(scene.packed(groups))),
    )


def images_section(galleries: Sequence[Gallery], name: str = "") -> str:
    """A <section> for each gallery of images; it needs no script. `name` is what a link to the first one says."""
    return _template(IMAGES).render(name=name, galleries=galleries, style=Markup(_file(IMAGES_STYLE)))


def page(groups: Sequence[Group], title: str) -> str:
    """A page that contains nothing but the viewer. It opens from disk and requests nothing."""
    return wrapped(poses_section(groups), title)


def wrapped(section: str, title: str) -> str:
    """A page around a section."""
    return with_policy(_template(PAGE).render(title=title, section=Markup(section), policy=Markup(POLICY)))


def with_policy(html: str) -> str:
    """The page with a policy that lets its own scripts and styles run, by their hashes, and loads nothing."""
    sources = {name: " ".join(_hashes(html, name)) or "'none'" for name in ("script", "style")}
    rules = f"default-src 'none'; script-src {sources['script']}; style-src {sources['style']}; img-src data: blob:"
    return html.replace(POLICY, f'<meta http-equiv="Content-Security-Policy" content="{rules}">', 1)


def _hashes(html: str, element: str) -> list[str]:
    texts = re.findall(rf"<{element}\b[^>]*>(.*?)</{element}>", html, flags=re.DOTALL)
    return [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts]


def _json(value: Any) -> str:
    """JSON that may stand in a <script>: without `<`, which could end it."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8").strip()


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
