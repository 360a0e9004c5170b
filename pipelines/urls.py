from django.urls import path

from pipelines import intake
from pipelines.pages import connect, deals, imports, sync

urlpatterns = [
    path("deals/", deals.deals, name="deals"),
    path("deals/<int:pk>/", deals.deal, name="deal"),
    path("deals/<int:pk>/diary/", deals.deal_diary, name="deal-diary"),
    path("tasks/", deals.tasks, name="tasks"),
    path("sync/", sync.state, name="sync"),
    path("sync/now/", sync.now, name="sync-now"),
    path("sync/compare/", sync.compare, name="sync-compare"),
    path("sync/hooks/", sync.replay, name="sync-replay"),
    path("sync/progress/", sync.progress, name="sync-progress"),
    path("sync/import/", imports.upload, name="import"),
    path("sync/import/<slug:code>/", imports.draft, name="import-draft"),
    path("connect/", connect.connect, name="connect"),
    path("connect/token/", connect.token, name="connect-token"),
    path("connect/keys/", connect.keys, name="connect-keys"),
    path("connect/consent/", connect.agree, name="connect-consent"),
    path("connect/callback/", connect.callback, name="connect-callback"),
    path("connect/off/", connect.off, name="connect-off"),
    path("connect/load/", connect.load, name="connect-load"),
    path("hooks/amocrm/<str:secret>/", intake.hook, name="hook"),
]
