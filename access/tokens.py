"""API tokens: made, found by what a program sends, revoked. Measured by the machine's clock, as leases are."""

import hashlib
import secrets
from datetime import timedelta

from django.utils.translation import gettext as _

from access.models import ApiToken
from core.locks import lease_now
from team.models import Employee

LONGEST, USUAL = 366, 90  # days
MOST = 20  # living tokens of one person, made on the page
NOTED = timedelta(minutes=1)  # how exactly the last use is known
HINT = 6  # signs


def make_token(
    user: Employee, title: str, *, may_write: bool, reach: str = ApiToken.Reach.ALL, days: int = USUAL
) -> tuple[ApiToken, str]:
    """The row, and the token, which nobody can tell again. ValueError with one sentence for days that make no sense."""
    if not 1 <= days <= LONGEST:
        raise ValueError(_("A token lives from 1 to %(days)s days.") % {"days": LONGEST})
    key, now = secrets.token_hex(20), lease_now()
    row = ApiToken.objects.create(
        user=user,
        title=title,
        digest=digest_of(key),
        hint=key[:HINT],
        may_write=may_write,
        reach=reach,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    return row, key


def find_token(key: str) -> ApiToken | None:
    """One that lives, with its user; notes that it is used."""
    now = lease_now()
    living = ApiToken.objects.filter(digest=digest_of(key), revoked_at=None, expires_at__gt=now)
    token = living.select_related("user").first()
    if token is not None and (token.last_used_at is None or token.last_used_at < now - NOTED):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def revoke_tokens(user: Employee, **which: object) -> int:
    """All that live, or those that ``which`` names. Gives how many."""
    return ApiToken.objects.filter(user=user, revoked_at=None, **which).update(revoked_at=lease_now())


def count_living(user: Employee) -> int:
    return ApiToken.objects.filter(user=user, revoked_at=None, expires_at__gt=lease_now()).count()


def digest_of(key: str) -> str:
    """Of 160 random bits a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()
