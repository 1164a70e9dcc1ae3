"""Every file in tests/cases: accepted without a rejection, or refused for the stated reason."""

import json
import re
from pathlib import Path

import pytest
from decoded_sources import decode_source

from flows.decode import DECODERS
from flows.validate import validate_items
from schemas.errors import InputError
from schemas.rejection_rules import RULES

CASES = Path(__file__).parents[1] / "cases"
ACCEPTED = sorted(CASES.glob("*/accepted/*"))
REASONS = {
    path.parent / stem: reason
    for path in sorted(CASES.glob("*/refused/reasons.json"))
    for stem, reason in json.loads(path.read_text()).items()
}
REFUSED = sorted(set(CASES.glob("*/refused/*")) - set(CASES.glob("*/refused/reasons.json")))


def case_name(path: Path) -> str:
    return str(path.relative_to(CASES))


def decoded_case(path: Path) -> tuple[int, list[dict]]:
    """The number of images, and all rejections, of a source with that case as a member.

    All rejections are of that member; `decode_source` checks that no document or item is lost.
    """
    folder = path.parents[1]
    source = json.loads((folder / "source.json").read_text())
    files = {
        name: (folder / other).read_bytes() for name, other in source.get("others", {}).items()
    }
    files[source["member"]] = path.read_bytes()
    decoded = decode_source(DECODERS[folder.name], files)
    rejections = decoded.rejections
    for part in decoded.parts:
        rejections = rejections + validate_items(part.annotations)[1].to_pylist()
    assert {rejection["file_name"] for rejection in rejections} <= {source["member"]}
    return len(decoded.images), rejections


@pytest.mark.parametrize("path", ACCEPTED, ids=case_name)
def test_an_accepted_file_has_no_rejection(path):
    images, rejections = decoded_case(path)
    assert rejections == []
    assert images > 0


@pytest.mark.parametrize("path", REFUSED, ids=case_name)
def test_a_refused_file_says_why_and_where(path):
    reason = dict(REASONS[path.with_suffix("")])
    if error := reason.get("error"):
        with pytest.raises(InputError, match=re.escape(error)):
            decoded_case(path)
        return
    images, (rejection,) = decoded_case(path)
    assert re.split(r"[.-]", path.name)[0] == reason["rule"]
    assert reason.pop("path", "") in rejection["message"]
    assert {column: rejection[column] for column in reason} == reason
    assert len(rejection["excerpt"]) <= 200
    assert images > 0


def test_every_data_set_has_cases_and_every_reason_has_its_file():
    assert {path.parents[1].name for path in ACCEPTED} == set(DECODERS)
    assert {path.parents[1].name for path in REFUSED} == set(DECODERS)
    assert set(REASONS) == {path.with_suffix("") for path in REFUSED}


def test_every_rule_about_contents_has_a_case():
    about_files = {"unexpected_file_name", "unreadable", "changed_while_read", "too_large"}
    rules = {reason.get("rule") for reason in REASONS.values()} - {None}
    assert set(RULES) - about_files <= rules <= set(RULES)
