from django.urls import path

from web.pay import closing, views

urlpatterns = [
    path("my/", views.my_month, name="my-month"),
    path("my/close/", closing.close, name="close-month"),
    path("my/correct/<int:pk>/", closing.correct, name="correct-statement"),
]
