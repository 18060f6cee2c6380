"""Every door. A route without a row in tests/test_doors.py fails the build; the stream's door stands in asgi.py."""

from allauth.account import views as account
from allauth.account.decorators import reauthentication_required
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.urls import include, path

from facilitator import admin
from facilitator.door import mailing, pages, views
from facilitator.door.short_code import short_code
from facilitator.door.signin import with_password
from facilitator.door.today import today
from sessions.room import views as room

urlpatterns = [
    path("", views.home, name="home"),
    path("begin/", views.first_run, name="first_run"),
    path("begin/demo/", views.load_demo, name="load_demo"),
    path("example/", views.example, name="example"),
    path("health/", views.health, name="health"),
    path("settings/mail/", mailing.mail_settings, name="mail_settings"),
    path("settings/mail/test/", mailing.test_message, name="mail_test"),
    path("mailbox/", mailing.mailbox, name="mailbox"),
    path("sign-in/", account.login, name="account_login"),
    path("sign-out/", account.logout, name="account_logout"),
    path("sign-up/", account.signup, name="account_signup"),
    path("sign-in/again/", with_password(account.reauthenticate), name="account_reauthenticate"),
    path("sign-in/password/", with_password(account.password_change), name="account_change_password"),
    path("sign-in/second/", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/second/again/", with_password(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("settings/sign-in/", with_password(mfa.index), name="mfa_index"),
    path(
        "settings/sign-in/short-code/",
        with_password(reauthentication_required(short_code)),
        name="short_code",
    ),
    path("settings/sign-in/totp/", with_password(totp.activate_totp), name="mfa_activate_totp"),
    path("settings/sign-in/totp/off/", with_password(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path(
        "settings/sign-in/codes/", with_password(recovery.view_recovery_codes), name="mfa_view_recovery_codes"
    ),
    path(
        "settings/sign-in/codes/new/",
        with_password(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "settings/sign-in/codes/file/",
        with_password(recovery.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("turned/", room.turned_screen, name="turned"),
    path("turned/fragment/", room.turned_fragment, name="turned_fragment"),
    path("turned/answer/", room.turned_answer, name="turned_answer"),
    path("turned/back/", room.turned_back, name="turned_back"),
    path("sessions/<uuid:session_id>/turn/", room.turn, name="turn"),
    path("", include("clients.urls")),
    path("couples/<uuid:couple_id>/", pages.couple, name="couple"),
    path("couples/<uuid:couple_id>/today/", today, name="today"),
    path("partners/<uuid:partner_id>/", pages.partner, name="partner"),
    path("sessions/<uuid:session_id>/", pages.session, name="session"),
    path("", include("clients.rituals.urls")),
    path("", include("sessions.urls")),
    path("", include("reports.urls")),
    path("admin/", admin.site.urls),
]
