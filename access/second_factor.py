"""A second factor: codes of an app on the telephone (TOTP), and ten recovery codes for the day when it is lost."""

import hashlib
import io
import re
import secrets

import qrcode
from django.db import transaction
from django_otp.plugins.otp_totp.models import TOTPDevice
from qrcode.image.svg import SvgPathImage

from access.models import RecoveryCode
from core.locks import lease_now
from team.models import Employee

CODES = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
NAME = "app"


def has_factor(user: Employee) -> bool:
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def begin_factor(user: Employee) -> TOTPDevice:
    """A secret that counts as soon as one of its codes was typed in; asked for twice, it is the same one."""
    device, _created = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": NAME})
    return device


def confirm_factor(user: Employee, code: str) -> list[str] | None:
    """Switch it on by a code of it: the recovery codes, or None for a wrong one."""
    with transaction.atomic():
        list(Employee.objects.select_for_update().filter(pk=user.pk).values_list("pk"))
        device = TOTPDevice.objects.filter(user=user, confirmed=False).first()
        if device is None or not device.verify_token(_digits(code)):
            return None
        TOTPDevice.objects.filter(user=user).delete()
        device.pk, device.confirmed = None, True
        device.save(force_insert=True)  # anew: the log of changes has it as added, with who did it
        return renew_codes(user)


def renew_codes(user: Employee) -> list[str]:
    """New recovery codes; the old ones are worth nothing any more."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(10)) for _ in range(CODES)]
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(code)) for code in codes)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def is_right(user: Employee, code: str) -> bool:
    """Of the app, once, or a recovery code, once."""
    with transaction.atomic():
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
        if device is None:
            return False
        if len(_digits(code)) == device.digits and device.verify_token(_digits(code)):
            return True
        unused = RecoveryCode.objects.filter(user=user, digest=_digest(code), used_at=None)
        return unused.update(used_at=lease_now()) == 1


def drop_factor(user: Employee) -> None:
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).delete()
        RecoveryCode.objects.filter(user=user).delete()


def count_codes(user: Employee) -> int:
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def draw_qr(device: TOTPDevice) -> str:
    """The picture that the app reads, as SVG without a style of its own."""
    out = io.BytesIO()
    qrcode.make(device.config_url, image_factory=SvgPathImage, box_size=16, border=2).save(out)
    return re.sub(r"<\?xml[^>]*\?>\s*", "", out.getvalue().decode())


def spell_key(device: TOTPDevice) -> str:
    """The secret in groups of four, to be typed in."""
    import base64

    text = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def _digits(code: str) -> str:
    return re.sub(r"[\s-]", "", code)[:20] if code.isascii() else ""


def _digest(code: str) -> str:
    return hashlib.sha256(re.sub(r"[\s-]", "", code[:40]).lower().encode(errors="replace")).hexdigest()
