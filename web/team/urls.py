from django.urls import path

from web.team import views

urlpatterns = [
    path("team/", views.team, name="team"),
]
