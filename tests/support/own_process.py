"""The command run inside the test's own process: fast, and whatever it raises is a failure."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and its words."""

    code: int
    out: str
    err: str

    @property
    def is_one_sentence(self) -> bool:
        """Exit code 2 and one line on stderr."""
        one_line = self.err.startswith("wardrobe: ") and self.err.count("\n") == 1
        return self.code == 2 and one_line


class Command:
    """Runs `wardrobe` with the given words, in a folder of the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capfd = monkeypatch, capfd

    def __call__(self, *words: object, lake: Path) -> Ended:
        """Run to the end; an error that is not turned into a sentence is raised."""
        self._capfd.readouterr()
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["wardrobe", *map(str, words)])
            patch.setenv("WARDROBE_LAKE", str(lake))
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = self._capfd.readouterr()
        return Ended(int(ended.value.code or 0), out, err)
