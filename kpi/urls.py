from django.urls import path

from kpi import views

urlpatterns = [
    path("my/", views.my_month, name="my-month"),
]
