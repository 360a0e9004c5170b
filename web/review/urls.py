from django.urls import path

from web.review import acts, panel, quality, queue, samples

urlpatterns = [
    path("review/", queue.review, name="review"),
    path("review/confirm/", acts.confirm, name="review-confirm"),
    path("review/samples/", samples.samples, name="review-samples"),
    path("review/samples/<int:pk>/", samples.sample, name="review-sample"),
    path("review/sampled/<int:pk>/", samples.sampled, name="review-sampled"),
    path("review/quality/", quality.quality, name="review-quality"),
    path("review/reviewers/", samples.reviewers, name="review-reviewers"),
    path("review/<int:pk>/", panel.review_finding, name="review-finding"),
    path("review/<int:pk>/ruling/", acts.rule, name="review-ruling"),
    path("review/<int:pk>/appeal/", acts.appeal, name="review-appeal"),
]
