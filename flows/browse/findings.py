"""Pages of findings: checks with their rows, rejections by rule, statistics with their images."""

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flows.browse.pages import Pages, State
from flows.pipelines.browsed_release import NotInReleaseError
from flows.pipelines.image_filter import KEY
from flows.pipelines.query import check_list, query_list, query_or_check
from flows.pipelines.statistic_images import images_behind
from schemas.errors import InputError
from schemas.rejections import RULES

MOST_ROWS = 500
"""Rows of a check, rule or statistic on its page; the command prints all."""

Row = dict[str, Any]

_SIDES = ("", "user_", "shop_", "other_", "anchor_", "positive_", "negative_")


def findings_routes(pages: Pages) -> list[Route]:
    """The routes of these pages."""
    browsed = pages.browsed

    def rows_page(request: Request, title: str, sql: str, **values: Any) -> Response:
        rows = browsed.rows(f"{sql}\nlimit {MOST_ROWS + 1}")
        return pages.render(
            "rows.html.jinja",
            pages.state(request),
            **{"behind": None, "images": None, "notes": (), **values},
            title=title,
            names=rows.column_names,
            rows=rows.slice(0, MOST_ROWS).to_pylist(),
            more=len(rows) > MOST_ROWS,
            links=_image_links,
            sql=sql,
            command=pages.command(sql),
        )

    def findings(request: Request) -> Response:
        recorded = {row["check"]: row for row in browsed.release.manifest.checks}
        uncounted = {"rows": None, "examined": None}
        checks = [
            uncounted | row | recorded.get(row["check"], {}) for row in check_list().to_pylist()
        ]
        checks.sort(key=lambda row: (-(row["rows"] or 0), bool(row["examined"])))
        by_rule = browsed.rows(
            "select rule, count(*) filter (where item_no is null) as documents, "
            "count(item_no) as items from rejections group by rule order by rule"
        )
        return pages.render(
            "findings.html.jinja",
            pages.state(request),
            checks=checks,
            rejections=by_rule.to_pylist(),
            rules=RULES,
        )

    def check(request: Request) -> Response:
        name = request.path_params["name"]
        check = _found(name)
        sql = browsed.filter({}).check_sql(name)
        filtered = name in pages.choices["check"]
        notes = [check.prose, f"What to do: {check.action}" if check.action else ""]
        images = State({"check": name}) if filtered else None
        return rows_page(request, check.title, sql, notes=notes, images=images)

    def rule(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in RULES:
            raise NotInReleaseError(f"unknown rule {name[:80]!r}.")
        sql = (
            f"select {KEY}, item_no, file_name, message, excerpt\nfrom rejections\n"
            f"where rule = '{name}'\norder by all"
        )
        images = State({"rejection": name})
        return rows_page(request, f"Rejected: {name}", sql, notes=RULES[name], images=images)

    def statistics(request: Request) -> Response:
        return pages.render(
            "statistics.html.jinja",
            pages.state(request),
            statistics=[row for row in query_list().to_pylist() if row["kind"] == "statistics"],
        )

    def statistic(request: Request) -> Response:
        name = request.path_params["name"]
        query = _found(name)
        if query.kind != "statistics":
            raise NotInReleaseError(f"{name} is not a statistic.")
        sql = f"select *\nfrom {name}\norder by {', '.join(query.grain)}"

        def behind(row: Row, column: str) -> str:
            return State(images_behind(name, row, column)).link("/")

        return rows_page(request, query.title, sql, notes=[query.prose], behind=behind)

    return [
        Route("/findings", findings),
        Route("/findings/check/{name}", check),
        Route("/findings/rule/{name}", rule),
        Route("/statistics", statistics),
        Route("/statistics/{name}", statistic),
    ]


def _found(name: str) -> Any:
    try:
        return query_or_check(name)
    except InputError as error:
        raise NotInReleaseError(str(error)) from error


def _image_links(row: Row) -> Iterator[tuple[str, str]]:
    """What to call the images of a row, and their addresses."""
    for side in _SIDES:
        image_id = row.get(f"{side}image_id")
        split = row.get(f"{side}split", row.get("split"))
        # The image of a rejected document has no row; an item is rejected from an accepted one.
        refused = "excerpt" in row and row["item_no"] is None
        if image_id is not None and split is not None and not refused:
            yield side.rstrip("_") or "image", f"/image/{row['dataset']}/{split}/{image_id}"
