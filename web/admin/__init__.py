"""Django's admin. Importing a module registers its models."""

from web.admin import mirror, pay, regulations, team  # noqa: F401
