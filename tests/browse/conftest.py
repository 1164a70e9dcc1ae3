"""A lake whose texts are markup, and applications of it."""

from collections.abc import Callable

import pytest
from browsed import MARKUP, client_of
from releases import image, item, write_release
from starlette.testclient import TestClient


@pytest.fixture(scope="session")
def client(lake) -> TestClient:
    """A client of the lake of all samples."""
    return client_of(lake)


@pytest.fixture
def small_lake(tmp_path) -> Callable[..., TestClient]:
    """A function of images as `releases.image` makes them: a client of their release."""

    def client_of_images(*images, timeout: float = 20.0, **options) -> TestClient:
        release = write_release(tmp_path, list(images), per_part=100, **options)
        (release.parents[1] / "current").symlink_to(f"releases/{release.name}")
        return client_of(release.parents[1], timeout=timeout)

    return client_of_images


@pytest.fixture
def hostile(small_lake) -> TestClient:
    """A client of a release with markup in names of files and rejections."""
    return small_lake(
        image(1, item(), file_name=f"{MARKUP}.jpg", picture=b"not a picture"),
        image(2, item(), file_name="../../../../../../etc/passwd"),
        image(3),
    )
