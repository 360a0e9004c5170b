from django.urls import path

from web.audit import views

urlpatterns = [
    path("audit/", views.changes, name="audit"),
]
