"""Addresses of sessions: planning, desk, just the clock, write-up, and the API."""

from django.urls import path

from sessions import api
from sessions.afterwards import views as afterwards
from sessions.clock_page import views as clock_page
from sessions.desk import views as desk
from sessions.plan_page import views as plan_page
from sessions.write_up import views as write_up

urlpatterns = [
    path("clock/", clock_page.just_the_clock, name="just_the_clock"),
    path("clock/press/", clock_page.press, name="clock_press"),
    path("clock/keep/", clock_page.keep, name="clock_keep"),
    path("write-up/", write_up.write_up, name="write_up"),
    path("sessions/<uuid:session_id>/written/", write_up.written, name="written"),
    path("sessions/<uuid:session_id>/write-down/", write_up.write_down, name="write_down"),
    path("couples/<uuid:couple_id>/plan/", plan_page.plan, name="plan"),
    path("sessions/<uuid:session_id>/desk/", desk.desk, name="desk"),
    path("sessions/<uuid:session_id>/desk/fragment/", desk.fragment, name="desk_fragment"),
    path("sessions/<uuid:session_id>/desk/more/", desk.more, name="desk_more"),
    path("sessions/<uuid:session_id>/command/", desk.command, name="command"),
    path("sessions/<uuid:session_id>/file/", afterwards.session_file, name="session_file"),
    path("agreements/<uuid:agreement_id>/ritual/", afterwards.agreement_ritual, name="agreement_ritual"),
    path("api/v1/sessions/<uuid:session_id>/commands", api.commands, name="api_commands"),
    path("api/v1/sessions/<uuid:session_id>/reading", api.reading, name="api_reading"),
]
