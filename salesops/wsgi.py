"""The WSGI application that gunicorn serves."""

import logging
import os
import sys
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")
# A hook takes the interpreter some eight times for a moment each. Beside threads that render pages it would wait five
# milliseconds for each of them; `bench intake-busy` measures it.
sys.setswitchinterval(0.0005)  # seconds
portal = get_wsgi_application()

from core import collecting
from salesops import checks
from web.frame.statement_limit import bound_statements
from web.webhook.intake import at_the_door
from web.webhook.masking import MaskSecret

checks.refuse_to_serve()
bound_statements()
for name in ("gunicorn.error", "gunicorn.access"):  # loggers of the server's own
    logging.getLogger(name).addFilter(MaskSecret())
application = at_the_door(portal)
import_module(settings.ROOT_URLCONF)  # the views, which the first request would load otherwise
collecting.set_loaded_aside()
