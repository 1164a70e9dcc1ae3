-- Mean shape of a category: the average positions of its landmarks in the item's box.
--
-- The position of a labelled landmark, visible or occluded, is relative to the box of its item: 0,0
-- is the upper left corner, 1,1 the lower right. Where the source has no boxes, the bounds of the
-- item's labelled landmarks are used. In a box of zero width or height the position is undefined:
-- such landmarks are counted, not averaged. Positions and spreads are rounded to 4 decimals. All
-- splits are taken together.
--
-- reads     landmark_totals, landmark_types, categories
-- scope     whole
-- grain     dataset, category_id, landmark_no
-- column    category_name, landmark_no, landmark_name
-- column    landmarks: labelled landmarks averaged
-- column    flat_boxes: labelled landmarks in a box of zero width or height, not averaged
-- column    mean_x: mean position across the box, 0 left to 1 right; can exceed that range;
--           this and the following columns are null where landmarks is 0
-- column    mean_y: mean position down the box, 0 top to 1 bottom; can exceed that range
-- column    spread_x: standard deviation across; null for a single landmark
-- column    spread_y: standard deviation down; null for a single landmark

with summed as (
    select
        dataset,
        category_id,
        landmark_no,
        cast(sum(placed) as bigint) as placed,
        cast(sum(flat_boxes) as bigint) as flat_boxes,
        cast(sum(sum_x) as double) as sum_x,
        cast(sum(sum_y) as double) as sum_y,
        cast(sum(sum_xx) as double) as sum_xx,
        cast(sum(sum_yy) as double) as sum_yy
    from landmark_totals
    where visible + occluded > 0
    group by dataset, category_id, landmark_no
)

select
    dataset,
    category_id,
    categories.category_name,
    landmark_no,
    landmark_types.landmark_name,
    summed.placed as landmarks,
    summed.flat_boxes,
    case when summed.placed > 0 then round(summed.sum_x / summed.placed / 1e6, 4) end as mean_x,
    case when summed.placed > 0 then round(summed.sum_y / summed.placed / 1e6, 4) end as mean_y,
    case
        when summed.placed > 1 then round(
            sqrt(greatest(summed.sum_xx - summed.sum_x * summed.sum_x / summed.placed, 0)
            / (summed.placed - 1)) / 1e6,
            4
        )
    end as spread_x,
    case
        when summed.placed > 1 then round(
            sqrt(greatest(summed.sum_yy - summed.sum_y * summed.sum_y / summed.placed, 0)
            / (summed.placed - 1)) / 1e6,
            4
        )
    end as spread_y
from summed
join landmark_types using (dataset, category_id, landmark_no)
join categories using (dataset, category_id)
order by dataset, category_id, landmark_no
