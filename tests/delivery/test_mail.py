"""Mail by a real SMTP conversation: one for an object that has ended, one for a night."""

import pytest
from bench import NIGHT, Bench, fitted
from pydantic import ValidationError
from smtp_server import SmtpServer

from nmma_fitter.delivery.mail import EmailSettings, couriers

pytestmark = pytest.mark.slack

ALICE, BOB = "alice@example.org", "bob@example.org"


@pytest.fixture
def smtp():
    server = SmtpServer()
    yield server
    server.stop()


@pytest.fixture
def make(smtp, tmp_path):
    def made(**settings):
        chosen = EmailSettings(
            **{
                "host": "127.0.0.1",
                "port": smtp.port,
                "security": "none",
                "sender": "fitter@example.org",
                "recipients": (ALICE,),
                "command_seconds": 60,
                **settings,
            }
        )
        return Bench(tmp_path / "site", lambda: couriers(chosen, tmp_path, {}))

    return made


@pytest.fixture
def bench(make):
    return make()


def test_an_object_is_told_of_when_all_its_fits_have_ended(bench, smtp):
    bench.fit("ZTF22abc", "TrPi2018")
    fitted(bench)
    bench.deliver("ZTF22abc")
    assert smtp.mails == []
    bench.fit("ZTF22abc", "TrPi2018", failed="timeout")
    bench.deliver("ZTF22abc"), bench.deliver("ZTF22abc")
    ((recipient, mail),) = smtp.mails
    assert recipient == ALICE and mail["Subject"] == "ZTF22abc: Me2017 describes it best"
    text = mail.get_content()
    assert (
        "1. Me2017, kilonova: ln Z -6.70 ± 0.10" in text
        and "- TrPi2018, afterglow: failed (timeout)" in text
    )


def test_a_closed_night_is_summed_up_once(bench, smtp):
    fitted(bench)
    bench.close()
    bench.deliver(""), bench.deliver("")
    assert [mail["Subject"] for _, mail in smtp.mails] == [f"Night {NIGHT}: 1 object; fits: 2 done"]


def test_a_mail_sent_again_after_a_lost_answer_has_the_same_id(bench, smtp):
    fitted(bench)
    smtp.lose_answers = 1
    bench.deliver_all("ZTF22abc")
    one, two = (mail["Message-ID"] for _, mail in smtp.mails)
    assert one == two and one.endswith("@example.org>")


def test_a_recipient_who_is_refused_keeps_nobody_else_waiting(make, smtp):
    bench = make(recipients=(ALICE, BOB))
    smtp.refused = {ALICE}
    fitted(bench)
    (note,) = bench.deliver("ZTF22abc")
    assert ALICE in note and [who for who, _ in smtp.mails] == [BOB]
    smtp.refused = set()
    bench.deliver_all()
    assert [who for who, _ in smtp.mails] == [BOB, ALICE]


def test_a_server_without_encryption_gets_nothing_when_that_is_asked_for(make, smtp):
    bench = make(security="starttls")
    fitted(bench)
    (note,) = bench.deliver("ZTF22abc")
    assert "STARTTLS" in note and smtp.mails == []


def test_a_password_that_is_missing_is_said_with_where_it_belongs(make):
    bench = make(security="starttls", user="me")
    fitted(bench)
    (note,) = bench.deliver("ZTF22abc")
    assert "set NMMA_FITTER_SMTP_PASSWORD" in note


def test_a_name_cannot_add_a_header(bench, smtp):
    name = "x\nBcc: eve@example.org"
    fitted(bench, name)
    bench.deliver(name)
    ((_, mail),) = smtp.mails
    assert mail["Bcc"] is None and mail["Subject"].startswith("x Bcc: eve@example.org: ")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"recipients": ("alice",), "sender": ALICE}, "no mail address"),
        ({"recipients": (ALICE,)}, "sender is needed"),
        ({"security": "none", "user": "me"}, "never sent unencrypted"),
        ({"password": "x"}, "Extra inputs"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_in_words(settings, words):
    with pytest.raises(ValidationError, match=words):
        EmailSettings(**settings)


def test_mail_without_recipients_is_off(tmp_path):
    assert couriers(EmailSettings(), tmp_path) == []
