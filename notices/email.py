"""E-mail: one message, one recipient, one status. Django tells nothing of a second recipient who was refused."""

import re
import smtplib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from notices.outcomes import AddressStopped, ChannelStopped, NotNow, Refused, Sent, Unknown

AGAIN = 300.0  # seconds after a «later»; greylisting wants about that
BREAKS = re.compile(r"[\r\n\0]+")
File = tuple[str, str, bytes]


def send_mail(address: str, subject: str, text: str, html: str, key: str, files: Sequence[File] = ()) -> Sent:
    """Send one mail; ``key`` becomes its Message-ID. Raises NotSent of some kind."""
    host = (settings.DEFAULT_FROM_EMAIL.rpartition("@")[2] or "localhost").strip("> ")
    try:
        mail = EmailMultiAlternatives(
            BREAKS.sub(" ", subject)[:200],
            text,
            settings.DEFAULT_FROM_EMAIL,
            [BREAKS.sub("", address)],
            headers={"Message-ID": f"<{key}@{host}>", "Auto-Submitted": "auto-generated"},
        )
        mail.attach_alternative(html, "text/html")
        for name, kind, data in files:
            mail.attach(name, data, kind)
        built = mail.message()
    except ValueError as error:
        raise Refused(f"the mail cannot be built: {error}") from None
    del built
    door = get_connection(timeout=settings.EMAIL_TIMEOUT)
    try:
        _open(door)
        mail.connection = door
        mail.send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
        raise _decided(error) from None
    except (smtplib.SMTPException, OSError) as error:
        # After the final dot and before the answer nobody knows.
        raise Unknown(f"{type(error).__name__} {error}"[:200]) from None
    finally:
        _close(door)
    return Sent(key)


def _open(door: Any) -> None:
    """Whatever happens before the first word of the mail is sure not to have delivered it."""
    try:
        door.open()
    except smtplib.SMTPAuthenticationError as error:
        raise ChannelStopped(f"{error.smtp_code}: the mail server does not let us in") from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotNow(f"not connected: {type(error).__name__}", 30, whole=True) from None


def _close(door: Any) -> None:
    try:
        door.close()
    except (smtplib.SMTPException, OSError):
        return


def _decided(error: smtplib.SMTPException) -> Exception:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        why = f"{code}: {_text(said)}"
        return NotNow(why, AGAIN) if code < 500 else AddressStopped(why)
    assert isinstance(error, smtplib.SMTPResponseException)
    why = f"{error.smtp_code}: {_text(error.smtp_error)}"
    if error.smtp_code < 500:
        return NotNow(why, AGAIN, whole=error.smtp_code == 421)
    return Refused(why)


def _text(said: object) -> str:
    return (said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said))[:200]
