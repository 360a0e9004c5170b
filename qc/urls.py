from django.urls import path

from qc.views import findings, regulations, rules

urlpatterns = [
    path("findings/", findings.findings, name="findings"),
    path("findings/deal/<int:pk>/", findings.deal_findings, name="deal-findings"),
    path("regulations/", regulations.index, name="regulations"),
    path("regulations/<str:stage>/", regulations.card, name="regulation"),
    path("regulations/<str:stage>/try/", regulations.attempt, name="regulation-try"),
    path("rules/", rules.rules, name="rules"),
]
