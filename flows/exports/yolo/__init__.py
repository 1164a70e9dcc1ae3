"""YOLO data sets as Ultralytics reads them: pictures, label files and data.yaml.

`labels` the lines of a label file, `writer` the files of a split, `dataset_file` data.yaml.
"""
