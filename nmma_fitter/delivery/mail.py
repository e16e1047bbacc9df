"""Mail for sites without Slack: one for each object whose fits have all ended, one for each night.

What SMTP has taken cannot be looked up. A mail whose answer was lost is sent again with the same
Message-ID, by which mail servers and programs know it for the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nmma_fitter.delivery.news import generation_of, night_news, object_news
from nmma_fitter.delivery.settings import EmailSettings
from nmma_fitter.delivery.words import link_of, night_text, object_text
from nmma_fitter.engine.campaign import Ending
from nmma_fitter.engine.files import canonical_digest, folder_name
from nmma_fitter.engine.outbox import Parcel, Posts
from nmma_fitter.errors import Undelivered
from nmma_fitter.plain import short_line

if TYPE_CHECKING:
    import smtplib
    from email.message import EmailMessage

PASSWORD = "NMMA_FITTER_SMTP_PASSWORD"


class MailCourier:
    """The recipients of one installation.

    Parameters
    ----------
    settings : EmailSettings
    environ : mapping
        Where the password is.
    """

    name = "email"
    begins_anew = True

    def __init__(self, settings: EmailSettings, environ: Mapping[str, str]) -> None:
        self._settings, self._environ = settings, environ

    def deliver(self, parcel: Parcel, posts: Posts, enough: Callable[[], bool]) -> bool:
        """Send what each recipient has not got yet."""
        written = _written(parcel, self._settings)
        if written is None:
            return True
        key, subject, text = written
        trouble: Undelivered | None = None
        for recipient in self._settings.recipients:
            own = f"{key}/{recipient}"
            known = posts.get(own)
            if known is not None and known.done:
                continue
            if enough():
                return False
            posts.intend(own)
            mail = _mail(self._settings.sender, recipient, subject, text, own)
            try:
                self._send(mail)
            except Undelivered as error:
                if error.everything:
                    raise
                trouble = error
            else:
                posts.done(own, str(mail["Message-ID"]))
        if trouble is not None:
            raise trouble
        return True

    def _send(self, mail: EmailMessage) -> None:
        import smtplib

        where = f"{self._settings.host}:{self._settings.port}"
        try:
            with self._connected() as smtp:
                smtp.send_message(mail)
        except smtplib.SMTPAuthenticationError:
            raise Undelivered(
                f"{where}: does not take the password of {self._settings.user}; mend {PASSWORD}"
            ) from None
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
            raise Undelivered(
                f"{where}: refuses the mail to {mail['To']}: {short_line(str(error), 200)}; mend "
                "email.recipients",
                everything=False,
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Undelivered(f"{where}: {short_line(str(error), 200)}") from None

    def _connected(self) -> smtplib.SMTP:
        import smtplib
        import ssl

        chosen, context = self._settings, ssl.create_default_context()
        seconds, password = chosen.command_seconds, self._password() if chosen.user else ""
        if chosen.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                chosen.host, chosen.port, timeout=seconds, context=context
            )
        else:
            smtp = smtplib.SMTP(chosen.host, chosen.port, timeout=seconds)
        try:
            if chosen.security == "starttls":
                smtp.starttls(context=context)
            if chosen.user:
                smtp.login(chosen.user, password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _password(self) -> str:
        password = self._environ.get(PASSWORD, "")
        if not password:
            raise Undelivered(f"no password for {self._settings.user}: set {PASSWORD}")
        if not password.isascii():
            raise Undelivered(f"{PASSWORD} holds characters that SMTP cannot carry")
        return password


def couriers(
    settings: EmailSettings, outdir: Path, environ: Mapping[str, str] = os.environ
) -> list[MailCourier]:
    """The courier; none when there are no recipients."""
    return [MailCourier(settings, environ)] if settings.recipients else []


def _written(parcel: Parcel, settings: EmailSettings) -> tuple[str, str, str] | None:
    """Key, subject and text of what is to be said; None when it is not, or not yet."""
    if parcel.object:
        news = object_news(parcel)
        silent = not (news.ranked or news.having("failed", "done"))
        if not settings.objects or not news.settled or news.earlier or silent:
            return None
        mark = canonical_digest([_mark(one) for one in parcel.endings])
        key = f"object/{folder_name(parcel.object)}/{mark[:32]}"
        subject, text = f"{news.object}: {news.headline}", object_text(news)
    elif parcel.closed and settings.digest:
        night = night_news(parcel)
        key = f"digest/{parcel.night}/{parcel.revision}"
        subject, text = f"Night {night.night}: {night.title}", night_text(night)
    else:
        return None
    if settings.page_url:
        names = [name for name in (parcel.night, parcel.object) if name]
        text += f"\n\n{link_of(settings.page_url, *names)}"
    return key, subject, text


def _mark(ending: Ending) -> list[object]:
    need = ending.need
    return [need.task, need.digest, generation_of(ending), need.state.value, need.reason]


def _mail(sender: str, recipient: str, subject: str, text: str, key: str) -> EmailMessage:
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, short_line(subject, 200)
    mail["Message-ID"] = f"<{canonical_digest(key)[:32]}@{sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text + "\n")
    return mail
