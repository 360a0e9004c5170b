from django.urls import path

from kpi import acts, views

urlpatterns = [
    path("my/", views.my_month, name="my-month"),
    path("my/close/", acts.close_month, name="close-month"),
    path("my/correct/<int:pk>/", acts.correct, name="correct-statement"),
]
