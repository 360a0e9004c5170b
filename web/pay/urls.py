from django.urls import path

from web.pay import closing, views

urlpatterns = [
    path("my/", views.my_month, name="my-month"),
    path("my/close/", closing.close, name="close-month"),
    path("my/waive/", closing.waive, name="waive-sales"),
    path("my/include/", closing.include, name="include-manager"),
    path("my/correct/<int:pk>/", closing.correct, name="correct-statement"),
]
