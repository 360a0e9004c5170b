"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")
portal = get_wsgi_application()

from pipelines.intake import at_the_door  # noqa: E402 - models need the portal to be set up

application = at_the_door(portal)
