"""Member names of an archive: those of the unpacked folder, without steps that lead out of it."""

import re
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

_UNSAFE = r"(^|/)\.{0,2}(/|$)|\\|^[A-Za-z]:|[\x00-\x1f\x7f]"
_LEADING_DOTS = r"^(?:\./)+"  # what `zip -r` and `tar` write for the folder itself
_IGNORED = r"^__MACOSX/|(^|/)\.[^/]*$"  # what other programs leave behind
_ESCAPED = re.compile(r"\.\.|[%/\\:\x00-\x1f\x7f]")


def member_names(raw: Sequence[bytes], stem: str) -> pa.Array:
    """Names from a zip's directory to member names, in the same order.

    An archive packed without its own folder (`image/`, `annos/` at its top) gets its stem in front:
    `train.zip` holds `train/image/...` either way. It counts as packed with a folder when most of
    its files are in a folder with its stem as name, or at least two folders deep.

    A leading `./` is removed, as by unpacking. A name that leads out of the folder it is unpacked
    into, or is not a path in it (`..`, absolute, backslash, drive letter, empty step, control
    character), becomes one escaped step in the folder with most files, so that its decoder reports
    it: `train/annos/%2E%2E%2F%2E%2E%2Fetc%2Fpasswd`.
    """
    names = pc.replace_substring_regex(_decoded(raw), _LEADING_DOTS, "")
    safe = pc.invert(pc.match_substring_regex(names, _UNSAFE))
    counted = pc.and_(safe, pc.invert(pc.match_substring_regex(names, _IGNORED)))
    placed = pc.or_(pc.starts_with(names, stem + "/"), pc.match_substring_regex(names, "/.*/"))
    prefix = "" if 2 * pc.and_(counted, placed).true_count > counted.true_count else stem + "/"
    complete = pc.binary_join_element_wise(prefix, names, "") if prefix else names
    if not safe.false_count:
        return complete
    folder = _fullest_folder(complete.filter(counted)) or stem + "/"
    escaped = [folder + _escaped(name) for name in names.filter(pc.invert(safe)).to_pylist()]
    return pc.replace_with_mask(complete, pc.invert(safe), pa.array(escaped, pa.string()))


def number_duplicates(names: Sequence[str]) -> list[str]:
    """The second member of a name becomes `name#2`, and so on, unless a member has that name."""
    taken = set(names)
    met: dict[str, int] = {}
    result = []
    for name in names:
        count = met[name] = met.get(name, 0) + 1
        numbered = name
        while count > 1 and (numbered := f"{name}#{count}") in taken:
            count += 1
        taken.add(numbered)
        result.append(numbered)
    return result


def _decoded(raw: Sequence[bytes]) -> pa.Array:
    """UTF-8 where the bytes are UTF-8, independent of the flags; else code page 437."""
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
    return _ESCAPED.sub(lambda match: "".join(f"%{ord(c):02X}" for c in match[0]), name)
