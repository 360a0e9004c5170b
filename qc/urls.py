from django.urls import path

from qc.views import findings

urlpatterns = [
    path("findings/", findings.findings, name="findings"),
    path("findings/deal/<int:pk>/", findings.deal_findings, name="deal-findings"),
]
