"""Every address of the portal; each room names its own."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from web.desk.losses import losses
from web.desk.then_and_now import then_and_now
from web.desk.tv import screen
from web.frame import health, judging, login
from web.webhook import intake, telegram

admin.autodiscover()

urlpatterns = [
    path("", login.home, name="home"),
    path("login/", login.Login.as_view(), name="login"),
    path("login/code/", login.ask_code, name="login-code"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", login.change_language, name="set_language"),
    path("judging/", judging.progress, name="judging"),
    path("desk/", include("web.desk.urls")),
    path("then-and-now/", then_and_now, name="then-and-now"),
    path("losses/", losses, name="losses"),
    path("tv/", screen, name="tv"),
    path("analytics/", include("web.analytics.urls")),
    path("", include("web.deals.urls")),
    path("", include("web.findings.urls")),
    path("", include("web.regulations.urls")),
    path("", include("web.review.urls")),
    path("", include("web.sync.urls")),
    path("", include("web.team.urls")),
    path("", include("web.pay.urls")),
    path("", include("web.schemes.urls")),
    path("", include("web.decisions.urls")),
    path("", include("web.reports.urls")),
    path("", include("web.notices.urls")),
    path("", include("web.audit.urls")),
    path("", include("web.account.urls")),
    path("", include("web.saved_views.urls")),
    path("api/v1/", include("web.api.urls")),
    path("hooks/amocrm/<str:secret>/", intake.hook, name="hook"),
    path("hooks/telegram/", telegram.ring, name="hook-telegram"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.Figures.as_view(), name="metrics"),
    path("admin/login/", login.to_one_door),
    path("admin/", admin.site.urls),
]
