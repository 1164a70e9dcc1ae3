"""COCO's average precision of boxes in SQL, written from the definition: a second oracle."""

import duckdb
import numpy as np
import pyarrow as pa

SQL = """
with recursive ranked as (
    select
        *,
        row_number() over (
            partition by image_id, category_id order by score desc, row
        ) as place
    from detections
),

box_pairs as (
    select
        truth.subset,
        ranked.row,
        truth.item,
        truth.ignored,
        greatest(0, least(ranked.x + ranked.width, truth.x + truth.width)
            - greatest(ranked.x, truth.x))
        * greatest(0, least(ranked.y + ranked.height, truth.y + truth.height)
            - greatest(ranked.y, truth.y)) as shared,
        ranked.width * ranked.height + truth.width * truth.height - shared as united
    from ranked
    join truth using (image_id, category_id)
),

-- Items that count come first, then those of higher overlap, then the last one.
candidates as (
    select
        subset,
        row,
        list({'item': item, 'ignored': ignored, 'overlap': shared / united}
            order by ignored, shared / united desc, item desc) as items
    from box_pairs
    group by subset, row
),

matched as (
    select
        subsets.subset,
        thresholds.threshold,
        images.image_id,
        images.category_id,
        cast(0 as bigint) as place,
        cast(null as struct(item bigint, ignored boolean, overlap double)) as hit,
        cast([] as bigint[]) as used
    from (select distinct image_id, category_id from ranked) as images
    cross join (select distinct subset from truth) as subsets
    cross join thresholds
    union all
    select
        matched.subset,
        matched.threshold,
        matched.image_id,
        matched.category_id,
        ranked.place,
        list_filter(
            candidates.items,
            lambda candidate: candidate.overlap >= matched.threshold
                and not list_contains(matched.used, candidate.item)
        )[1] as next_hit,
        case
            when next_hit is null then matched.used
            else list_append(matched.used, next_hit['item'])
        end
    from matched
    join ranked
        on ranked.image_id = matched.image_id
        and ranked.category_id = matched.category_id
        and ranked.place = matched.place + 1
        and ranked.place <= 100
    left join candidates
        on candidates.subset = matched.subset
        and candidates.row = ranked.row
),

counted as (
    select
        subset,
        threshold,
        category_id,
        count(*) filter (where hit is not null) over so_far as true_positives,
        count(*) filter (where hit is null) over so_far as false_positives
    from matched
    join ranked using (image_id, category_id, place)
    where hit is null or not hit.ignored
    window so_far as (
        partition by subset, threshold, category_id
        order by score desc, image_id, place
        rows between unbounded preceding and current row
    )
),

items as (
    select subset, category_id, count(*) as items
    from truth
    where not ignored
    group by subset, category_id
),

points as (
    select
        items.subset,
        items.category_id,
        thresholds.threshold,
        recalls.recall,
        coalesce(max(true_positives / (true_positives + false_positives)) filter (
            where true_positives / items.items >= recalls.recall
        ), 0) as precision
    from items
    cross join thresholds
    cross join recalls
    left join counted
        on counted.subset = items.subset
        and counted.category_id = items.category_id
        and counted.threshold = thresholds.threshold
    group by all
)

select subset, avg(precision) as average_precision
from points
group by subset
"""


def average_precision(truth: pa.Table, detections: pa.Table) -> dict[str, float]:
    """AP of each subset: `truth` has a row for each subset and item, with the column `ignored`.

    `item` numbers the items of a subset. Subsets without items that count are absent.
    """
    with duckdb.connect() as con:
        con.register("truth", truth)
        con.register("detections", detections)
        con.register("thresholds", pa.table({"threshold": np.linspace(0.5, 0.95, 10)}))
        con.register("recalls", pa.table({"recall": np.linspace(0, 1, 101)}))
        return dict(con.execute(SQL).fetchall())
