from django.urls import path

from web.reports import views

urlpatterns = [
    path("reports/", views.reports, name="reports"),
    path("reports/<int:number>/", views.report, name="report"),
    path("reports/<int:number>/pdf/", views.report_pdf, name="report-pdf"),
    path("reports/<int:number>/picture/", views.picture, name="report-picture"),
]
