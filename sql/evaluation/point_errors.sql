-- Key points of annotated images with the errors of their predictions, as FashionAI counts them.
--
-- The error of a visible point is the distance of its prediction divided by the normaliser of the
-- image: the distance between the armpits (blouse, outwear, dress) or between the ends of the
-- waistband (trousers, skirt), visible or not. A normaliser of less than 10 pixels is not usable.
-- The published tables give an absent point the place (-1, -1), from which `authors` measures as
-- from any other; with both ends absent the normaliser is 0.
--
-- reads     items, landmarks, predicted_points
-- param     dataset: text: source dataset, `fashionai`
-- param     split: text: split, as the source names it
-- param     one_end_absent: authors | skip; default authors: whether an image with one end absent has
--                           a normaliser measured from (-1, -1), or none
-- grain     image_id, landmark_name
-- column    image_id
-- column    landmark_name: the key point
-- column    category_id
-- column    visible: whether the point is labelled visible: others do not count
-- column    predicted: whether the image has a prediction
-- column    normaliser: length by which the errors are divided; null where it is not usable
-- column    error: of a visible, predicted point of an image with a usable normaliser; else null
-- unit      px: normaliser

with ends as (
    select
        image_id,
        landmark_name like '%left' as is_left,
        coalesce(x, -1) as x,
        coalesce(y, -1) as y,
        visibility <> 'unlabelled' as labelled
    from landmarks
    where dataset = $dataset
        and split = $split
        and landmark_name in ('armpit_left', 'armpit_right', 'waistband_left', 'waistband_right')
),

lengths as (
    select
        lefts.image_id,
        sqrt(
            (lefts.x - rights.x) * (lefts.x - rights.x)
            + (lefts.y - rights.y) * (lefts.y - rights.y)
        ) as length,
        lefts.labelled and rights.labelled as measured
    from ends as lefts
    join ends as rights on lefts.image_id = rights.image_id
    where lefts.is_left
        and not rights.is_left
),

normalisers as (
    select
        image_id,
        case
            when length >= 10 and (measured or $one_end_absent = 'authors') then length
        end as normaliser
    from lengths
)

select
    image_id,
    landmark_name,
    items.category_id,
    landmarks.visibility = 'visible' as visible,
    predicted_points.row is not null as predicted,
    normalisers.normaliser,
    case
        when landmarks.visibility = 'visible' then sqrt(
            (predicted_points.x - landmarks.x) * (predicted_points.x - landmarks.x)
            + (predicted_points.y - landmarks.y) * (predicted_points.y - landmarks.y)
        ) / normalisers.normaliser
    end as error
from landmarks
join items using (dataset, split, image_id)
join normalisers using (image_id)
left join predicted_points using (image_id, landmark_name)
where dataset = $dataset
    and split = $split
order by image_id, landmark_name
