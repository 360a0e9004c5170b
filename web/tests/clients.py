"""Who asks for pages."""

from django.test import Client

from team.models import Employee


def signed_in(user: Employee) -> Client:
    client = Client()
    client.force_login(user)
    return client
