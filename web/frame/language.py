"""The language of an answer: the choice on this device (a cookie), else the employee's own, else Russian.

A program that asks the API with Accept-Language is answered in that language.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation


def middleware(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def speak(request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        if request.path_info.startswith("/api/") and "Accept-Language" in request.headers and not chosen:
            language = translation.get_language_from_request(request)
        else:
            own = getattr(request.user, "language", settings.LANGUAGE_CODE)  # a stranger has none
            language = chosen if chosen in dict(settings.LANGUAGES) else own
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = answer(request)
            response.headers.setdefault("Content-Language", language)
            return response

    return speak
