from django.urls import path

from web.account import everybody, views

urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/password/", views.password, name="own-password"),
    path("account/sessions/", views.end_sessions, name="end-sessions"),
    path("account/tokens/", views.make_token, name="make-token"),
    path("account/tokens/<int:pk>/revoke/", views.revoke_token, name="revoke-token"),
    path("account/factor/", views.factor, name="second-factor"),
    path("account/factor/codes/", views.new_codes, name="recovery-codes"),
    path("account/factor/off/", views.drop_factor, name="drop-factor"),
    path("access/", everybody.access, name="access"),
    path("access/demand/", everybody.demand, name="demand-factor"),
    path("access/tokens/<int:pk>/revoke/", everybody.revoke, name="revoke-any-token"),
    path("access/people/<int:pk>/factor/", everybody.reset_factor, name="reset-factor"),
    path("access/people/<int:pk>/sessions/", everybody.end_sessions, name="end-anybodys-sessions"),
]
