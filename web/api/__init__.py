"""The API ``/api/v1/``: reading for other programs, under the same doors as the pages (``visible_to``)."""
