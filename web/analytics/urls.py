from django.urls import path

from web.analytics import views

urlpatterns = [
    path("", views.overview, name="analytics"),
    path("<slug:code>/", views.report, name="analytics-report"),
    path("<slug:code>/rows/", views.rows, name="analytics-rows"),
]
