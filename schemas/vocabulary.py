"""Closed lists of words in the tables, with the codes of each source.

Codes stop at the border: only decode, samples and exports look them up. In DeepFashion2
visibility 1 means occluded, in FashionAI 1 means visible; in the tables there are words.
"""

VISIBLE, OCCLUDED, UNLABELLED = "visible", "occluded", "unlabelled"
VISIBILITY = (VISIBLE, OCCLUDED, UNLABELLED)
SOURCES = ("shop", "user")
SCALES = ("small", "modest", "large")
OCCLUSIONS = ("slight", "medium", "heavy")
ZOOMS = ("no_zoom", "medium", "large")
VIEWPOINTS = ("no_wear", "frontal", "side_or_back")
ITEM_ATTRIBUTES = {
    "scale": SCALES,
    "occlusion": OCCLUSIONS,
    "zoom_in": ZOOMS,
    "viewpoint": VIEWPOINTS,
}
PICTURE_FORMATS = ("jpeg", "png", "webp", "gif", "bmp", "tiff")
IMAGE_STATUSES = ("ok", "missing", "unreadable", "too_large", "not_a_picture")
PAIR_KINDS = ("positive", "negative_same_pair", "negative_same_category", "negative_random")
NEGATIVE_KINDS = PAIR_KINDS[1:]

# DeepFashion2, README of the data set: codes are 1-based places in these lists, visibility apart.
DEEPFASHION2_CODES = {
    name: dict(enumerate(words, start=1)) for name, words in ITEM_ATTRIBUTES.items()
}
DEEPFASHION2_VISIBILITY = {0: UNLABELLED, 1: OCCLUDED, 2: VISIBLE}

# FashionAI key points: x_y_v, and -1_-1_-1 for a point that is absent.
FASHIONAI_VISIBILITY = {-1: UNLABELLED, 0: OCCLUDED, 1: VISIBLE}
