"""Results of detection variants with the papers' printed numbers (results/published), as the report reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from reading import judge as judged

from pipeline import artifacts
from pipeline.config import Run
from pipeline.detection.results import DetectionResults as DetectionFile
from pipeline.geometry.coco_keypoints import GROUPS
from pipeline.report import published
from pipeline.report.claims import Verdict
from pipeline.report.evidence import Evidence
from pipeline.report.metrics import DetectionMetrics, DetectionResults, Results

NUMBERS = published.read()
SEEDS = (-0.03, 0.0, 0.03)  # points of AP, the same for every variant: a gap has no spread
ARCHITECTURES = {"xs": "XSmallHG", "s": "SmallHG", "l": "LargeHG"}
SUBSETS = ("All", "Visible Keypoints", "Occluded Keypoints", "Visible Face", "Occluded Face")
# Mixture Dense's Table 1 does not say which component has the larger boxes; its AP of small and large objects does.
BY_SCALE = {2: (1, 0), 3: (0, 1, 2), 5: (1, 2, 0, 3, 4)}
# Test-dev's rows, taken for those of the validation images: mode -> table and row.
SERVER = {
    "pose_l_base_authors": {
        "flip": ("mdn_offset_table5", "Base model Zhou et al. (2019a)"),
        "flip_refined": ("mdn_offset_table5", "Base model refined Zhou et al. (2019a)"),
    },
    "pose_l_base_3x": {
        "plain": ("mixture_dense_table7", "Single-mode base w/o flip"),
        "flip": ("mixture_dense_table7", "Single-mode base"),
        "flip_refined": ("mixture_dense_table7", "Single-mode base refined"),
    },
    "pose_l_mdn_1_3x": {"flip_refined": ("mdn_offset_table5", "MDN_1 refined (ours)")},
    "pose_l_mdn_3_3x": {
        "plain": ("mdn_offset_table5", "MDN_3 w/o left-right flip (ours)"),
        "flip": ("mdn_offset_table5", "MDN_3 (ours)"),
        "flip_refined": ("mdn_offset_table5", "MDN_3 refined (ours)"),
    },
}
FRACTIONS = {
    "boxes_l_base_3x": "Single mode base on HG",
    "boxes_l_mdn_3_3x": "MDN_3 (ours) on HG",
    "boxes_dla_base": "Single mode base on DLA34",
    "boxes_dla_mdn_3": "MDN_3 (ours) on DLA34",
}

IMAGES = {"source": "synthetic", "train_images": 12000, "train_objects": 12000, "input_size": 64}
IMAGES |= {"val_images": 500, "val_objects": 700, "small_networks": True}

Judge = Callable[..., dict[str, Verdict]]
Content = dict[str, dict[str, Any]]  # variant -> {"modes": ..., "groups": ..., "mixture": ..., "truth": ...}


def number(table: str, row: str, column: str) -> float:
    cell = NUMBERS.cell(table, row, column)
    assert cell, (table, row, column)
    return float(cell)


def precision(ap: float, ar: float = 60.0, **sizes: float) -> dict[str, float]:
    return {"ap": ap, "ap_50": 80.0, "ap_75": 50.0, "ar": ar, **sizes}


def component(**fields: Any) -> dict[str, Any]:
    return {"without": precision(0.0), "only": {}, "forced": {}, **fields}


def mixture(components: list[dict[str, Any]], ap: float, **fields: Any) -> dict[str, Any]:
    return {"components": components, "collapsed": False, "full": {"all": precision(ap)}, **fields}


def printed() -> Content:
    """By variant, a fresh copy every time."""
    content = {**dict(_table_1()), **dict(_boxes()), **dict(_server())}
    content["pose_l_mdn_3"]["modes"]["flip"] = precision(52.0)  # not printed: so much less than without, as in Table 5
    for variant in ("pose_l_mdn_3", "pose_l_mdn_3_3x"):  # not printed either: half as much less
        plain, flip = (content[variant]["modes"][mode]["ap"] for mode in ("plain", "flip"))
        content[variant]["modes"]["flip_aligned"] = precision((plain + flip) / 2)
    _viewpoints(content["pose_l_mdn_2"])
    _directions(content["pose_l_mdn_3"]["mixture"])
    for variant, row in (("pose_l_base", "Base model"), ("pose_l_mdn_2", "MDN_2")):
        content[variant]["groups"] = of_groups(row)
    displaced = {str(px): of_groups(f"Ground truth displaced by {px} pixel{'s' * (px > 1)}") for px in (1, 2, 3)}
    content["pose_l_base"]["truth"] = {"displaced": displaced}
    return content


def _table_1() -> Iterator[tuple[str, dict[str, Any]]]:
    for short, name in ARCHITECTURES.items():
        for count in (0, 1, 2, 3) if short == "l" else (0, 1, 2, 3, 5):
            row = f"{name}|{f'MDN_{count}' if count else 'Base'}"
            modes = {
                mode: precision(
                    *(number("mdn_offset_table1", f"{row}|{words} refinement", one) for one in ("AP", "AR"))
                )
                for mode, words in (("plain", "w/o"), ("refined", "w/"))
            }
            content: dict[str, Any] = {"modes": modes}
            if count > 1:
                without = [number("mdn_offset_table1", f"{row}|w/o C{k + 1}", "AP") for k in range(count)]
                parts = [component(share=100 / count, without=precision(ap)) for ap in without]
                content["mixture"] = mixture(parts, modes["plain"]["ap"])
            yield f"pose_{short}_{f'mdn_{count}' if count else 'base'}", content


def _viewpoints(content: dict[str, Any]) -> None:
    """MDN offset, Tables 2 and 3: the first component is the back one."""
    back, front = content["mixture"]["components"]
    for part, name in ((back, "C1"), (front, "C2")):
        for kind, row in (("only", f"Keep {name} predictions"), ("forced", f"All with {name}")):
            part[kind] = {
                subset.lower().replace(" ", "_"): precision(number("mdn_offset_table2", f"{row}|{subset}", "AP"))
                for subset in SUBSETS
            }
    rows = (
        "coco-val and MDN_2|more than 5 keypoints, score >= 0.5",
        "coco-val and MDN_2|in parentheses: at least 10 keypoints, score >= 0.7",
    )
    for strict, row in zip(("", "_strict"), rows, strict=True):
        back[f"share{strict}"] = number("mdn_offset_table3", row, "comp1 (back view)")
        front[f"share{strict}"] = number("mdn_offset_table3", row, "comp2 (front view)")
        face = number("mdn_offset_table3", row, "Visible Face")
        content.setdefault("truth", {})[f"visible_face{strict}"] = face
    content["mixture"] |= {"front": 1, "back": 0, "largest_weight": 0.95}


def _directions(mixture: dict[str, Any]) -> None:
    """Mixture Dense, Table 4."""
    for part, name in zip(mixture["components"], ("1 (Front)", "2 (-)", "3 (Back)"), strict=True):
        row = f"MDN_3|component {name}"
        means = {f"mean_{axis}": number("mixture_dense_table4", row, f"mean sigma_{axis}") for axis in "xy"}
        sd = {f"sd_{axis}": number("mixture_dense_table4", row, f"std sigma_{axis}") for axis in "xy"}
        part["share"] = number("mixture_dense_table4", row, "Prediction rate")
        part["sigma"] = means | sd
        part["directions"] = {
            f"{side.lower()}_{axis}": number("mixture_dense_table4", row, f"O+_{axis} rate ({side})")
            for side in ("Left", "Right")
            for axis in "xy"
        }
    mixture |= {"front": 0, "back": 2, "largest_weight": 0.95}


def of_groups(row: str) -> dict[str, float]:
    headings = {"non_facial": "None Facial"}
    return {name: number("mdn_offset_table4", row, headings.get(name, name.capitalize())) for name in GROUPS}


def _boxes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Mixture Dense, Table 1."""

    def of(row: str) -> dict[str, float]:
        ap, small, large = (number("mixture_dense_table1", row, name) for name in ("AP", "AP_S", "AP_L"))
        return precision(ap, ap_small=small, ap_large=large)

    yield "boxes_l_base", {"modes": {"plain": of("Single mode base")}}
    for count, order in BY_SCALE.items():
        whole = of(f"MDN_{count}|All components")
        parts = [
            component(
                share=100 / count,
                only={"all": of(f"MDN_{count}|component {k + 1}")},
                scale=quartiles(20.0 * 2.5 ** order.index(k), 100 / count),
            )
            for k in range(count)
        ]
        yield f"boxes_l_mdn_{count}", {"modes": {"plain": whole}, "mixture": mixture(parts, whole["ap"])}


