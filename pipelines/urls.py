from django.urls import path

from pipelines import intake, views, views_connect, views_import

urlpatterns = [
    path("deals/", views.deals, name="deals"),
    path("deals/<int:pk>/", views.deal, name="deal"),
    path("deals/<int:pk>/diary/", views.deal_diary, name="deal-diary"),
    path("tasks/", views.tasks, name="tasks"),
    path("sync/", views.sync, name="sync"),
    path("sync/now/", views.sync_now, name="sync-now"),
    path("sync/compare/", views.sync_compare, name="sync-compare"),
    path("sync/progress/", views.sync_progress, name="sync-progress"),
    path("sync/import/", views_import.upload, name="import"),
    path("sync/import/<slug:code>/", views_import.draft, name="import-draft"),
    path("connect/", views_connect.connect, name="connect"),
    path("connect/token/", views_connect.token, name="connect-token"),
    path("connect/keys/", views_connect.keys, name="connect-keys"),
    path("connect/consent/", views_connect.agree, name="connect-consent"),
    path("connect/callback/", views_connect.callback, name="connect-callback"),
    path("connect/off/", views_connect.off, name="connect-off"),
    path("connect/load/", views_connect.load, name="connect-load"),
    path("hooks/amocrm/<str:secret>/", intake.hook, name="hook"),
]
