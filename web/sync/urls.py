from django.urls import path

from web.sync import connect, imports, own_settings, views

urlpatterns = [
    path("sync/", views.state, name="sync"),
    path("sync/now/", views.now, name="sync-now"),
    path("sync/compare/", views.compare, name="sync-compare"),
    path("sync/hooks/", views.replay, name="sync-replay"),
    path("sync/progress/", views.progress, name="sync-progress"),
    path("sync/import/", imports.upload, name="import"),
    path("sync/import/<slug:code>/", imports.draft, name="import-draft"),
    path("connect/", connect.connect, name="connect"),
    path("connect/settings/", own_settings.own_settings, name="own-settings"),
    path("connect/token/", connect.token, name="connect-token"),
    path("connect/keys/", connect.keys, name="connect-keys"),
    path("connect/consent/", connect.agree, name="connect-consent"),
    path("connect/callback/", connect.callback, name="connect-callback"),
    path("connect/off/", connect.off, name="connect-off"),
    path("connect/load/", connect.load, name="connect-load"),
]
