from django.urls import path

from web.regulations import rules, splits, views

urlpatterns = [
    path("regulations/", views.index, name="regulations"),
    path("regulations/splits/", splits.splits, name="splits"),
    path("regulations/<str:stage>/", views.card, name="regulation"),
    path("regulations/<str:stage>/try/", views.attempt, name="regulation-try"),
    path("rules/", rules.rules, name="rules"),
]
