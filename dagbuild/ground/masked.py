"""Secrets in a text that comes in parts: what may be shown of it now, and what has to wait for the next part.

Knows texts, as `secrets` does. Guards: a secret that comes in two parts is masked like one that comes in one, and what
cannot be a part of one does not wait.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from dagbuild.ground.quiet import quiet
from dagbuild.ground.secrets import find_given, find_secrets, list_forms, mask_urls

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,40}\Z", re.IGNORECASE)
_OPEN_URL = re.compile(r"[a-z][a-z0-9+.-]{0,40}:(?:/(?:/[^\s'\"<>`\\]*)?)?\Z", re.IGNORECASE)
_LONGEST = 4096
"""Letters of a URL that are waited for."""


class MaskedText:
    """Takes a text part by part, and gives it back as it may be shown: as `clean` would leave it as a whole."""

    def __init__(self) -> None:
        self._secrets = _Secrets()
        self._urls = _Urls()

    def take(self, text: str) -> str:
        """Return what of the text, and of what was held back before, no later part can make a secret of."""
        return self._urls.take(self._secrets.take(text))

    def finish(self) -> str:
        """Return what was held back: nothing comes after it."""
        return self._urls.take(self._secrets.finish()) + self._urls.finish()


class _Secrets:
    """Replaces what is known as a secret; holds back what may be the beginning of one."""

    def __init__(self) -> None:
        self._known = (-1, -1)
        self._forms: list[tuple[str, str]] = []
        self._held = ""

    def take(self, text: str) -> str:
        with quiet():  # it may be a node that prints, and it has not looked
            if (known := (len(os.environ), len(find_given()))) != self._known:
                self._known = known
                self._forms = list_forms(find_secrets())
        text = self._held + text
        end = self._find_end(text)
        self._held = text[end:]
        return self._replace(text[:end])

    def finish(self) -> str:
        text, self._held = self._held, ""
        return self._replace(text)

    def _replace(self, text: str) -> str:
        for form, name in self._forms:
            text = text.replace(form, name)
        return text

    def _find_end(self, text: str) -> int:
        """Return up to where nothing is the beginning of a secret, and no secret is cut."""
        end = len(text)
        for form, _ in self._forms:
            at = text.find(form[0], max(0, len(text) - len(form) + 1))
            while 0 <= at < end:
                if form.startswith(text[at:]):
                    end = at
                    break
                at = text.find(form[0], at + 1)
        if end == len(text):
            return end
        spans = [(at, at + len(form)) for form, _ in self._forms for at in _find_all(text, form)]
        for start, stop in sorted(spans, reverse=True):
            if start < end < stop:
                end = start
        return end


class _Urls:
    """Masks URLs; holds back one that has not ended."""

    def __init__(self) -> None:
        self._held = ""
        self._scheme = ""
        """What was shown last, where it may be the beginning of a URL."""

    def take(self, text: str) -> str:
        text, before = self._scheme + self._held + text, len(self._scheme)
        url = _OPEN_URL.search(text, max(0, len(text) - _LONGEST)) if ":" in text else None
        end = max(before, url.start()) if url else len(text)
        self._held = text[end:]
        return self._mask(text[:end])

    def finish(self) -> str:
        text, self._held = self._scheme + self._held, ""
        shown = self._mask(text)
        self._scheme = ""
        return shown

    def _mask(self, text: str) -> str:
        shown = mask_urls(text)[
            len(self._scheme) :
        ]  # of a URL it leaves the scheme, in other letters perhaps
        found = _SCHEME.search(text, max(0, len(text) - 41)) if not text.endswith("\n") else None
        self._scheme = found.group() if found else ""
        return shown


def _find_all(text: str, form: str) -> Iterator[int]:
    at = text.find(form)
    while at >= 0:
        yield at
        at = text.find(form, at + 1)
