from django.urls import path

from web.review import acts, panel, queue

urlpatterns = [
    path("review/", queue.review, name="review"),
    path("review/confirm/", acts.confirm, name="review-confirm"),
    path("review/<int:pk>/", panel.review_finding, name="review-finding"),
    path("review/<int:pk>/ruling/", acts.rule, name="review-ruling"),
    path("review/<int:pk>/appeal/", acts.appeal, name="review-appeal"),
]
