"""Keys that were handed out: API tokens, sessions in browsers, codes of a second factor, and who must have one."""

import hashlib

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from audit.registry import keep_changes
from team.models import Role


@keep_changes(names=["user", "title"], secret=["digest"], ignored=["last_used_at"])
class ApiToken(models.Model):
    """What lets a program in as ``user``. It is shown once; ``digest`` is its SHA-256, ``hint`` its beginning.

    Whose rows it reads follows from the user's role, unless its reach is ``own``: then it sees what a manager would.
    """

    class Reach(models.TextChoices):
        OWN = "own", _("own rows only")
        ALL = "all", _("all that the role sees")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens", verbose_name=_("whose")
    )
    title = models.CharField(_("what for"), max_length=80)
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    hint = models.CharField(_("begins with"), max_length=8)
    may_write = models.BooleanField(_("may change things"), default=False)
    reach = models.CharField(_("reach"), max_length=3, choices=Reach, default=Reach.ALL)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("ends"))
    last_used_at = models.DateTimeField(_("last used"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.title} ({self.hint}…)"


class OpenSession(models.Model):
    """Where somebody is signed in. Without its row in Django's table the session has ended."""

    session_key = models.CharField(max_length=40, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="open_sessions")
    device = models.CharField(max_length=300, blank=True)  # as the browser calls itself
    address = models.CharField(max_length=45, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("open session")
        verbose_name_plural = _("open sessions")
        ordering = ["-seen_at"]

    @property
    def public_id(self) -> str:
        """For a form: the key itself would let whoever reads the page in."""
        return hashlib.sha256(self.session_key.encode()).hexdigest()[:16]


class RecoveryCode(models.Model):
    """Lets somebody in once who has lost the telephone; only its SHA-256 is known."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once")]


@keep_changes(names=["role"])
class SecondFactorDemand(models.Model):
    """Whoever has this role must sign in with a second factor."""

    role = models.CharField(_("role"), max_length=12, choices=Role, primary_key=True)

    class Meta:
        verbose_name = _("demand for a second factor")
        verbose_name_plural = _("demands for a second factor")

    def __str__(self) -> str:
        return str(Role(self.role).label)


keep_changes(
    names=["user"],
    secret=["key"],
    ignored=[
        "last_t",
        "drift",
        "throttling_failure_timestamp",
        "throttling_failure_count",
        "last_used_at",
    ],
    only="{row}.confirmed",  # one that is only being looked at lets nobody in
)(TOTPDevice)
