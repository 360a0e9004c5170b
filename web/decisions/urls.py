from django.urls import path

from web.decisions import making, views

urlpatterns = [
    path("decisions/", views.decisions, name="decisions"),
    path("decisions/new/", making.make, name="decision-new"),
    path("decisions/proposed/", making.proposed, name="decision-proposed"),
    path("decisions/hide/", making.hide, name="decision-hide"),
    path("decisions/<int:pk>/", views.decision, name="decision"),
    path("decisions/<int:pk>/take/", views.take, name="decision-take"),
    path("decisions/<int:pk>/end/", views.end, name="decision-end"),
    path("decisions/<int:pk>/put-off/", views.put_off, name="decision-put-off"),
    path("decisions/<int:pk>/undo/", views.undo, name="decision-undo"),
]
