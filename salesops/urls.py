"""Every address of the portal; each room names its own."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from salesops import entrance, health

urlpatterns = [
    path("", entrance.home, name="home"),
    path("login/", entrance.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", entrance.change_language, name="set_language"),
    path("desk/", include("salesops.desk.urls")),
    path("", include("pipelines.urls")),
    path("", include("qc.urls")),
    path("", include("team.urls")),
    path("", include("kpi.urls")),
    path("api/v1/", include("salesops.api.urls")),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.Figures.as_view(), name="metrics"),
    path("admin/", admin.site.urls),
]
