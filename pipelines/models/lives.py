"""The visits of all deals once more, packed: what analytics reads where a company is large."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PackedLives(models.Model):
    """The visits of the deals of one block of ids, as columns of numbers (`metrics.analytics.packing`).

    It holds what ``Stay`` held when it was packed; of deals in ``LifeChange`` it is no longer true.
    """

    block = models.BigIntegerField(_("block"), primary_key=True)
    body = models.BinaryField()

    class Meta:
        verbose_name = _("packed lives")
        verbose_name_plural = _("packed lives")


class LifeChange(models.Model):
    """A deal whose stays were written since its block was packed. Appended by ``timeline.folding`` in its statement."""

    deal_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("changed life")
        verbose_name_plural = _("changed lives")
        indexes = [
            models.Index(fields=["deal_id"], name="life_change_by_deal")
        ]  # of a block that is packed again
