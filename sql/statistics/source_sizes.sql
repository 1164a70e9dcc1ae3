-- Sizes of pictures in pixels and bytes, by the image's `source` column.
--
-- Sides and aspects are of pictures whose size is known, bytes of those that are present. Aspects
-- and megapixels are rounded to 4 decimals. Fashion-MNIST has no picture files: its bytes are those
-- of the PNG files that the ingest makes of its pixels.
--
-- reads     images
-- scope     whole
-- grain     dataset, split, source
-- column    images: all images
-- column    sized: images with known width and height
-- column    median_width: in pixels
-- column    median_height: in pixels
-- column    smallest_side: the shortest side of all pictures, in pixels
-- column    largest_side: the longest side of all pictures, in pixels
-- column    median_aspect: width by height
-- column    median_megapixels: millions of pixels
-- column    median_bytes: of the picture file
-- column    total_bytes: of all picture files
-- unit      px: median_width, median_height, smallest_side, largest_side
-- unit      bytes: median_bytes, total_bytes

select
    dataset,
    split,
    source,
    count(*) as images,
    count(*) filter (where width > 0 and height > 0) as sized,
    median(width) as median_width,
    median(height) as median_height,
    min(least(width, height)) as smallest_side,
    max(greatest(width, height)) as largest_side,
    round(median(case when height > 0 then width / height end), 4) as median_aspect,
    round(median(cast(width as bigint) * height) / 1e6, 4) as median_megapixels,
    median(byte_size) as median_bytes,
    cast(coalesce(sum(byte_size), 0) as bigint) as total_bytes
from images
group by dataset, split, source
order by dataset, split, source nulls first
