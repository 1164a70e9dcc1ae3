"""Member names of an archive as they would be in the unpacked folder, and harmless in any case."""

import re
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

_UNSOUND = r"(^|/)\.{0,2}(/|$)|\\|^[A-Za-z]:|[\x00-\x1f\x7f]"
_HERE = r"^(?:\./)+"  # what `zip -r` and `tar` write for the folder itself
_UNTELLING = r"^__MACOSX/|(^|/)\.[^/]*$"  # what other programs leave behind
_ESCAPED = re.compile(r"\.\.|[%/\\:\x00-\x1f\x7f]")


def member_names(raw: Sequence[bytes], stem: str) -> pa.Array:
    """Names from a zip's directory to member names, in the same order.

    An archive packed without its own folder (`image/`, `annos/` at its top) gets its stem in front:
    `train.zip` holds `train/image/...` either way. It counts as packed with a folder when most of
    its files lie below a folder named like it, or at least two folders deep.

    A leading `./` is left out, as unpacking does. A name that would leave the folder it is unpacked
    into, or that has no such meaning (`..`, absolute, backslash, drive letter, empty step, control
    character), becomes one harmless step in the folder that most files lie in, with `%`:
    `train/annos/%2E%2E%2F%2E%2E%2Fetc%2Fpasswd`.
    There its decoder has to account for it.
    """
    names = pc.replace_substring_regex(_decoded(raw), _HERE, "")
    sound = pc.invert(pc.match_substring_regex(names, _UNSOUND))
    telling = pc.and_(sound, pc.invert(pc.match_substring_regex(names, _UNTELLING)))
    placed = pc.or_(pc.starts_with(names, stem + "/"), pc.match_substring_regex(names, "/.*/"))
    prefix = "" if 2 * pc.and_(telling, placed).true_count > telling.true_count else stem + "/"
    complete = pc.binary_join_element_wise(prefix, names, "") if prefix else names
    if not sound.false_count:
        return complete
    folder = _fullest_folder(complete.filter(telling)) or stem + "/"
    escaped = [folder + _escaped(name) for name in names.filter(pc.invert(sound)).to_pylist()]
    return pc.replace_with_mask(complete, pc.invert(sound), pa.array(escaped, pa.string()))


def numbered_repeats(names: Sequence[str]) -> list[str]:
    """The second member of a name becomes `name#2`, and so on: none is lost, none is mistaken."""
    taken = set(names)
    met: dict[str, int] = {}
    result = []
    for name in names:
        count = met[name] = met.get(name, 0) + 1
        own = name
        while count > 1 and (own := f"{name}#{count}") in taken:
            count += 1
        taken.add(own)
        result.append(own)
    return result


def _decoded(raw: Sequence[bytes]) -> pa.Array:
    """UTF-8 where it is UTF-8, whatever the flags say; else the code page zips began with."""
    try:
        return pa.array(raw, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_text(name) for name in raw], pa.string())


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _fullest_folder(names: pa.Array) -> str:
    """The folder with most of the names, `/` at its end; the first by name among equals."""
    counts = Counter(name.rpartition("/")[0] + "/" for name in names.to_pylist() if "/" in name)
    return min(counts, key=lambda folder: (-counts[folder], folder), default="")


def _escaped(name: str) -> str:
    if name in ("", "."):
        return "%2E" if name else "%"
    return _ESCAPED.sub(lambda found: "".join(f"%{ord(c):02X}" for c in found[0]), name)
