"""A webhook: each change of an object, and each closed night, as JSON to an address of your own.

The header ``Idempotency-Key`` is the same for the same content: a post whose answer was lost is
made again, and the receiver leaves out the key that it knows.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from nmma_fitter.delivery.news import night_news, object_news
from nmma_fitter.delivery.settings import WebhookSettings
from nmma_fitter.delivery.words import night_text, object_text
from nmma_fitter.engine.files import Json, canonical_digest
from nmma_fitter.engine.outbox import Parcel, Posts
from nmma_fitter.errors import Undelivered

SECRET = "NMMA_FITTER_WEBHOOK_SECRET"
SIGNATURE = "X-Nmma-Fitter-Signature"
LONGEST_WAIT = 3600.0


class WebhookCourier:
    """One address. Messages name its host alone: the rest of an address may be a secret.

    Parameters
    ----------
    settings : WebhookSettings
    environ : mapping
        Where the secret is.
    """

    begins_anew = True

    def __init__(self, settings: WebhookSettings, environ: Mapping[str, str]) -> None:
        self._settings, self._environ = settings, environ
        self._where = urlsplit(settings.url).netloc
        self.name = f"webhook {self._where} {canonical_digest(settings.url)[:8]}"

    def deliver(self, parcel: Parcel, posts: Posts, enough: Callable[[], bool]) -> bool:
        """Post what the other end has not got yet."""
        if not parcel.object and not parcel.closed:
            return True
        content = payload(parcel)
        key = canonical_digest(content)[:32]
        known = posts.get(key)
        if known is None or not known.done:
            posts.intend(key)
            self._post(json.dumps(content, allow_nan=False).encode(), key)
            posts.done(key, key)
        return True

    def _post(self, body: bytes, key: str) -> None:
        import requests

        headers = {"Content-Type": "application/json", "Idempotency-Key": key, **self._signed(body)}
        seconds = self._settings.command_seconds
        try:
            # A redirect is not followed: it would turn the post into a get.
            with requests.post(
                self._settings.url, data=body, headers=headers, timeout=(seconds, seconds),
                allow_redirects=False, stream=True,
            ) as answer:  # fmt: skip
                status, wait = answer.status_code, answer.headers.get("Retry-After", "")
        except requests.RequestException as error:
            kind = type(error).__name__
            raise Undelivered(f"webhook {self._where}: no answer ({kind})") from None
        if not 200 <= status < 300:
            raise _refusal(self._where, status, wait)

    def _signed(self, body: bytes) -> dict[str, str]:
        if not self._settings.signed:
            return {}
        secret = self._environ.get(SECRET, "")
        if not secret:
            raise Undelivered(f"webhook {self._where}: no secret to sign with: set {SECRET}")
        return {SIGNATURE: f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}


def couriers(
    settings: WebhookSettings, outdir: Path, environ: Mapping[str, str] = os.environ
) -> list[WebhookCourier]:
    """The courier; none when there is no address."""
    return [WebhookCourier(settings, environ)] if settings.url else []


def payload(parcel: Parcel) -> Json:
    """What is posted about an object, or a night."""
    head: Json = {"format": 1, "night": parcel.night}
    if not parcel.object:
        night = night_news(parcel)
        about = {"revision": parcel.revision, "counts": dict(night.counts)}
        return {**head, "event": "night", **about, "text": night_text(night)}
    news = object_news(parcel)
    ranked = [
        {
            "model": row.model,
            "log_z": row.log_z,
            "log_z_err": row.log_z_err,
            "log_bayes": row.log_bayes,
            "describes": row.describes,
            "p_value": row.p_value,
        }
        for row in news.ranked
    ]
    others = [{"model": o.task, "state": o.state, "reason": o.reason} for o in news.others]
    return {
        **head,
        "event": "object",
        "object": parcel.object,
        "headline": news.headline,
        "ended": news.ended,
        "ranked": ranked,
        "others": others,
        "text": object_text(news),
    }


def _refusal(where: str, status: int, wait: str) -> Undelivered:
    seconds = min(float(wait), LONGEST_WAIT) if wait.isdigit() else None
    everything = status in (401, 403, 404, 408, 410, 429) or status >= 500 or status < 400
    advice = "; mend webhook.url, or the other end" if seconds is None else ""
    return Undelivered(
        f"webhook {where}: answered HTTP {status}{advice}",
        retry_after=seconds,
        everything=everything,
    )
