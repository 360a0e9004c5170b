from django.urls import path

from pipelines import intake, views, views_import

urlpatterns = [
    path("deals/", views.deals, name="deals"),
    path("deals/<int:pk>/", views.deal, name="deal"),
    path("deals/<int:pk>/diary/", views.deal_diary, name="deal-diary"),
    path("tasks/", views.tasks, name="tasks"),
    path("sync/", views.sync, name="sync"),
    path("sync/now/", views.sync_now, name="sync-now"),
    path("sync/progress/", views.sync_progress, name="sync-progress"),
    path("sync/import/", views_import.upload, name="import"),
    path("sync/import/<slug:code>/", views_import.draft, name="import-draft"),
    path("hooks/amocrm/<str:secret>/", intake.hook, name="hook"),
]
