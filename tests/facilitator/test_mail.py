"""Mail: one recipient, a neutral text, TLS, and an honest account of how far it came."""

import datetime as dt
import socket
import ssl
import threading
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from facilitator import mail
from facilitator.mail import LOST, Outcome
from facilitator.models import LocalMail, MailSettings, Practice
from tests import services

LINK = "http://127.0.0.1:8000/l/abc/"


class Script:
    """A mail server on a loopback port that answers by a script; None hangs up. It keeps every byte."""

    def __init__(self, **replies):
        self.replies = {
            "greet": "220 here",
            "EHLO": "250 here",
            "MAIL": "250 ok",
            "RCPT": "250 ok",
            "DATA": "354 go on",
            "end": "250 kept",
            "QUIT": "221 bye",
            **replies,
        }
        self.heard = b""
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.listener.close()

    def serve(self):
        while not self.over.is_set():
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with line, line.makefile("rb") as lines:
                try:
                    self.talk(line, lines)
                except OSError:
                    continue

    def say(self, line, key):
        reply = self.replies[key]

        if reply == "dribble":
            while not self.over.wait(0.05):
                line.sendall(b"2")
        if reply is not None:
            line.sendall(reply.encode() + b"\r\n")
        return reply is not None

    def talk(self, line, lines):
        if not self.say(line, "greet"):
            return

        in_text = False
        for said in lines:
            self.heard += said

            if in_text and said != b".\r\n":
                continue

            verb = "end" if in_text else said[:4].decode().upper().strip()
            if not self.say(line, verb if verb in self.replies else "EHLO"):
                return
            in_text = verb == "DATA" and self.replies["DATA"].startswith("354")


@pytest.fixture
def practice(db):
    return Practice.objects.create(name="A practice", neutral_name="Notes")


def server(practice, port, **facts):
    given = {"host": "127.0.0.1", "security": "none", "from_address": "notes@calm.test", **facts}
    MailSettings.objects.update_or_create(practice=practice, defaults={"port": port, **given})


def send(practice, *, to="ana@home.test", text="reminder", key="k"):
    subject, body = mail.letter(text, link=LINK, language="en")
    return mail.send(
        to=to, subject=subject, body=body, message_id=mail.message_id(key, practice), practice=practice
    )


def test_a_mail_says_one_neutral_thing_to_one_person(practice, smtp):
    server(practice, smtp.port)
    assert send(practice) == Outcome("done", "2")

    assert smtp.recipients == [["ana@home.test"]]
    (message,) = smtp.messages

    # The last three are the sink's own.
    assert set(message.keys()) - {"X-Peer", "X-MailFrom", "X-RcptTo"} == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted",
        "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    }  # fmt: skip
    assert message["From"] == "Notes <notes@calm.test>"
    assert message["To"] == "ana@home.test"
    assert message["Subject"] == "A reminder you asked for."
    assert message.get_content().replace("\r\n", "\n") == (
        f"A reminder you asked for.\n\n{LINK}\n\nThe link opens once, within two days.\n"
    )


def test_the_neutral_texts_are_much_the_same_length():
    lengths = {len(text) for text in mail.TEXTS.values()}

    assert max(lengths) - min(lengths) <= 20
    middle = (max(lengths) + min(lengths)) / 2
    assert all(abs(length - middle) <= 10 for length in lengths)


@pytest.mark.parametrize(("subject", "body"), [
    ("Your session with Ben", "Your session with Ben\n"),
    ("You have a note waiting.", "Ben has written to you\n"),
    ("You have a note waiting.\r\nBcc: ben@home.test", "You have a note waiting.\r\nBcc: ben@home.test\n"),
])  # fmt: skip
def test_anything_but_the_neutral_texts_is_not_sent(practice, smtp, subject, body):
    server(practice, smtp.port)

    with pytest.raises(ValueError, match="neutral"):
        mail.send(to="ana@home.test", subject=subject, body=body, message_id="<a@b>", practice=practice)
    assert smtp.messages == []