def quartiles(median: float, share: float = 100.0) -> dict[str, float]:
    shares = {"low": 0.5, "first": 0.8, "median": 1.0, "third": 1.25, "high": 2.0}
    return {name: factor * median for name, factor in shares.items()} | {"share": share}


def _server() -> Iterator[tuple[str, dict[str, Any]]]:
    for variant, modes in SERVER.items():
        yield variant, {"modes": {mode: precision(number(*row, "AP")) for mode, row in modes.items()}}
    for variant, row in FRACTIONS.items():
        yield variant, {"modes": {"plain": precision(100 * number("mixture_dense_table2", row, "AP"))}}


def results(
    run: Run, content: Content, seeds: tuple[float, ...] = SEEDS, speeds: dict[str, dict[str, float]] | None = None
) -> DetectionResults:
    """One seed per shift of AP. What content lacks was not run; what has no history was not trained here."""
    known = speeds or {}
    variants = {name: _metrics(run, name, content, seeds, known.get(name)) for name in run.detection_variants}
    return DetectionResults(run.preset_name, variants)


def _variant(
    run: Run, variant: str, seeds: list[dict[str, Any]] | None, speeds: dict[str, float] | None = None, **more: Any
) -> DetectionMetrics:
    """A detection variant in memory. It was not run if there are no seeds."""
    settings = run.detection_variant(variant)
    head = (variant, run.preset_name, settings.paper, settings.title)
    if seeds is None:
        return DetectionMetrics(*head, "left out by the preset")
    content = {"schema": 1, "kind": "detection", "variant": variant, "preset": run.preset_name, "parameters": 1_600_000}
    content |= {"data": IMAGES | {"task": settings.task}, "seeds": seeds}
    return DetectionMetrics(*head, None, DetectionFile.model_validate(content | more), speeds or {})


