"""The only mail sender. One recipient, one of a few neutral texts, a link; nothing about anybody.

What a mail says is not stored and cannot be written by anyone: it is a text from TEXTS and a link made at
sending time. Whoever reads a mailbox over a shoulder learns that a note waits, and no more.
"""

import base64
import hashlib
import hmac
import ipaddress
import os
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.utils.translation import gettext, gettext_noop, override

from facilitator.models import LocalMail, MailSettings, Practice
from facilitator.now import now

# Much the same length, so that the length tells them apart for nobody.
TEXTS = {
    "note": gettext_noop("You have a note waiting."),
    "reminder": gettext_noop("A reminder you asked for."),
    "calendar": gettext_noop("Something in your calendar changed."),
    "sign_in": gettext_noop("Please sign in when it suits you."),
}
FOOT = gettext_noop("The link opens once, within two days.")
STAGES = ("connect", "tls", "auth", "mail", "rcpt", "ready", "data", "done")
STEP_S = 10
WHOLE_S = 45
LOST = "lost"
DEMO_HOST = "notes.example"


@dataclass(frozen=True)
class Outcome:
    """How far a message came, and the class of the last reply: "2", "4", "5", or LOST when none came."""

    stage: str
    code: str

    @property
    def is_accepted(self) -> bool:
        return self.stage == "done"

    @property
    def is_uncertain(self) -> bool:
        """The whole message went out and the answer did not come back: it may have arrived."""
        return self.stage == "data" and self.code == LOST

    @property
    def may_try_again(self) -> bool:
        return not self.is_accepted and not self.is_uncertain and self.code != "5"

    @property
    def is_unknown_address(self) -> bool:
        return self.stage == "rcpt" and self.code == "5"


class NoBackend(BaseEmailBackend):
    """Django's own way to mail is closed: nothing but send() below may open a connection."""

    def send_messages(self, email_messages: Any) -> NoReturn:
        raise RuntimeError("mail goes through facilitator.mail.send and nowhere else")


def is_demo_address(address: str) -> bool:
    return address.rpartition("@")[2].lower().endswith(".example")


def can_mail(practice: Practice, address: str | None = None) -> bool:
    """Whether anything that needs mail may be offered to this address (None: to anybody at all)."""
    if practice.is_demo and (address is None or is_demo_address(address)):
        return True
    tested = MailSettings.objects.filter(practice=practice, tested_at__isnull=False).exists()
    return tested and not (address and is_demo_address(address))


def message_id(key: str, practice: Practice) -> str:
    """The same for every attempt, and nothing that could be linked between people."""
    digest = hmac.new(settings.INDEX_KEY.encode(), f"message|{key}".encode(), hashlib.sha256).digest()
    return f"<{base64.b32encode(digest).decode()[:26].lower()}@{_host(practice)}>"


def _host(practice: Practice) -> str:
    kept = MailSettings.objects.filter(practice=practice).first()
    if kept is None:
        return DEMO_HOST
    return kept.from_address.rpartition("@")[2]


def letter(text: str, *, link: str | None, language: str) -> tuple[str, str]:
    """Subject and body. A link is built from the public address and nothing a client sent."""
    if link is not None and not link.startswith(f"{settings.PUBLIC_URL}/"):
        raise ValueError("links in mail are built from the public address")

    with override(language):
        subject = gettext(TEXTS[text])
        body = f"{subject}\n"
        if link:
            body += f"\n{link}\n\n{gettext(FOOT)}\n"
    return subject, body


def _is_neutral(subject: str) -> bool:
    for language, _name in settings.LANGUAGES:
        with override(language):
            if subject in {gettext(text) for text in TEXTS.values()}:
                return True
    return False


def send(*, to: str, subject: str, body: str, message_id: str, practice: Practice) -> Outcome:
    """Try once, within 45 s, on a connection of its own. Never raises for what a server or network does.

    A restored copy is mute until somebody says otherwise: the house it was copied from may still be sending.
    """
    if not _is_neutral(subject) or not body.startswith(f"{subject}\n"):
        raise ValueError("only the neutral texts are ever sent")

    if settings.MUTE_FILE.exists():
        return Outcome("connect", "4")

    if practice.is_demo and is_demo_address(to):
        kept = {"practice": practice, "at": now(), "to": to, "subject": subject, "body": body}
        LocalMail.objects.get_or_create(message_id=message_id, defaults=kept)
        return Outcome("done", "2")

    server = MailSettings.objects.filter(practice=practice).first()
    if server is None or is_demo_address(to):
        return Outcome("connect", "5")

    try:
        validate_email(to)
    except ValidationError:
        return Outcome("rcpt", "5")

    message = _message(to=to, subject=subject, body=body, message_id=message_id, server=server)
    return _Attempt(server).run(message, to)