@pytest.mark.parametrize(
    "link", ["http://elsewhere.test/l/abc/", "http://127.0.0.1:8000.elsewhere.test/", "/l/abc/"]
)
def test_a_link_is_built_from_the_public_address_only(link):
    with pytest.raises(ValueError, match="public address"):
        mail.letter("note", link=link, language="en")


@pytest.mark.parametrize("address", [
    "ana@home.test, ben@home.test", "ana@home.test\r\nBcc: ben@home.test", "ana", "", "Ana <ana@home.test>",
])  # fmt: skip
def test_an_address_that_is_not_exactly_one_goes_nowhere(practice, address):
    with Script() as strange:
        server(practice, strange.port)
        assert send(practice, to=address) == Outcome("rcpt", "5")
        assert strange.connections == 0


def test_the_message_id_is_the_same_for_every_attempt_and_tells_nothing(practice):
    first = mail.message_id("nudge|ana", practice)
    again = mail.message_id("nudge|ana", practice)
    other = mail.message_id("nudge|ben", practice)

    assert first == again
    assert first != other
    assert "ana" not in first
    assert len(first.partition("@")[0]) == 27


@pytest.mark.parametrize(("replies", "outcome"), [
    ({"greet": "421 busy"}, Outcome("connect", "4")),
    ({"greet": None}, Outcome("connect", LOST)),
    ({"MAIL": "451 later"}, Outcome("mail", "4")),
    ({"MAIL": "550 no"}, Outcome("mail", "5")),
    ({"MAIL": None}, Outcome("mail", LOST)),
    ({"RCPT": "451 later"}, Outcome("rcpt", "4")),
    ({"RCPT": "550 nobody"}, Outcome("rcpt", "5")),
    ({"RCPT": None}, Outcome("rcpt", LOST)),
    ({"DATA": "554 no"}, Outcome("ready", "5")),
    ({"end": "451 later"}, Outcome("data", "4")),
    ({"end": "550 no"}, Outcome("data", "5")),
    ({"end": None}, Outcome("data", LOST)),
    ({"end": "222 what"}, Outcome("data", LOST)),
    ({"QUIT": None}, Outcome("done", "2")),
    ({"QUIT": "554 rude"}, Outcome("done", "2")),
])  # fmt: skip
def test_whatever_a_server_does_the_outcome_says_how_far_it_came(practice, replies, outcome):
    with Script(**replies) as strange:
        server(practice, strange.port)
        assert send(practice) == outcome


def test_only_a_lost_answer_after_the_text_is_uncertain():
    stages = {(stage, code): Outcome(stage, code) for stage in mail.STAGES for code in ("4", "5", LOST)}

    assert {key for key, each in stages.items() if each.is_uncertain} == {("data", LOST)}
    assert [key for key, each in stages.items() if each.is_unknown_address] == [("rcpt", "5")]

    again = {key for key, each in stages.items() if each.may_try_again}
    assert again == {(s, c) for s in mail.STAGES[:-1] for c in ("4", LOST)} - {("data", LOST)}


def test_nobody_listening_is_no_exception(practice):
    server(practice, services.free_port())
    assert send(practice) == Outcome("connect", LOST)


@pytest.mark.parametrize(("verb", "stage"), [("greet", "connect"), ("RCPT", "rcpt"), ("end", "data")])
def test_a_server_that_dribbles_is_cut_off(practice, monkeypatch, verb, stage):
    monkeypatch.setattr(mail, "WHOLE_S", 0.3)
    with Script(**{verb: "dribble"}) as strange:
        server(practice, strange.port)
        assert send(practice) == Outcome(stage, LOST)


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = dt.datetime.now(dt.UTC)

    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )

    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(pem)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


