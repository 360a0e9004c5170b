from django.urls import path

from web.schemes import trial, views

urlpatterns = [
    path("pay-schemes/", views.schemes, name="schemes"),
    path("pay-schemes/new/", views.begin, name="scheme-new"),
    path("pay-schemes/compare/", trial.compare, name="schemes-compare"),
    path("pay-schemes/of/<slug:code>/", views.scheme, name="scheme"),
    path("pay-schemes/of/<slug:code>/publish/", views.publish, name="scheme-publish"),
    path("pay-schemes/of/<slug:code>/trial/", trial.trial, name="scheme-trial"),
    path("pay-schemes/of/<slug:code>/conditions/", trial.conditions, name="scheme-conditions"),
]
