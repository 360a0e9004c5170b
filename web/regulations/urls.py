from django.urls import path

from web.regulations import acts, control, effects, packs, rules, splits, switch_trial, trying, views

urlpatterns = [
    path("regulations/", views.index, name="regulations"),
    path("regulations/book/", views.book, name="regulation-book"),
    path("regulations/sign/", acts.sign, name="regulation-sign"),
    path("regulations/packs/", packs.index, name="packs"),
    path("regulations/packs/<slug:key>/", packs.pack, name="pack"),
    path("regulations/splits/", splits.splits, name="splits"),
    path("regulations/<str:stage>/", views.card, name="regulation"),
    path("regulations/<str:stage>/try/", trying.attempt, name="regulation-try"),
    path("regulations/<str:stage>/deal/", acts.try_on_deal, name="regulation-deal"),
    path("regulations/<str:stage>/return/", acts.bring_back, name="regulation-return"),
    path("regulations/<str:stage>/call-off/", acts.call_off, name="regulation-call-off"),
    path("regulations/<str:stage>/copy/", acts.copy, name="regulation-copy"),
    path("rules/", rules.rules, name="rules"),
    path("rules/control/", control.switch_control, name="rules-control"),
    path("rules/newcomers/", control.set_grace, name="rules-newcomers"),
    path("rules/first-times/", control.set_first_times, name="rules-first-times"),
    path("rules/call-off/", control.call_off, name="rules-call-off"),
    path("rules/<str:code>/try/", switch_trial.try_rule, name="rule-try"),
    path("effects/", effects.effects, name="effects"),
]
