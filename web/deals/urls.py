from django.urls import path

from web.deals import views

urlpatterns = [
    path("deals/", views.deals, name="deals"),
    path("deals/<int:pk>/", views.deal, name="deal"),
    path("deals/<int:pk>/diary/", views.deal_diary, name="deal-diary"),
    path("waiting/", views.waiting, name="waiting"),
    path("tasks/", views.tasks, name="tasks"),
]
