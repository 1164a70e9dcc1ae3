"""In: a folder, a size, a seed. Out: a synthetic source in the data set's own layout.

Same seed, same bytes; pictures are painted so that people see the garments the labels speak of.
May import: schemas, flows.storage, flows.release.
"""

from flows.samples.deepfashion2 import write_deepfashion2
from flows.samples.fashion_mnist import write_fashion_mnist
from flows.samples.fashionai import write_fashionai

__all__ = ["write_deepfashion2", "write_fashion_mnist", "write_fashionai"]
