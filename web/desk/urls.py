from django.urls import path

from web.desk import views

urlpatterns = [
    path("", views.desk, name="desk"),
    path("pulse/", views.beat, name="desk-pulse"),
    path("<slug:block>/", views.block, name="desk-block"),
]