def _metrics(
    run: Run, variant: str, content: Content, seeds: tuple[float, ...], speeds: dict[str, float] | None
) -> DetectionMetrics:
    if variant not in content:
        return _variant(run, variant, None)
    mine = content[variant]
    modes = [
        {mode: one | {"ap": one["ap"] + shift, "ar": one["ar"] + shift} for mode, one in mine["modes"].items()}
        for shift in seeds
    ]
    rest = {name: mine.get(name) for name in ("groups", "mixture")}
    more: dict[str, Any] = {"truth": mine.get("truth")}
    if run.layout.history(variant, 0).exists():
        more["training"] = {"epochs": 50, "epochs_stated": 50, "steps": 100, "date": "2026-01-02"}
    made = [{"seed": seed, "modes": of_seed, **rest} for seed, of_seed in enumerate(modes)]
    return _variant(run, variant, made, speeds, **more)


def judge(
    run: Run, content: Content, seeds: tuple[float, ...] = SEEDS, speeds: dict[str, dict[str, float]] | None = None
) -> dict[str, Verdict]:
    """The verdicts on these results, by claim."""
    found = Evidence(run, Results(run.preset_name, {}), results(run, content, seeds, speeds))
    return judged(found, "mdn_offset", "mixture_dense")


def history(run: Run, variant: str, ap: list[float], seeds: int = len(SEEDS)) -> None:
    """One AP per epoch, between rows that have a loss alone; the same for every seed."""
    lines = ["epoch,step,learning_rate,loss,val_ap,val_loss"]
    for epoch, value in enumerate(ap, 1):
        lines += [f"{epoch - 0.5},{10 * epoch - 5},0.001,1.0,,", f"{epoch}.0,{10 * epoch},0.001,1.0,{value},1.0"]
    for seed in range(seeds):
        artifacts.write_text(run.layout.history(variant, seed), "\n".join(lines) + "\n")
