"""Published scores of the data sets' authors and contestants, with the origin of each.

Sources: README of DeepFashion2 (Tables 2 to 9, all of Match R-CNN on the validation set), README of
Fashion-MNIST (accuracies as submitted), public write-ups of the FashionAI race.

The tables of DeepFashion2 are of two models. Tables 2, 4, 6 and 8 are of a model trained on the
released data, which is what a reader can repeat; they have no subsets. Tables 3, 5, 7 and 9 are of
the paper's model, trained on more images that were not released; its scores of the whole split are
higher. They are the only scores by attribute, and the code that made the subsets is unpublished.
The metrics of Table 9 are special: its queries have over five identical items in the gallery.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schemas.scores import ALL, RANKS
from schemas.vocabulary import ITEM_ATTRIBUTES


@dataclass(frozen=True)
class Baseline:
    """A published score: the columns of the score table it is for, and what reached it where."""

    dataset: str
    split: str
    task: str
    metric: str
    score: float
    method: str
    attribute: str = ALL
    value: str = ALL
    category: str = ALL


_SUBSETS = (
    *((name, value) for name, values in ITEM_ATTRIBUTES.items() for value in values),
    (ALL, ALL),
)
"""The columns of Tables 3, 5 and 7; those of Table 9 end before the last."""

# Metrics with the scores of a table, overall or in the order of _SUBSETS.
_Scores = Mapping[str, tuple[float, ...]]

_TABLES: tuple[tuple[str, str, _Scores], ...] = (
    ("detection", "2", {"AP": (0.638,), "AP50": (0.789,), "AP75": (0.745,)}),
    (
        "detection",
        "3",
        {
            "AP": (
                *(0.604, 0.700, 0.660, 0.712, 0.654, 0.372, 0.695, 0.629, 0.466),
                *(0.624, 0.681, 0.641, 0.667),
            ),
            "AP50": (
                *(0.780, 0.851, 0.768, 0.844, 0.810, 0.531, 0.848, 0.755, 0.563),
                *(0.713, 0.832, 0.796, 0.814),
            ),
            "AP75": (
                *(0.717, 0.809, 0.744, 0.812, 0.768, 0.433, 0.806, 0.718, 0.525),
                *(0.688, 0.791, 0.744, 0.773),
            ),
        },
    ),
    (
        "landmarks",
        "4",
        {
            "AP_visible": (0.605,),
            "AP50_visible": (0.790,),
            "AP75_visible": (0.684,),
            "AP_visible_occluded": (0.529,),
            "AP50_visible_occluded": (0.775,),
            "AP75_visible_occluded": (0.596,),
        },
    ),
    (
        "landmarks",
        "5",
        {
            "AP_visible": (
                *(0.587, 0.687, 0.599, 0.669, 0.631, 0.398, 0.688, 0.559, 0.375),
                *(0.527, 0.677, 0.536, 0.641),
            ),
            "AP50_visible": (
                *(0.780, 0.854, 0.782, 0.851, 0.813, 0.534, 0.855, 0.757, 0.571),
                *(0.724, 0.846, 0.748, 0.820),
            ),
            "AP75_visible": (
                *(0.671, 0.779, 0.678, 0.760, 0.718, 0.440, 0.786, 0.633, 0.390),
                *(0.571, 0.771, 0.610, 0.728),
            ),
            "AP_visible_occluded": (
                *(0.497, 0.607, 0.555, 0.643, 0.530, 0.248, 0.616, 0.489, 0.319),
                *(0.510, 0.596, 0.456, 0.563),
            ),
            "AP50_visible_occluded": (
                *(0.764, 0.839, 0.774, 0.847, 0.799, 0.479, 0.848, 0.744, 0.549),
                *(0.716, 0.832, 0.727, 0.805),
            ),
            "AP75_visible_occluded": (
                *(0.551, 0.703, 0.625, 0.739, 0.600, 0.236, 0.714, 0.537, 0.307),
                *(0.550, 0.684, 0.506, 0.641),
            ),
        },
    ),
    ("segmentation", "6", {"AP": (0.640,), "AP50": (0.797,), "AP75": (0.754,)}),
    (
        "segmentation",
        "7",
        {
            "AP": (
                *(0.634, 0.703, 0.666, 0.720, 0.656, 0.381, 0.701, 0.637, 0.478),
                *(0.664, 0.689, 0.635, 0.674),
            ),
            "AP50": (
                *(0.811, 0.865, 0.798, 0.863, 0.824, 0.543, 0.861, 0.791, 0.591),
                *(0.757, 0.849, 0.811, 0.834),
            ),
            "AP75": (
                *(0.752, 0.826, 0.773, 0.836, 0.780, 0.444, 0.823, 0.751, 0.559),
                *(0.737, 0.810, 0.755, 0.793),
            ),
        },
    ),
)
"""Task, number of the table, and its scores; of overall scores the repeatable ones come first."""

# Table 8: top-1, 5, 10, 15 and 20 with detected boxes. The best method comes first.
_RETRIEVAL = {
    "class and keypoints": (0.192, 0.345, 0.435, 0.488, 0.524),
    "keypoints": (0.182, 0.326, 0.416, 0.469, 0.510),
    "class and segmentation": (0.152, 0.295, 0.379, 0.435, 0.477),
    "segmentation": (0.135, 0.271, 0.350, 0.407, 0.447),
    "class": (0.079, 0.198, 0.273, 0.329, 0.366),
}

# Table 9: top-20 of the twelve subsets, then top-1, 10 and 20 overall, of queries with over five
# identical items in the gallery; by method and the end of the metrics of ground-truth boxes.
_DETECTED, _TRUE = "", "_truth"
_RETRIEVAL_SUBSETS = {
    ("class and keypoints", _DETECTED): (
        *(0.691, 0.730, 0.705, 0.725, 0.706, 0.605, 0.746, 0.709, 0.582, 0.699, 0.723, 0.684),
        *(0.244, 0.522, 0.617),
    ),
    ("class and keypoints", _TRUE): (
        *(0.752, 0.786, 0.733, 0.754, 0.750, 0.728, 0.789, 0.750, 0.620, 0.726, 0.771, 0.719),
        *(0.268, 0.574, 0.665),
    ),
    ("keypoints", _DETECTED): (
        *(0.637, 0.702, 0.691, 0.710, 0.670, 0.580, 0.710, 0.701, 0.560, 0.690, 0.700, 0.645),
        *(0.243, 0.497, 0.588),
    ),
    ("keypoints", _TRUE): (
        *(0.721, 0.778, 0.735, 0.756, 0.737, 0.728, 0.775, 0.751, 0.621, 0.731, 0.763, 0.711),
        *(0.264, 0.562, 0.654),
    ),
    ("class and segmentation", _DETECTED): (
        *(0.610, 0.666, 0.649, 0.676, 0.623, 0.549, 0.674, 0.655, 0.536, 0.648, 0.661, 0.604),
        *(0.208, 0.451, 0.542),
    ),
    ("class and segmentation", _TRUE): (
        *(0.656, 0.728, 0.687, 0.714, 0.676, 0.654, 0.725, 0.702, 0.565, 0.684, 0.712, 0.658),
        *(0.212, 0.496, 0.595),
    ),
    ("segmentation", _DETECTED): (
        *(0.552, 0.657, 0.608, 0.639, 0.593, 0.555, 0.654, 0.613, 0.495, 0.615, 0.630, 0.565),
        *(0.186, 0.422, 0.520),
    ),
    ("segmentation", _TRUE): (
        *(0.624, 0.714, 0.646, 0.675, 0.651, 0.632, 0.711, 0.655, 0.526, 0.644, 0.682, 0.637),
        *(0.193, 0.474, 0.571),
    ),
    ("class", _DETECTED): (
        *(0.485, 0.537, 0.502, 0.527, 0.508, 0.383, 0.553, 0.496, 0.405, 0.499, 0.523, 0.487),
        *(0.091, 0.312, 0.415),
    ),
    ("class", _TRUE): (
        *(0.520, 0.630, 0.540, 0.572, 0.563, 0.558, 0.618, 0.547, 0.444, 0.546, 0.584, 0.533),
        *(0.102, 0.361, 0.470),
    ),
}

# README of Fashion-MNIST, best first: what can be reached is what a score is compared with.
_ACCURACIES = (
    (0.967, "WRN40-4, 8.9M parameters"),
    (0.963, "WRN-28-10 with random erasing"),
    (0.959, "WRN-28-10"),
    (0.957, "dual path network with wide ResNet 28-10"),
    (0.954, "DenseNet-BC, 768K parameters"),
    (0.950, "MobileNet"),
    (0.949, "ResNet18"),
    (0.937, "GoogLeNet with cross-entropy loss"),
    (0.936, "capsule network, 8M parameters"),
    (0.935, "VGG16, 26M parameters"),
    (0.932, "2 convolutions and 3 dense layers, 1.8M parameters"),
    (0.926, "3 convolutions with pooling, 2 dense layers and dropout"),
    (0.926, "HOG and SVM"),
    (0.925, "2 convolutions, under 100K parameters"),
    (0.922, "2 convolutions, 113K parameters"),
    (0.919, "2 convolutions with augmentation"),
    (0.916, "2 convolutions with max pooling (TensorFlow), over 300 epochs"),
    (0.907, "3 convolutions and 2 dense layers"),
    (0.903, "2 convolutions with max pooling and ELU (PyTorch)"),
    (0.903, "3 convolutions with pooling and batch normalisation"),
    (0.900, "SqueezeNet with cyclical learning rate"),
    (0.900, "MLP 256-128-64"),
    (0.899, "AlexNet with triplet loss"),
    (0.898, "XGBoost"),
    (0.897, "GRU and SVM with dropout"),
    (0.888, "GRU and SVM"),
    (0.876, "2 convolutions with max pooling (Keras)"),
    (0.835, "people without fashion expertise, 1,000 pictures"),
)

# FashionAI: places in round 2 of the race, whose own pictures have no public answers.
_ERRORS = ((0.0382, "17th place of round 2"), (0.0395, "24th place of round 2"))


def _baselines() -> Iterator[Baseline]:
    deepfashion2 = ("deepfashion2", "validation")
    for task, table, metrics in _TABLES:
        for metric, scores in metrics.items():
            subsets = _SUBSETS if len(scores) > 1 else _SUBSETS[-1:]
            for subset, score in zip(subsets, scores, strict=True):
                method = f"Match R-CNN, Table {table}"
                yield Baseline(*deepfashion2, task, metric, score, method, *subset)
    for features, scores in _RETRIEVAL.items():
        for rank, score in zip(RANKS, scores, strict=True):
            method = f"Match R-CNN, {features}, Table 8"
            yield Baseline(*deepfashion2, "retrieval", f"top-{rank}", score, method)
    for (features, boxes), scores in _RETRIEVAL_SUBSETS.items():
        columns = [(20, *subset) for subset in _SUBSETS[:-1]]
        columns += [(rank, ALL, ALL) for rank in (1, 10, 20)]
        for (rank, attribute, value), score in zip(columns, scores, strict=True):
            metric = f"top-{rank}{boxes}_identical_6"
            method = f"Match R-CNN, {features}, Table 9"
            yield Baseline(*deepfashion2, "retrieval", metric, score, method, attribute, value)
    for score, method in _ACCURACIES:
        yield Baseline("fashion-mnist", "test", "classification", "accuracy", score, method)
    for split in ("test_a", "test_b", "test"):
        for score, method in _ERRORS:
            yield Baseline("fashionai", split, "landmarks", "NE", score, method)


BASELINES: tuple[Baseline, ...] = tuple(_baselines())
"""Every published score; where several methods have one, the first is the one to print."""
