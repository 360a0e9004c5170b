from django.apps import AppConfig


class SalesopsConfig(AppConfig):
    name = "salesops"
    verbose_name = "Salesops"

    def ready(self) -> None:
        # Makes it the current app of shared tasks. Not in the package's __init__: the broker's address is read on
        # import, and devtools.embedded, imported earlier, is what puts it into the environment.
        import salesops.celery
        import salesops.checks  # noqa: F401 - registers them
