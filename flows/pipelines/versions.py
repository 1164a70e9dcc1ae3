"""The versions that decide what the files of a part contain.

In: the name of a data set. Out: declared numbers, which fingerprints of parts record.
"""

from flows.decode import DECODERS
from flows.flatten import FLATTEN_VERSION
from flows.pictures import PROBE_VERSION
from schemas.table import SCHEMA_VERSION


def part_versions(dataset: str) -> dict[str, int]:
    """Version by name; a part is rebuilt when one of them differs from its fingerprint.

    Each is declared with the code that it describes and raised by hand when the output of that
    code changes; tests/golden/versions.json records the output that belongs to each number.
    """
    return {
        "decoder": DECODERS[dataset].version,
        "flatten": FLATTEN_VERSION,
        "probe": PROBE_VERSION,
        "schema": SCHEMA_VERSION,
    }
