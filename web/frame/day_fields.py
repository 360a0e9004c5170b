"""A day of a form."""

from datetime import date

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from web.frame.filters import SENSIBLE_YEARS


class DayField(forms.DateField):
    """Of a year in use: beyond the first and the last there are no weeks to add and no zones to be in."""

    default_validators = [
        MinValueValidator(date(SENSIBLE_YEARS[0], 1, 1)),
        MaxValueValidator(date(SENSIBLE_YEARS[-1], 12, 31)),
    ]