def _message(*, to: str, subject: str, body: str, message_id: str, server: MailSettings) -> EmailMessage:
    name = re.sub(r"[\x00-\x1f\x7f]", " ", server.practice.neutral_name)

    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=name, addr_spec=server.from_address)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = subject
    message["Date"] = now()
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"

    message.set_content(body)
    return message


def is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class _Attempt:
    """One connection. `stage` is what is being tried, so that whatever breaks tells how far it came."""

    def __init__(self, server: MailSettings) -> None:
        self.server = server
        self.stage = "connect"
        self.was_cut = False

    def run(self, message: EmailMessage, to: str) -> Outcome:
        try:
            with self._connection() as smtp:
                self._hand_over(smtp, message, to)
        except smtplib.SMTPResponseException as reply:
            # Half a reply is none: whatever is not a clear no leaves open what became of the message.
            code = str(reply.smtp_code)[:1]
            is_clear_no = code in "45" and not self.was_cut
            if not is_clear_no:
                code = LOST
            return Outcome(self.stage, code)
        except (smtplib.SMTPNotSupportedError, UnicodeError):
            # No TLS or no sign-in on offer, or an address this server cannot spell: nothing is sent at all.
            return Outcome(self.stage, "5")
        except (smtplib.SMTPException, OSError):
            return Outcome(self.stage, LOST)

        return Outcome("done", "2")

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        server = self.server
        if server.security == MailSettings.Security.NONE and not is_this_machine(server.host):
            self.stage = "tls"
            raise smtplib.SMTPNotSupportedError

        # In EHLO we go by the sender's domain and never by what this machine is called.
        smtp = smtplib.SMTP(local_hostname=server.from_address.rpartition("@")[2])
        with socket.create_connection((server.host, server.port), STEP_S) as plain, closing(smtp):
            # A server that answers a byte a second never runs into a socket's own limit.
            watch = threading.Timer(WHOLE_S, self._cut, [plain.fileno()])
            watch.daemon = True
            watch.start()

            try:
                self._greet(smtp, plain)
                yield smtp
                with _whatever_happens():
                    smtp.quit()
            finally:
                watch.cancel()

    def _greet(self, smtp: smtplib.SMTP, plain: socket.socket) -> None:
        smtp.sock = plain
        if self.server.security == MailSettings.Security.TLS:
            self._turn_on_tls(smtp)

        _expect(smtp.getreply(), 220)
        smtp.ehlo_or_helo_if_needed()

        if self.server.security == MailSettings.Security.STARTTLS:
            self.stage = "tls"
            _expect(smtp.docmd("STARTTLS"), 220)
            self._turn_on_tls(smtp)
            smtp.ehlo_or_helo_if_needed()

        if self.server.username:
            self.stage = "auth"
            smtp.login(self.server.username, self.server.password)

    def _turn_on_tls(self, smtp: smtplib.SMTP) -> None:
        """From here everything is said anew; what the server promised in clear text counts for nothing."""
        self.stage = "tls"
        assert smtp.sock is not None
        smtp.sock = ssl.create_default_context().wrap_socket(smtp.sock, server_hostname=self.server.host)
        smtp.file = None
        smtp.helo_resp = smtp.ehlo_resp = None
        smtp.esmtp_features = {}
        smtp.does_esmtp = False

    def _hand_over(self, smtp: smtplib.SMTP, message: EmailMessage, to: str) -> None:
        self.stage = "mail"
        _expect(smtp.mail(self.server.from_address), 250)

        self.stage = "rcpt"
        _expect(smtp.rcpt(to), 250, 251)

        self.stage = "ready"
        _expect(smtp.docmd("DATA"), 354)

        self.stage = "data"
        text = re.sub(rb"(?m)^\.", b"..", message.as_bytes())
        smtp.send(text + b".\r\n")
        _expect(smtp.getreply(), 250)
        self.stage = "done"

    def _cut(self, number: int) -> None:
        self.was_cut = True
        with _whatever_happens(), socket.socket(fileno=os.dup(number)) as line:
            line.shutdown(socket.SHUT_RDWR)


def _expect(reply: tuple[int, bytes], *wanted: int) -> None:
    if reply[0] not in wanted:
        raise smtplib.SMTPResponseException(*reply)


@contextmanager
def _whatever_happens() -> Iterator[None]:
    """The message is handed over or given up already; how the connection ends changes nothing."""
    try:
        yield
    except (smtplib.SMTPException, OSError):
        return
