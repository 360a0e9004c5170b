"""Salesops: an internal portal for sales departments that work in amoCRM."""

from salesops.celery import app as celery_app

__all__ = ["celery_app"]
