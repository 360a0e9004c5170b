"""``/api/v1/``."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter

from web.api import alerts, analytics, audit, decisions, money, notices, reports, rules, views
from web.api.appeals import Appeals
from web.frame.login import StaffToken

lists = SimpleRouter()
lists.register("pipelines", views.Pipelines)
lists.register("stages", views.Stages)
lists.register("managers", views.Managers)
lists.register("deals", views.Deals)
lists.register("tasks", views.Tasks)
lists.register("findings", views.Findings)
lists.register("appeals", Appeals)
lists.register("notices", notices.Notices)
lists.register("alerts", alerts.Alerts)
lists.register("decisions", decisions.Decisions)
lists.register("reports", reports.Reports)
lists.register("audit", audit.Changes)


class Docs(SpectacularSwaggerView):
    """A page for people: it has no words for OPTIONS, nor for a token that is refused while it is being drawn."""

    http_method_names = ("get", "head")
    authentication_classes = (SessionAuthentication,)

    def get_authenticate_header(self, request: Request) -> str:
        return StaffToken.keyword  # a stranger is answered as everywhere in the API


urlpatterns = [
    path("", include(lists.urls)),
    path("metrics/<slug:code>/", views.Metric.as_view()),
    path("funnel/", views.Funnel.as_view()),
    path("transitions/", views.Transitions.as_view()),
    path("statements/", views.Statements.as_view()),
    path("next-actions/", money.NextActions.as_view()),
    path("regulations/", views.Regulations.as_view()),
    path("regulations/<str:stage>/backtest/", views.Backtest.as_view()),
    path("rules/<str:code>/backtest/", rules.Backtest.as_view()),
    path("analytics/", analytics.Reports.as_view()),
    path("analytics/<slug:code>/", analytics.Report.as_view()),
    path("proposals/", decisions.Proposals.as_view()),
    path("freshness/", views.Freshness.as_view()),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", Docs.as_view(url_name="schema"), name="api-docs"),
]
