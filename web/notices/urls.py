from django.urls import path

from web.notices import alerts, deliveries, policy, silences, views, wishes

urlpatterns = [
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/latest/", alerts.latest, name="alerts-latest"),
    path("alerts/<int:pk>/mute/", alerts.mute, name="alert-mute"),
    path("alerts/unmute/", alerts.unmute, name="alert-unmute"),
    path("notices/", views.bell, name="notices"),
    path("notices/count/", views.count, name="notices-count"),
    path("notices/read/", views.read, name="notices-read"),
    path("notices/<int:pk>/answer/", views.answer, name="notice-answer"),
    path("notices/settings/", wishes.settings_page, name="notice-settings"),
    path("notices/settings/link/", wishes.link, name="notice-link"),
    path("notices/settings/confirm/<int:pk>/", wishes.confirm, name="notice-confirm"),
    path("notices/settings/unlink/<int:pk>/", wishes.unlink, name="notice-unlink"),
    path("notices/settings/chat/<int:pk>/", wishes.subscribe, name="notice-subscribe"),
    path("notices/deliveries/", deliveries.deliveries, name="deliveries"),
    path("notices/deliveries/<int:pk>/again/", deliveries.again, name="delivery-again"),
    path("notices/silences/", silences.silences, name="silences"),
    path("notices/silences/<int:pk>/end/", silences.end, name="silence-end"),
    path("notices/policy/", policy.policy, name="notice-policy"),
]
