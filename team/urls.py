from django.urls import path

from team import views

urlpatterns = [
    path("team/", views.team, name="team"),
]
