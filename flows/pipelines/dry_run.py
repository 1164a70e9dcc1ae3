"""What an ingest would do and why, without doing it."""

import pyarrow as pa

from flows.decode import DECODERS
from flows.lake import Lake
from flows.pipelines.derive import PairSettings
from flows.pipelines.ingest import arrange, inputs_before, is_known, listing_hash, plan_ingest
from flows.pipelines.request import IngestRequest
from flows.storage import list_members


def preview(wanted: IngestRequest) -> pa.Table:
    """One row per part that would be built, linked or dropped: part, what, members, why.

    Takes no lock and writes nothing; unchanged parts come as one row with their number.
    """
    parent = Lake(wanted.lake).parent()
    settings = PairSettings.recorded(parent.manifest.parameters if parent else {})
    wanted = wanted.as_before(inputs_before(wanted, parent))
    members = list_members(wanted.source)
    listing = listing_hash(members, wanted)
    if parent is not None and is_known(parent, wanted, listing, settings):
        parts = len(
            [one for one in parent.manifest.parts.values() if one.dataset == wanted.dataset]
        )
        return _rows([(f"{parts} parts", "nothing to do", members.num_rows, "nothing changed")])
    arrangement = arrange(DECODERS[wanted.dataset], wanted, members)
    plan = plan_ingest(wanted, arrangement, parent)
    rows = [
        (part.name, "build", part.members.num_rows, plan.reasons[part.name])
        for part in plan.changed
    ]
    rows += [(name, "drop", 0, plan.reasons[name]) for name in plan.removed_parts]
    if plan.unchanged:
        rows.append((f"{len(plan.unchanged)} parts", "link", None, "unchanged"))
    rows += [
        (f"split {split}", "keep", None, "not in the source") for split in plan.retained_splits
    ]
    return _rows(rows)


def _rows(rows: list[tuple[str, str, int | None, str]]) -> pa.Table:
    schema = pa.schema(
        [
            ("part", pa.string()),
            ("what", pa.string()),
            ("members", pa.int64()),
            ("why", pa.string()),
        ]
    )
    names = schema.names
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=schema)
