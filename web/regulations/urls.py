from django.urls import path

from web.regulations import packs, rules, splits, views

urlpatterns = [
    path("regulations/", views.index, name="regulations"),
    path("regulations/packs/", packs.index, name="packs"),
    path("regulations/packs/<slug:key>/", packs.pack, name="pack"),
    path("regulations/splits/", splits.splits, name="splits"),
    path("regulations/<str:stage>/", views.card, name="regulation"),
    path("regulations/<str:stage>/try/", views.attempt, name="regulation-try"),
    path("rules/", rules.rules, name="rules"),
]
