"""What goes over the wire is compressed for whoever accepts that."""

import gzip

import pytest
from django.test import Client
from django.urls import reverse

from devtools.tests.factory import make_employee
from team.models import Role


@pytest.mark.django_db
def test_a_page_is_compressed_for_a_browser_and_plain_for_a_simple_client(client: Client) -> None:
    client.force_login(make_employee(Role.DIRECTOR))
    plain = client.get(reverse("desk"))
    packed = client.get(reverse("desk"), headers={"Accept-Encoding": "gzip, deflate, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert len(packed.content) < len(plain.content) / 3
    assert b"</html>" in gzip.decompress(packed.content)
