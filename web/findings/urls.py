from django.urls import path

from web.findings import views

urlpatterns = [
    path("findings/", views.findings, name="findings"),
    path("findings/deal/<int:pk>/", views.deal_findings, name="deal-findings"),
    path("findings/deal/<int:pk>/steps/", views.tick_step, name="deal-steps"),
]
