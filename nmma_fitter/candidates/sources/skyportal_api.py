"""Calls of SkyPortal's API: each within its time, a bounded number of times, the token unseen."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nmma_fitter.candidates.sources.base import SourceError
from nmma_fitter.candidates.sources.settings import SkyportalSource
from nmma_fitter.candidates.textfile import LARGEST_FILE

if TYPE_CHECKING:
    import requests
    import tenacity

LONGEST_WAIT = 20.0  # seconds that are waited for a server that says when to come back


class Busy(SourceError):
    """No answer, or one that says to come back."""

    transient = True


class Nonsense(SourceError):
    """An answer that is not as documented."""


class Refused(SourceError):
    """A call that this token may not make, or that asks for what is not there."""


class _Token:
    """Signs a call."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, call: requests.PreparedRequest) -> requests.PreparedRequest:
        call.headers["Authorization"] = f"token {self._token}"
        return call


class SkyportalApi:
    """One look's worth of calls.

    Parameters
    ----------
    settings : SkyportalSource
    token : str
    sleep, clock : callable
    """

    def __init__(
        self,
        settings: SkyportalSource,
        token: str,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not token or not token.isprintable():
            raise SourceError(
                f"{settings.url}: no token in the environment variable {settings.token_variable}; "
                "set it where make-jobs is started"
            )
        import requests

        self._settings, self._sleep, self._clock = settings, sleep, clock
        self._end = clock() + settings.time_limit
        self._session = requests.Session()
        # Not a header of the session, which a password in .netrc would replace.
        self._session.auth = _Token(token)
        self._session.headers["Accept-Encoding"] = "identity"

    def get(self, path: str, query: Mapping[str, str | int]) -> Any:
        """The ``data`` of a call's answer.

        Raises
        ------
        SourceError
            `Refused`, or anything that the other calls would meet too.
        """
        import tenacity

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._settings.tries),
            wait=_wait,
            retry=tenacity.retry_if_exception(_is_worth_it),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._once, path, query)

    def nonsense(self, what: str) -> Nonsense:
        """The error for an answer that is not as documented."""
        return Nonsense(f"{self._settings.url}: {what} in its answer; is url that of a SkyPortal?")

    def _once(self, path: str, query: Mapping[str, str | int]) -> Any:
        import requests
        import urllib3

        if self._clock() > self._end:
            raise SourceError(
                f"{self._settings.url}: too slow, not within {self._settings.time_limit:g} s"
            )
        url = self._settings.url + quote(path, safe="/;:+")
        limit = self._settings.request_seconds
        try:
            with self._session.get(
                url, params=query, timeout=limit, stream=True, allow_redirects=False
            ) as answer:
                return self._data(answer, self._body(answer, self._clock() + limit))
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            kind = type(error).__name__
            raise Busy(
                f"{self._settings.url}: did not answer ({kind}); check url and network"
            ) from None

    def _body(self, answer: requests.Response, end: float) -> bytes:
        """An answer's bytes, as they come: the library's own limit is between two bytes only."""
        body = bytearray()
        while piece := answer.raw.read1(65536):
            body += piece
            if len(body) > LARGEST_FILE:
                raise self.nonsense("too much")
            if self._clock() > end:
                raise Busy(f"{self._settings.url}: its answer did not end in time")
        return bytes(body)

    def _data(self, answer: requests.Response, body: bytes) -> Any:
        status, url = answer.status_code, self._settings.url
        if status == 401:
            raise SourceError(
                f"{url}: the token in {self._settings.token_variable} is not accepted; get a "
                "new one from the profile page"
            )
        if status == 429 or status >= 500:
            raise Busy(f"{url}: answers with status {status}", retry_after=_retry_after(answer))
        if 300 <= status < 400:
            raise SourceError(f"{url}: answers with a redirect; set url to where it leads")
        value = self._parsed(body)
        if status >= 400 or value.get("status") != "success":
            said = "".join(c for c in str(value.get("message", "")) if c.isprintable())[:150]
            raise Refused(f"{url}: refused with status {status} ({said})")
        return value.get("data")

    def _parsed(self, body: bytes) -> dict[str, Any]:
        try:
            value = json.loads(body, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise self.nonsense("no JSON") from None
        if not isinstance(value, dict):
            raise self.nonsense("no object")
        return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and the infinities, which are no JSON


def _retry_after(answer: requests.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else None


def _is_worth_it(error: BaseException) -> bool:
    return isinstance(error, Busy) and (error.retry_after or 0.0) <= LONGEST_WAIT


def _wait(state: tenacity.RetryCallState) -> float:
    import tenacity

    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, Busy) else None
    return asked or float(tenacity.wait_random_exponential(multiplier=0.5, max=8)(state))
