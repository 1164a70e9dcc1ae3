"""The client of a bucket: its name in; a store of obstore, and errors as sentences, out.

Credentials, region and endpoint are those that other S3 clients find: AWS_* variables, the files of
~/.aws, else the role of the container or machine. None of them appears in a message.
"""

import errno
import os
import re
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from obstore.store import S3Store

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
"""Variables with the address of another store than Amazon's; the first that is set counts."""

RETRIES = {"max_retries": 8, "retry_timeout": timedelta(minutes=5)}
"""Repetitions of a request that failed, with growing pauses: about 25 seconds in all."""

_opened_by: list[int] = []
"""The process that opened a store first."""

_CLIENT = {"connect_timeout": "10s", "read_timeout": "60s", "timeout": "10m"}

# Names in ~/.aws and those of obstore.
_IN_FILES = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
    "region": "region",
}


class StoreError(InputError):
    """A store refused a request or did not answer; the sentence names the object and the reason."""


class Refused(StoreError):
    """The condition of a write did not hold, or it was written and the answer lost."""


def open_store(bucket: str) -> "S3Store":
    """The client of a bucket, one for each process. Sends no request. MissingExtra, InputError."""
    if not _opened_by:
        _opened_by.append(os.getpid())
    elif os.getpid() not in _opened_by:
        # The threads of obstore are not copied: a request would wait for them forever.
        raise StoreError(
            f"s3://{bucket} cannot be read in a process that was forked: start workers with "
            "`spawn` (in PyTorch, multiprocessing_context='spawn')."
        )
    return _open(bucket, next((os.environ[name] for name in ENDPOINTS if name in os.environ), ""))


@cache
def _open(bucket: str, endpoint: str) -> "S3Store":
    try:
        from obstore.store import S3Store
    except ModuleNotFoundError:
        raise MissingExtra(
            "object storage needs obstore: `pip install 'wardrobe-lake[s3]'` installs it."
        ) from None
    client: Any = {**_CLIENT, "allow_http": endpoint.startswith("http://")}
    retry: Any = RETRIES
    config: Any = {**_settings_of_files(), **({"endpoint": endpoint} if endpoint else {})}
    try:
        return S3Store(bucket, config=config, client_options=client, retry_config=retry)
    except Exception as error:  # obstore's own classes: a setting that cannot be used
        raise StoreError(
            f"the store of s3://{bucket} cannot be opened: {_reason(error)}."
        ) from None


def _settings_of_files() -> dict[str, str]:
    """Keys and region of ~/.aws for AWS_PROFILE, for those that no variable sets."""
    profile = os.environ.get("AWS_PROFILE", "default")
    has_keys = "AWS_ACCESS_KEY_ID" in os.environ or "AWS_WEB_IDENTITY_TOKEN_FILE" in os.environ
    settings: dict[str, str] = {}
    for variable, name, section in (
        ("AWS_CONFIG_FILE", "config", profile if profile == "default" else f"profile {profile}"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials", profile),
    ):
        path = Path(os.environ.get(variable) or Path.home() / ".aws" / name)
        file = ConfigParser(interpolation=None)
        try:
            file.read(path, "utf-8")
        except Exception:  # the parser's message would quote the line, and a line may be a secret
            raise StoreError(f"{path} cannot be read: it is not a file of AWS settings.") from None
        if file.has_section(section):
            settings |= {
                key: file[section][old] for old, key in _IN_FILES.items() if old in file[section]
            }
    if has_keys:
        settings = {key: value for key, value in settings.items() if key == "region"}
    if os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        settings.pop("region", None)
    return settings


@contextmanager
def store_errors(path: object) -> Iterator[None]:
    """Raise FileNotFoundError for an object that does not exist, StoreError for other refusals."""
    try:
        yield
    except FileNotFoundError as error:
        if "<Code>NoSuchBucket</Code>" in str(error):
            raise _no_bucket(path) from None
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from None
    except Exception as error:
        if not type(error).__module__.startswith("obstore"):
            raise
        if "<Code>NoSuchBucket</Code>" in str(error):
            raise _no_bucket(path) from None
        if type(error).__name__ in ("AlreadyExistsError", "PreconditionError"):
            raise Refused(f"{path} was changed by another writer.") from None
        reason = _reason(error)
        denied = type(error).__name__ in ("PermissionDeniedError", "UnauthenticatedError")
        if denied or reason.startswith(("401", "403", "AccessDenied")):
            advice = f"the store refused access ({reason}): check the credentials"
        else:
            advice = f"the store failed ({reason})"
        raise StoreError(f"{path}: {advice}.") from None


def _no_bucket(path: object) -> StoreError:
    bucket = "/".join(str(path).split("/")[:3])
    return StoreError(f"{bucket} does not exist: check the name and the endpoint of the store.")


def _reason(error: Exception) -> str:
    """What the store answered, without addresses and headers, which may hold secrets."""
    text = str(error).partition("\n\nDebug source")[0]
    if answer := re.search(r"<Code>(.*?)</Code>(?:.*?<Message>(.*?)</Message>)?", text, re.DOTALL):
        return unescape(": ".join(filter(None, answer.groups()))).rstrip(".")
    if status := re.search(r"status code: (\d{3}[\w ]*)", text):
        return status[1].strip()
    if "HTTP error" in text:
        return "it cannot be reached, or the connection broke"
    return re.sub(r"https?://\S+", "the store", text.splitlines()[0] if text else "no reason")
