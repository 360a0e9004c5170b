"""What a password must be, and what a new one takes away."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGEST = 200  # signs; a longer one costs its hash
SHORTEST_NAME = 4


class Sensible:
    """Not so long that it is work, and no name with a few signs about it."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(
                _("A password has %(most)s signs at most.") % {"most": LONGEST}, code="password_too_long"
            )
        letters = re.sub(r"[\W\d_]", "", password.casefold())
        for name in (getattr(user, field, "") for field in ("username", "first_name", "last_name")):
            plain = re.sub(r"[\W\d_]", "", name.casefold())
            if (
                len(plain) >= SHORTEST_NAME
                and letters
                and (letters in plain or letters.replace(plain, "") == "")
            ):
                raise ValidationError(
                    _("This password is your name with a few signs."), code="password_is_name"
                )

    def get_help_text(self) -> str:
        return _("No name, also not with a few digits.")


class RevokesTokens:
    """No rule: Django tells every validator of a new password, but not of an old one that is only hashed anew."""

    def validate(self, password: str, user: Any = None) -> None:
        return

    def password_changed(self, password: str, user: Any = None) -> None:
        from access.tokens import revoke_tokens

        if user is not None and user.pk:
            revoke_tokens(user)

    def get_help_text(self) -> str:
        return ""
