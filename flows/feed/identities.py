"""Identity batches: some products, some items of each, consumer and shop photos in turn."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.feed.order import random_keys, shuffled
from flows.feed.samples import Feed
from flows.feed.tables import read_parts
from schemas.errors import InputError

SIDES = ("user", "shop")


class _Side(NamedTuple):
    """The items of one side: places in the feed, by identity; identity k has starts[k:k + 2]."""

    places: np.ndarray
    owners: np.ndarray
    starts: np.ndarray


class IdentityBatches:
    """Batches of `identities` products with `items` items each, for metric learning.

    An identity is a (pair_id, style) with a positive pair in the release: at least one item of a
    consumer and one of a shop. Its items alternate, consumer first; one with too few repeats some.
    No two identities of a batch share a pair_id: two styles of one product group can be the same
    garment in another colour.

    Walk it with a Sampler, as `batch_sampler`: each row of its order is a batch, as places in the
    feed. Every epoch has the same number of batches, the largest there can be; an epoch takes an
    identity at most once, and those left over differ from epoch to epoch.
    """

    def __init__(self, feed: Feed, *, identities: int = 8, items: int = 4) -> None:
        if not feed.by_item:
            raise ValueError('identity batches need a feed of items: task="retrieval"')
        if identities < 2 or items < 2:
            raise ValueError("identity batches need at least 2 identities and 2 items of each")
        self.feed, self.identities, self.items = feed, identities, items
        self._sides, self._groups = _items_by_identity(feed)
        self._group_sizes = np.unique(self._groups, return_counts=True)[1]
        if len(self._group_sizes) < identities:
            raise InputError(
                f"{feed.dataset} {feed.split} has {len(self._group_sizes)} product groups with "
                f"positive pairs, fewer than the {identities} identities of a batch."
            )
        self._batches = _max_batches(self._group_sizes, identities)
        self.origin = feed.origin
        self.selection = f"{feed.selection} in batches of {identities} x {items}"

    def __len__(self) -> int:
        return self._batches

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """The batches of an epoch: (batches, identities * items) places in the feed."""
        plan = self._batch_identities(seed, epoch)
        picked = np.empty((*plan.shape, self.items), np.int64)
        for which, side in enumerate(self._sides):
            keys = random_keys(len(side.places), seed, epoch, purpose=8 + which)
            ranked = side.places[np.lexsort((keys, side.owners))]
            first, last = side.starts[plan], side.starts[plan + 1]
            turns = np.arange((self.items + 1 - which) // 2) % (last - first)[:, :, np.newaxis]
            picked[:, :, which::2] = ranked[first[:, :, np.newaxis] + turns]
        return self.feed.mirror_some(picked.reshape(len(plan), -1), seed, epoch)

    def _batch_identities(self, seed: int, epoch: int) -> np.ndarray:
        """(batches, identities) numbers of identities.

        A group is a pair_id. Identities are sorted by group, groups in random order, and a group
        keeps at most as many as there are batches. The list is then assigned to the batches in
        turn, so that two identities of a group never meet in a batch. For example with 2 batches
        of 3 identities, groups A (a1 a2 a3), B (b1 b2) and C (c1 c2), and the order B, A, C:

            shuffled   b2 b1 a3 a1 a2 c1 c2
            allowed    b2 b1 a3 a1 c1 c2        a group has 2 places, one per batch
            batches    (b2 a3 c1) (b1 a1 c2)    read column by column, then shuffled
        """
        places = self._batches * self.identities
        group = np.unique(self._groups, return_inverse=True)[1]
        keys = random_keys(len(group), seed, epoch, purpose=5)
        group_keys = random_keys(len(self._group_sizes), seed, epoch, purpose=6)
        shuffled_ids = np.lexsort((keys, group_keys[group]))
        in_turn = group_keys[group[shuffled_ids]]  # ascending, one value per group
        rank = np.arange(len(shuffled_ids)) - np.searchsorted(in_turn, in_turn)
        allowed = shuffled_ids[rank < self._batches]
        if len(allowed) > places:
            kept = np.sort(np.argsort(keys[allowed], kind="stable")[:places])
            allowed = allowed[kept]
        batches = allowed.reshape(self.identities, self._batches).T
        return batches[shuffled(self._batches, seed, epoch, purpose=7)]


def _items_by_identity(feed: Feed) -> tuple[tuple[_Side, ...], np.ndarray]:
    """The items of each side by identity, and the product group (pair_id) of each identity."""
    files = feed.index.release.files("pairs", feed.dataset, feed.split)
    if not files:
        raise InputError(
            f"The release has no pairs for {feed.dataset} {feed.split}: run `wardrobe derive`."
        )
    columns = [f"{side}_{key}" for side in SIDES for key in ("image_id", "item_no")]
    pairs = pa.concat_tables(
        part.filter(pc.equal(part["pair_kind"], "positive")).select(columns)
        for part in read_parts(files, ("pair_kind", *columns))
    )
    rows = []
    for side in SIDES:
        item_rows = feed.index.item_rows(
            pairs[f"{side}_image_id"].to_numpy(), pairs[f"{side}_item_no"].to_numpy()
        )
        rows.append(np.intersect1d(item_rows, feed.rows))  # without items whose picture is left out
    numbers = [feed.identities[row] for row in rows]
    paired = np.intersect1d(*numbers)
    paired = paired[paired >= 0]
    sides = []
    for row, number in zip(rows, numbers, strict=True):
        is_paired = np.isin(number, paired)
        owners = np.searchsorted(paired, number[is_paired])
        by_owner = np.argsort(owners, kind="stable")
        places = np.searchsorted(feed.rows, row[is_paired][by_owner])
        starts = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(paired)))])
        sides.append(_Side(places, owners[by_owner], starts))
    groups = feed.index.images["pair_id"][feed.index.items["image_row"][rows[0]]]
    unique, first = np.unique(numbers[0], return_index=True)
    return tuple(sides), groups[first][np.searchsorted(unique, paired)]


def _max_batches(group_sizes: np.ndarray, identities: int) -> int:
    """The most batches that can be filled when a batch takes at most one of each group."""
    low, high = 1, int(group_sizes.sum()) // identities
    while low < high:
        middle = (low + high + 1) // 2
        enough = np.minimum(group_sizes, middle).sum() >= middle * identities
        low, high = (middle, high) if enough else (low, middle - 1)
    return low
