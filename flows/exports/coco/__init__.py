"""COCO JSON: `layout` the options and slots of landmarks, `writer` the file of a split."""
