"""What can come of a call to a driver besides its answer: not there, not allowed, out of reach.

Knows what drivers raise, and none of them. Guards: no secret of a URL or of a driver's message leaves here.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from dagbuild.ground.errors import StoreError
from dagbuild.ground.secrets import clean, mask_url

_EXTRAS = {
    scheme: f"pip install 'dagbuild[{extra}]' brings that"
    for extra, schemes in {"s3": "s3 s3a", "gs": "gs gcs", "az": "az abfs abfss adl", "sftp": "sftp ssh"}.items()
    for scheme in schemes.split()
}  # fmt: skip


class RemoteDeniedError(StoreError):
    """The remote does not allow it: asking again is of no use."""


class RemoteOutageError(StoreError):
    """The remote is out of reach, or broken; `lasting`, it will be the next moment, too."""

    lasting = False


@contextlib.contextmanager
def classified(url: str) -> Iterator[None]:
    """Let FileNotFoundError through; turn everything else into one of the two errors above, without secrets."""
    try:
        yield
    except (FileNotFoundError, StoreError):
        raise
    except ImportError as error:
        raise _make_lasting(
            f"no driver for '{mask_url(url)}' is installed: {error}",
            hint=_EXTRAS.get(
                url.partition("://")[0], f"install fsspec's driver for {url.partition('://')[0]}://"
            ),
        ) from error
    except Exception as error:
        first = (str(error).splitlines() or [""])[0].removeprefix("[Errno None] ")
        text = clean(first) or type(error).__name__
        url = mask_url(url)
        if "Timeout" in type(error).__name__:
            text = "it does not answer"
        if isinstance(error, ValueError):  # a URL or options that are none
            raise _make_lasting(f"'{url}' is out of reach: {text}") from error
        if isinstance(error, PermissionError) or getattr(error, "errno", None) in {errno.EROFS, errno.EPERM}:
            raise RemoteDeniedError(f"'{url}' does not allow it: {text}") from error
        raise RemoteOutageError(f"'{url}' is out of reach: {text}") from error


def _make_lasting(message: str, hint: str | None = None) -> RemoteOutageError:
    error = RemoteOutageError(message, hint=hint)
    error.lasting = True
    return error
