"""Who may import whom (the layers of the design), and who may import which tool."""

from __future__ import annotations

import graphlib
import subprocess
import sys
from pathlib import Path

import module_graph
import pytest
from repository import ROOT

# A room -> the other rooms that it may use. A new room needs a line. Stages and tools may use every room; no room uses
# them.
FILES, SETTINGS = {"artifacts", "layout"}, {"config"}
MAY_USE = {
    # files and settings
    "artifacts": set(),
    "layout": set(),
    "user_files": {"artifacts"},
    "failures": set(),
    "shell": set(),
    "clock": set(),
    "settings": set(),  # what all settings share
    "config": FILES | {"settings", "data", "failures", "user_files"},  # of data only the sources' settings
    # what the networks are trained on
    "geometry": {"artifacts"},
    "body": {"artifacts", "geometry", "user_files"},
    "data": FILES | {"geometry", "body", "settings"},
    # training that knows no paper, and then the seeds of a variant
    "mixture": set(),
    "training": set(),
    "device": {"artifacts", "training"} | SETTINGS,
    "seeds": {"artifacts", "training"} | SETTINGS,
    # the networks: neither kind uses the other
    "lifting": FILES | SETTINGS | {"geometry", "mixture", "training", "device", "seeds"},
    "detection": FILES | SETTINGS | {"geometry", "mixture", "training", "device", "seeds"},
    # images to 3D joints: it lifts with the layers of lifting, which does not know it
    "pixels": FILES | SETTINGS | {"geometry", "training", "device", "seeds", "lifting"},
    "authors": FILES | SETTINGS | {"geometry", "training", "lifting", "detection", "data", "user_files"},
    # what was measured: of the networks only the results
    "report": FILES | SETTINGS | {"geometry", "lifting", "detection"},
    "records": FILES | SETTINGS | {"lifting", "detection", "report"},
    "tracking": {"artifacts", "records", "lifting"},
    # a user's own input
    "predict": FILES
    | SETTINGS
    | {"geometry", "lifting", "pixels", "detection", "training", "device", "seeds", "report", "user_files"},
    # the front doors
    "__init__": {"lifting"},
    "__main__": {"artifacts", "clock", "failures", "shell", "user_files"} | SETTINGS,
    "progress": set(),
}
TRACKING = {f"pipeline/tracking/{name}.py" for name in ("models", "served_model", "store")}
TOOLS = {"mlflow": TRACKING, "dvc": set(), "snakemake": set()}
MODULES = [path.relative_to(ROOT) for path in module_graph.modules(ROOT)]


def room(module: Path) -> str:
    """The part of pipeline/ that a module belongs to: a folder, or a file in pipeline itself."""
    return module.with_suffix("").parts[1]


def rooms_imported(module: Path) -> set[str]:
    used = {room(path.relative_to(ROOT)) for path in module_graph.files_imported(ROOT / module, ROOT)}
    return used - {"__init__", room(module)}  # every import of a module imports pipeline/__init__.py


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) not in ("stages", "tools")], ids=str)
def test_a_module_uses_only_the_rooms_it_may(module: Path) -> None:
    assert room(module) in MAY_USE, f"{module}: a new room; say in MAY_USE whom it may use"
    assert rooms_imported(module) <= MAY_USE[room(module)]


def test_config_uses_only_the_settings_of_data() -> None:
    """The plan is made without torch: the settings of a source import nothing but the base of all settings."""
    settings = set((ROOT / "pipeline" / "data").rglob("settings.py"))
    inside = {ROOT / "pipeline" / "data" / "__init__.py"} | settings
    for module in (path for path in MODULES if room(path) == "config"):
        used = module_graph.files_imported(ROOT / module, ROOT)
        assert {path for path in used if path.is_relative_to(ROOT / "pipeline" / "data")} <= inside, module
    for path in settings:
        assert rooms_imported(path.relative_to(ROOT)) <= {"settings"}, path


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) in ("report", "records")], ids=str)
def test_the_report_knows_results_and_no_network(module: Path) -> None:
    used = {path.relative_to(ROOT).as_posix() for path in module_graph.files_imported(ROOT / module, ROOT)}
    results = {f"pipeline/{part}/{file}.py" for part in ("lifting", "detection") for file in ("__init__", "results")}
    assert {path for path in used if path.startswith(("pipeline/lifting", "pipeline/detection"))} <= results
    assert not any(name.split(".")[0] == "torch" for name in module_graph.imports(ROOT / module))


def test_no_modules_import_each_other() -> None:
    """Imports for type checkers count: two modules that name each other are one idea, or share a third."""
    graph = {ROOT / module: module_graph.named_modules(ROOT / module, ROOT) for module in MODULES}
    assert sum(map(len, graph.values())) > 500
    graphlib.TopologicalSorter(graph).prepare()  # CycleError names the circle


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_is_imported_where_it_belongs(tool: str) -> None:
    users = {
        module.as_posix()
        for module in MODULES
        if any(name.split(".")[0] == tool for name in module_graph.imports(ROOT / module))
    }
    assert users == TOOLS[tool]


def test_models_and_training_import_without_the_tools() -> None:
    rooms = {"__init__", "artifacts", "detection", "geometry", "lifting", "mixture", "pixels", "training"}
    names = [
        ".".join(module.with_suffix("").parts).removesuffix(".__init__") for module in MODULES if room(module) in rooms
    ]
    assert {"pipeline", "pipeline.mixture", "pipeline.lifting.models"} <= set(names)
    blocked = "import sys; sys.modules.update(dict.fromkeys(['mlflow', 'dvc', 'snakemake'])); import "
    answer = subprocess.run(
        [sys.executable, "-c", blocked + ", ".join(names)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr


def test_tables_and_report_are_made_without_torch() -> None:
    """So they take no second to start, and no edit to a network can change them."""
    check = "import sys, pipeline.stages.tabulate, pipeline.stages.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0


def test_a_forbidden_import_is_seen(tmp_path: Path) -> None:
    """The layers hold because an import is found in a function too."""
    (tmp_path / "pipeline").mkdir()
    for name in ("__init__", "detection"):
        (tmp_path / "pipeline" / f"{name}.py").touch()
    module = tmp_path / "pipeline" / "lift.py"
    module.write_text("def late():\n    from pipeline import detection\n    import mlflow.pyfunc\n")
    assert tmp_path / "pipeline" / "detection.py" in module_graph.files_imported(module, tmp_path)
    assert "mlflow.pyfunc" in module_graph.imports(module)
