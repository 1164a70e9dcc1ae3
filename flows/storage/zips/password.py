"""The password of encrypted zips: from the environment only, never in words that are printed."""

import os

VARIABLE = "WARDROBE_ZIP_PASSWORD"


class Password:
    """Holds a secret so that a repr, a log line or a traceback with locals cannot show it."""

    __slots__ = ("secret",)

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return "Password(not shown)"


def zip_password() -> Password | None:
    """What WARDROBE_ZIP_PASSWORD holds, or None when it is not set or empty."""
    given = os.environ.get(VARIABLE, "")
    return Password(os.fsencode(given)) if given else None
