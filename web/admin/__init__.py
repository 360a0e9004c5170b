"""Django's admin. Importing a module registers its models."""

from web.admin import mirror, pay, regulations, rotas, team  # noqa: F401 - registered by being imported