def test_over_starttls_to_a_server_whose_name_is_right(practice, certificate, monkeypatch):
    file, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with services.smtp(tls_context=context, require_starttls=True) as kept:
        server(practice, kept.port, security="starttls")
        assert send(practice) == Outcome("done", "2")
        assert kept.recipients == [["ana@home.test"]]


def test_over_tls_from_the_start(practice, certificate, monkeypatch):
    file, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with services.smtp(ssl_context=context) as kept:
        server(practice, kept.port, security="tls")
        assert send(practice) == Outcome("done", "2")
        assert len(kept.messages) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for_stops_everything(practice, certificate, security):
    _, context = certificate
    options = {"tls_context": context} if security == "starttls" else {"ssl_context": context}

    with services.smtp(**options) as kept:
        server(practice, kept.port, security=security)
        assert send(practice) == Outcome("tls", LOST)
        assert kept.messages == []


@pytest.mark.parametrize("reply", ["454 not now", "502 what is that", None])
def test_without_tls_not_a_word_more_is_said(practice, reply):
    with Script(EHLO="250 here", STAR=reply) as strange:
        server(practice, strange.port, security="starttls", username="notes", password="a secret")
        assert send(practice).stage == "tls"
        assert strange.heard == b"ehlo calm.test\r\nSTARTTLS\r\n"


def test_clear_text_never_leaves_this_machine(practice):
    server(practice, 25, host="mail.elsewhere.test")
    assert send(practice) == Outcome("tls", "5")


# The demo practice


def test_demo_mail_stays_on_this_machine_even_with_a_server_set(practice):
    practice.is_demo = True
    practice.save()

    with Script() as real:
        server(practice, real.port)
        assert send(practice, to="ana@home.example") == Outcome("done", "2")
        assert send(practice, to="ana@home.example") == Outcome("done", "2")
        assert real.connections == 0
    (kept,) = LocalMail.objects.all()
    assert kept.to == "ana@home.example"
    assert kept.subject == "A reminder you asked for."


def test_another_practice_sends_nothing_to_example_addresses(practice):
    with Script() as real:
        server(practice, real.port)
        assert send(practice, to="ana@home.example") == Outcome("connect", "5")
        assert real.connections == 0
    assert LocalMail.objects.count() == 0


@pytest.mark.parametrize(("is_demo", "tested", "address", "may"), [
    (False, False, None, False),
    (False, False, "ana@home.test", False),
    (False, True, None, True),
    (False, True, "ana@home.test", True),
    (False, True, "ana@home.example", False),
    (True, False, None, True),
    (True, False, "ana@home.example", True),
    (True, False, "ana@home.test", False),
    (True, True, "ana@home.test", True),
])  # fmt: skip
def test_nothing_is_offered_that_could_not_be_sent(practice, is_demo, tested, address, may):
    tested_at = dt.datetime(2026, 3, 10, tzinfo=dt.UTC) if tested else None
    practice.is_demo = is_demo
    practice.save()
    server(practice, 25, tested_at=tested_at)

    assert mail.can_mail(practice, address) is may


@pytest.mark.parametrize(("is_demo", "to"), [(False, "ana@home.test"), (True, "ana@calm.example")])
def test_a_house_that_was_restored_sends_nothing_whoever_asks(
    practice, smtp, settings, tmp_path, is_demo, to
):
    server(practice, smtp.port)
    practice.is_demo = is_demo
    practice.save()

    settings.MUTE_FILE = tmp_path / "mute"
    settings.MUTE_FILE.write_text("restored")

    muted = send(practice, to=to)
    assert muted == Outcome("connect", "4")
    assert muted.may_try_again is True
    assert smtp.messages == []
    assert LocalMail.objects.count() == 0

    settings.MUTE_FILE.unlink()
    assert send(practice, to=to) == Outcome("done", "2")
    assert len(smtp.messages) + LocalMail.objects.count() == 1


def test_djangos_own_way_to_mail_is_closed():
    with pytest.raises(RuntimeError, match="nowhere else"):
        mail.NoBackend().send_messages([])
