"""CPU seconds and peak memory of `wardrobe evaluate` against pycocotools, same scores.

    python tests/benchmarks/evaluation.py [--folder DIR] [--repeat 3] [--without_pycocotools]

32,153 images, 52,490 items, 94,544 detections; landmarks have 882 numbers, in JSON 348 MB. Every
run is a fresh process; figures are medians. `evaluation` is matching and accumulation, `load` all
before it; `command` is the whole of `wardrobe evaluate` from the start of Python. Landmarks are
scored twice by wardrobe, without and with occluded ones, and once by pycocotools, with them.
pycocotools runs once; it needs the truth in JSON as well, and 6 GB.
"""

import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc
from benchmark import MIB, Table, in_process, memory_of, options, timed, wardrobe
from evaluation_data import prepare

from schemas.categories import CATEGORIES


class Run(NamedTuple):
    """CPU seconds, peak MiB and AP of one run."""

    load: float
    evaluation: float
    peak: float
    precision: float


def evaluated(lake: Path, task: str, path: Path) -> Run:
    """Load and evaluation of wardrobe, in this process."""
    from flows.metrics.average_precision import Kernel
    from flows.pipelines.evaluate_precision import evaluate_precision
    from flows.pipelines.evaluation import EvaluationInputs
    from flows.pipelines.tables import open_release
    from flows.warehouse import open_warehouse

    evaluation = []
    arrays = Kernel.arrays

    def timed_arrays(*arguments: Any) -> Any:
        result, cost = timed(arrays, *arguments)
        evaluation.append(cost.cpu)
        return result

    Kernel.arrays = timed_arrays
    with open_warehouse(open_release(lake, None).tables()) as warehouse:
        inputs = EvaluationInputs(warehouse, "deepfashion2", "train", [path])
        result, cost = timed(partial(evaluate_precision, inputs, task=task))
    metric = "AP_visible_occluded" if task == "landmarks" else "AP"
    (score,) = result.scores.filter(pc.equal(result.scores["metric"], metric))["score"].to_pylist()
    return Run(cost.cpu - sum(evaluation), sum(evaluation), memory_of("VmHWM"), score)


def evaluated_by_pycocotools(truth: Path, task: str, path: Path) -> Run:
    """The same by pycocotools, with the OKS constants of DeepFashion2."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    annotations, of_truth = timed(COCO, truth)
    detections, of_detections = timed(annotations.loadRes, str(path))
    run = COCOeval(annotations, detections, "keypoints" if task == "landmarks" else "bbox")
    if task == "landmarks":
        sigmas = [sigma for category in CATEGORIES["deepfashion2"] for sigma in category.sigmas]
        run.params.kpt_oks_sigmas = np.array(sigmas)

    def evaluate() -> None:
        run.evaluate()
        run.accumulate()
        run.summarize()

    _, cost = timed(evaluate)
    return Run(of_truth.cpu + of_detections.cpu, cost.cpu, memory_of("VmHWM"), run.stats[0])


def commands(lake: Path, task: str, path: Path, repeat: int) -> tuple[float, float]:
    """CPU seconds and peak MiB of the whole command: medians."""
    words = ("--dataset", "deepfashion2", "--split", "train", "--lake", lake, "--predictions", path)
    runs = [wardrobe("evaluate", task, *words) for _ in range(repeat)]
    return median(run.cpu for run in runs), median(run.own for run in runs) / MIB


def main() -> None:
    """Prepare the files, run each way, print a row for each with its ratios to pycocotools."""
    chosen = options(__doc__, folder=None, repeat=3, without_pycocotools=False)
    folder = chosen.folder or Path(tempfile.gettempdir()) / "wardrobe-bench-evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    files = prepare(folder)
    seconds, ratio = ">12.2f", ">14.1f"
    table = Table(
        file="<20", way="<12", AP=">8.4f", load=seconds, evaluation=seconds, command=seconds,
        MiB=">8,.0f", evaluation_x=ratio, load_and_evaluation_x=">24.1f", command_x=ratio,
    )  # fmt: skip
    for task, names in (("landmarks", ["landmarks", "parquet"]), ("detection", ["boxes"])):
        other = None
        if not chosen.without_pycocotools:
            truth = _truth(files["lake"], task)
            other = in_process("spawn", evaluated_by_pycocotools, truth, task, files[names[0]])
            table.row(files[names[0]].name, "pycocotools", other.precision, other.load,
                other.evaluation, None, other.peak, None, None, None)  # fmt: skip
        for name in names:
            path = files[name]
            runs = [
                in_process("spawn", evaluated, files["lake"], task, path)
                for _ in range(chosen.repeat)
            ]
            run = Run(*(median(values) for values in zip(*runs, strict=True)))
            command, peak = commands(files["lake"], task, path, chosen.repeat)
            ratios: list[float | None] = [None] * 3
            if other:
                both = other.load + other.evaluation
                together = run.load + run.evaluation
                ratios = [other.evaluation / run.evaluation, both / together, both / command]
            table.row(path.name, "wardrobe", run.precision, run.load, run.evaluation, command,
                peak, *ratios)  # fmt: skip


def _truth(lake: Path, task: str) -> Path:
    path = lake.parent / f"{task}_truth.json"
    if not path.exists():
        words = ("--task", task, "--lake", lake, "--output", path)
        wardrobe("export", "coco", "deepfashion2", "train", *words)
    return path


if __name__ == "__main__":
    main()
