from django.urls import path

from web.pay import closing, conditions, exports, objecting, payouts, stake, views

urlpatterns = [
    path("my/", views.my_month, name="my-month"),
    path("my/conditions/", conditions.conditions, name="my-conditions"),
    path("my/next/", stake.next_actions, name="my-next"),
    path("my/stake/", stake.stake, name="my-stake"),
    path("my/close/", closing.close, name="close-month"),
    path("my/waive/", closing.waive, name="waive-sales"),
    path("my/include/", closing.include, name="include-manager"),
    path("my/correct/<int:pk>/", closing.correct, name="correct-statement"),
    path("my/sign/<int:pk>/", objecting.sign, name="sign-statement"),
    path("my/object/<int:pk>/", objecting.object_to, name="object-to-line"),
    path("my/answer/<int:pk>/", objecting.answer, name="answer-objection"),
    path("my/payouts/", payouts.payouts, name="payouts"),
    path("my/payroll/", exports.payroll, name="payroll"),
    path("my/<int:pk>/sheet/", exports.sheet, name="statement-sheet"),
    path("my/<int:pk>/file/", exports.statement, name="statement-file"),
]
