from django.urls import path

from sessions import api, clock_views, write_up_views
from sessions.desk import views

urlpatterns = [
    path("clock/", clock_views.just_the_clock, name="just_the_clock"),
    path("clock/press/", clock_views.press, name="clock_press"),
    path("clock/keep/", clock_views.keep, name="clock_keep"),
    path("write-up/", write_up_views.write_up, name="write_up"),
    path("sessions/<uuid:session_id>/written/", write_up_views.written, name="written"),
    path("sessions/<uuid:session_id>/write-down/", write_up_views.write_down, name="write_down"),
    path("couples/<uuid:couple_id>/plan/", views.plan, name="plan"),
    path("sessions/<uuid:session_id>/desk/", views.desk, name="desk"),
    path("sessions/<uuid:session_id>/desk/fragment/", views.fragment, name="desk_fragment"),
    path("sessions/<uuid:session_id>/command/", views.command, name="command"),
    path("sessions/<uuid:session_id>/read/", views.read_through, name="read_through"),
    path("sessions/<uuid:session_id>/file/", views.file, name="session_file"),
    path("agreements/<uuid:agreement_id>/ritual/", views.agreement_ritual, name="agreement_ritual"),
    path("api/v1/sessions/<uuid:session_id>/commands", api.commands, name="api_commands"),
    path("api/v1/sessions/<uuid:session_id>/reading", api.reading, name="api_reading"),
]
