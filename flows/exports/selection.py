"""The selection of an export as the export describes it: terms, counts and hashes."""

import msgspec


class KeyList(msgspec.Struct, frozen=True):
    """A file of keys: its different keys, of all splits, and the sha256 of these in order."""

    keys: int
    sha256: str


class SelectionTerms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a selection asks for, independent of the release; None means not given."""

    where: str | None = None
    keys: KeyList | None = None
    exclude: KeyList | None = None


class SelectionRecord(msgspec.Struct, frozen=True):
    """The terms, and what they select of a split (of the whole split, where a fold is exported).

    `unit` is `images` or `items`. `rows` of the split are `selected` or in `left_out`, by reason.
    `sha256` is that of the selected keys in order.
    """

    terms: SelectionTerms
    unit: str
    rows: int
    selected: int
    left_out: dict[str, int]
    sha256: str

    @property
    def sentence(self) -> str:
        """`selected 12 of 80 images (60 not matching the condition, 8 excluded)`."""
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.left_out.items())
        text = f"selected {self.selected:,} of {self.rows:,} {self.unit}"
        return text + (f" ({reasons})" if reasons else "")
