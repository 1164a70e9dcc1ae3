"""COCO JSON: a split of a release in the layout of the authors' converter."""
