import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from web.frame.csp import PolicyMiddleware


@pytest.mark.parametrize(
    ("path", "loose"),
    [
        ("/", False),
        ("/desk/", False),
        ("/administration/", False),
        ("/admin/", True),
        ("/api/v1/docs/", True),
    ],
)
def test_only_the_admin_and_the_api_page_may_run_inline_code(path: str, loose: bool) -> None:
    request = RequestFactory().get(path)
    middleware = PolicyMiddleware(lambda _: HttpResponse())
    policy = middleware(request)["Content-Security-Policy"]
    assert ("unsafe-inline" in policy) is loose
    assert ("unsafe-eval" in policy) is loose
    assert "frame-ancestors 'none'" in policy and "default-src 'self'" in policy
