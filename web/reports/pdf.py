"""The report as a PDF: the page's own template with colours of paper. Nothing in it depends on when it is written."""

from datetime import UTC
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from notices.models import Report

STYLES = ("paper-colors.css", "report.css", "paper.css")


def write_pdf(context: dict[str, Any], report: Report, language: str) -> bytes:
    """The identifier is that of what was frozen, dates are the report's."""
    from weasyprint import CSS, HTML  # half a second and 40 MB, which no process needs that writes none
    from weasyprint.urls import URLFetcher

    folder = settings.BASE_DIR / "static" / "css"

    class OwnFiles(URLFetcher):
        """A name in a report must not make the server ask somebody, nor read its disk."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith((settings.BASE_DIR / "static").as_uri() + "/") or ".." in url:
                raise ValueError("only the portal's own files are read")
            return super().fetch(url, headers)

    own = OwnFiles(allowed_protocols={"file"}, allow_redirects=False)
    when = report.as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    html = render_to_string("reports/pdf.html", context | {"when": when, "language": language})
    styles = [CSS(filename=str(folder / name), url_fetcher=own) for name in STYLES]
    page = HTML(string=html, base_url=folder.as_uri(), url_fetcher=own)
    written: bytes = page.write_pdf(stylesheets=styles, pdf_identifier=report.digest[:32].encode())
    return written
