"""Pages of pairs: the groups of a release, and the images of one group side by side."""

from collections import defaultdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flows.browse.pages import Pages
from flows.pipelines.browsed_release import NotInReleaseError
from flows.pipelines.image_filter import key_literal, parse_key

GROUPS = 100
"""Groups on a page."""

MOST_IMAGES, MOST_ROWS = 200, 200
"""Images of a group, and rows of pairs and triplets, that are shown."""

SIDES = (("user", "Consumers"), ("shop", "Shops"))

_GROUPS = """
select
    dataset,
    split,
    pair_id,
    count(*) as images,
    count(*) filter (where source = 'user') as user_images,
    count(*) filter (where source = 'shop') as shop_images
from images
where pair_id is not null and (dataset, split, pair_id) > {after}
group by dataset, split, pair_id
order by dataset, split, pair_id
limit {limit}
"""


def pair_routes(pages: Pages) -> list[Route]:
    """The routes of these pages."""
    browsed = pages.browsed

    def groups(request: Request) -> Response:
        after = request.query_params.get("after")
        key = parse_key(after) if after else ("", "", 0)
        sql = _GROUPS.format(after=key_literal(key), limit=GROUPS + 1)
        rows = browsed.rows(sql).to_pylist()
        last = rows[GROUPS - 1] if len(rows) > GROUPS else None
        return pages.render(
            "groups.html.jinja",
            pages.state(request),
            groups=rows[:GROUPS],
            following=f"/pairs?after={last['dataset']}/{last['split']}/{last['pair_id']}"
            if last
            else None,
        )

    def group(request: Request) -> Response:
        path = request.path_params
        dataset, split, pair_id = parse_key(f"{path['dataset']}/{path['split']}/{path['pair_id']}")
        place = {"dataset": dataset, "split": split}
        chosen = browsed.filter({})
        rows = browsed.rows(
            chosen.with_values(place).rows("*", f"pair_id = {pair_id}")
            + f"\norder by image_id\nlimit {MOST_IMAGES}"
        ).to_pylist()
        if not rows:
            raise NotInReleaseError(f"{dataset} {split} does not have the pair_id {pair_id}.")
        views = browsed.views(rows)
        styles: dict[Any, dict[str, list]] = defaultdict(lambda: defaultdict(list))
        for view in views:
            for item in view.items:
                styles[item["style"]][view.row["source"]].append((view.key, item))
        within = f"dataset = '{dataset}' and split = '{split}'"
        pairs = browsed.rows(
            f"select * from pairs where {within} and user_pair_id = {pair_id} "
            "order by pair_kind <> 'positive', pair_kind, user_image_id, user_item_no, "
            f"shop_image_id, shop_item_no limit {MOST_ROWS}"
        ).to_pylist()
        numbers = ", ".join(str(view.key[2]) for view in views)
        triplets = browsed.rows(
            f"select * from triplets where {within} and anchor_image_id in ({numbers}) "
            f"order by all limit {MOST_ROWS}"
        ).to_pylist()
        return pages.render(
            "group.html.jinja",
            pages.state(request),
            place=(dataset, split, pair_id),
            sides=[
                (title, [view for view in views if view.row["source"] == side])
                for side, title in SIDES
            ],
            styles=sorted(styles.items(), key=lambda pair: (pair[0] is None, pair[0])),
            pairs=pairs,
            triplets=triplets,
        )

    return [Route("/pairs", groups), Route("/pairs/{dataset}/{split}/{pair_id}", group)]
