from django.urls import path

from sessions import api, views

urlpatterns = [
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
