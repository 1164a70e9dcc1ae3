"""The DeepFashion2 challenges: phases, names of files, and the images that results may name.

Sources: the pages of the challenges and the authors' evaluation.md. Only the names of the files of
the landmark track are published; those of the retrieval track follow the same pattern.
"""

from dataclasses import dataclass

CHALLENGE_TASKS = ("landmarks", "retrieval")

_TRACKS = {"landmarks": "keypoints", "retrieval": "retrieval"}


@dataclass(frozen=True)
class Phase:
    """A phase: its split, the authors' word for it, and the numbers of the released images.

    Images are numbered from 1, those of consumers first.
    """

    split: str
    word: str
    consumers: int
    images: int

    def file_name(self, task: str) -> str:
        """The name of the file of results in the zip."""
        return f"{self.word}_{_TRACKS[task]}.json"


PHASES = {
    phase.split: phase
    for phase in (Phase("validation", "val", 10_844, 32_153), Phase("test", "test", 20_681, 62_629))
}
"""The phases by name, which is that of their split."""

GALLERY_ENTRIES = 20
"""Retrieved items of each query, best first."""
