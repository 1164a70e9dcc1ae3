"""`--log-format json`: stderr is JSON lines, and the last event says how the command ended."""

import json

import pytest
from command_line import wardrobe

from flows.lake import Lake


@pytest.mark.slow
def test_events_are_json_lines_with_log_format_json(sources, tmp_path):
    words = ("ingest", "fashion-mnist", sources / "fashion-mnist", "--log-format", "json")
    done = wardrobe(*words, "--workers", 1, lake=tmp_path / "lake")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["event"] for event in events][-1:] == ["finished"]
    assert {event["event"] for event in events} == {"files", "derive", "finished"}
    last, release = events[-1], Lake(tmp_path / "lake").release()
    assert (last["outcome"], last["release"]) == ("published", release.id)
    assert last["rows"]["images"] == last["run"]["documents_read"] == 120
    verdicts = last["verdicts"]
    assert verdicts["error"] == 0 and verdicts["ok"] + verdicts["not checkable"] > 50
    assert last["findings"].keys() == {warning.partition(":")[0] for warning in last["warnings"]}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["ingest", "deepfashion2", "/does/not/exist"], 2, "does not exist"),
        (["ingest", "deepfashion2", "/", "--split", "trian"], 2, "has no split trian"),
        (["derive", "--lake", "nowhere"], 2, "has no release to derive from"),
        (["ingest", "deepfashion2", "refused"], 1, "allow it with --allow-refused train"),
    ],
)
def test_an_error_is_the_one_event_of_a_json_log(words, code, says, tmp_path):
    (tmp_path / "refused" / "train" / "annos").mkdir(parents=True)
    (tmp_path / "refused" / "train" / "annos" / "000001.json").write_text("{")
    done = wardrobe(*words, "--log-format", "json", cwd=tmp_path, PREFECT_HOME=str(tmp_path))
    assert done.returncode == code
    events = [json.loads(line) for line in done.stderr.splitlines()]
    (last,) = [event for event in events if event["event"] == "finished"]
    assert last == events[-1] and says in last["reason"]
    assert last["outcome"] == ("blocked" if code == 1 else "failed")


def test_a_bug_is_an_event_of_a_json_log_with_its_traceback(monkeypatch, tmp_path):
    monkeypatch.setattr(Lake, "parent", lambda lake: 1 // 0)
    words = ("derive", "--log-format", "json", "--lake", tmp_path)
    done = wardrobe(*words, PREFECT_HOME=str(tmp_path))
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and "ZeroDivisionError" in json.loads(line)["traceback"]
