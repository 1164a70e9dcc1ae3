"""Documents broken in every way we could think of: no crash, nothing lost, nothing made up.

`WARDROBE_FUZZ=50000` mutates that many documents instead of a second's worth.
"""

import os
import random

import pytest
from mutated_sources import check_documents
from mutations import DOCUMENT_MUTATIONS, original_documents, swap_a_value

TIMES = int(os.environ.get("WARDROBE_FUZZ", "1500"))
BATCH = 50


@pytest.mark.parametrize("mutation", DOCUMENT_MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_broken_document_is_read_right_or_refused(mutation):
    rng, sources = random.Random(mutation.__name__), original_documents()
    refused_documents = 0
    for _ in range(max(1, TIMES // len(DOCUMENT_MUTATIONS) // BATCH)):
        texts = [mutation(rng, rng.choice(sources)) for _ in range(BATCH)]
        refused_documents += check_documents(texts)
    assert refused_documents or mutation in (swap_a_value,)
