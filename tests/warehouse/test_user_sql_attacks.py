"""No SQL of a user changes a byte, writes a file, or reads one outside the release."""

import contextlib
import hashlib
from pathlib import Path

import duckdb
import pytest
from builders import garment, photo
from releases import write_files
from user_sql_attacks import LIMITS, READS, WRITES

from flows.warehouse import open_read_only, run_user_sql
from schemas.errors import InputError

SECRET = "not-for-users-7261"


class Machine:
    """A release with writable files, and the folders that a process writes to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = write_files(
            folder / "release",
            images=[photo(1, "user", 1)],
            items=[garment(1, 1), garment(2, 1)],
        )
        self.secret = folder / "outside" / "secret.csv"
        for name in ("outside", "home", "tmp", "cwd"):
            (folder / name).mkdir()
        self.secret.write_text(f"a\n{SECRET}\n")
        for path in folder.rglob("*"):
            path.chmod(0o777)
        (self.part,) = self.files["items"]
        self.con = open_read_only(self.files)
        self.before = self.contents()

    def contents(self) -> dict[str, str]:
        """Every file and folder below, with the hash of its bytes."""
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            for path in self.folder.rglob("*")
        }

    def rows(self, text: str) -> str:
        """What the statements return, as text."""
        return str(run_user_sql(self.con, text).read_all().to_pylist())


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("machine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder / "home"))
        patch.setenv("TMPDIR", str(folder / "tmp"))
        made = Machine(folder)
        patch.chdir(folder / "cwd")
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("text", WRITES)
def test_no_statement_writes(machine, text):
    places = [machine.part, machine.folder / "cwd" / "new.csv", "new.csv", "~/new.csv"]
    name = "items/dataset=deepfashion2/split=train/part-00000.parquet"
    places += [f"release://{name}", "release://new.csv", f"release://new/../{name}"]
    for place in places if "{out}" in text else [""]:
        with pytest.raises(InputError):
            machine.rows(text.replace("{out}", str(place)).replace("{secret}", str(machine.secret)))
    assert machine.contents() == machine.before
    assert machine.rows("select count(*) as n from items") == "[{'n': 2}]"


@pytest.mark.parametrize("text", LIMITS)
def test_no_setting_changes(machine, text):
    settings = "select name, value from duckdb_settings() order by all"
    before = machine.rows(settings)
    with pytest.raises(InputError):
        machine.rows(text)
    assert machine.rows(settings) == before
    assert machine.contents() == machine.before


@pytest.mark.parametrize("text", READS)
def test_nothing_outside_the_release_is_read(machine, text):
    with pytest.raises(InputError) as caught:
        machine.rows(text.replace("{secret}", str(machine.secret)))
    assert SECRET not in str(caught.value)
    assert machine.contents() == machine.before


@pytest.mark.slow
def test_the_attacks_succeed_on_a_connection_without_limits(machine, tmp_path):
    """Else their errors would prove nothing."""
    settings = {"autoinstall_known_extensions": "false", "threads": "1"}

    def run(con, text) -> str:
        rows = []
        with contextlib.suppress(duckdb.Error):
            for statement in con.extract_statements(text):
                rows += con.execute(statement).fetchall()
        return str(rows)

    written, read = [], []
    for number, text in enumerate(WRITES):
        if "install" in text or "secret" in text or "extension" in text:
            continue  # these use the network and the user's own folder
        out = tmp_path / f"{number}.csv"
        with duckdb.connect(config=settings) as con:
            con.execute("create table items as select 1 as a")
            run(con, text.replace("{out}", str(out)))
        written += [text] if out.exists() else []
    with duckdb.connect(config=settings) as con:
        for text in READS:
            if any(word in text for word in ("127.0.0.1", "s3:", "stdin", "self/fd")):
                continue  # they would wait
            rows = run(con, text.replace("{secret}", str(machine.secret)))
            read += [text] if SECRET in rows or str(machine.secret) in rows else []
    assert len(written) > 20 and any("destroy_external_resource" in text for text in written)
    assert len(read) > 15
