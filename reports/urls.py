"""The doors to papers."""

from django.urls import path

from reports import views

urlpatterns = [
    path("documents/", views.documents_page, name="documents"),
    path("documents/<uuid:document_id>.pdf", views.document, name="document"),
    path("papers/", views.starting_papers, name="starting_papers"),
    path("papers/<slug:slug>/", views.starting_paper, name="starting_paper"),
    path("sessions/<uuid:session_id>/sheet/", views.door_sheet, name="door_sheet"),
    path("sessions/<uuid:session_id>/read/<uuid:partner_id>/", views.read_with, name="read_with"),
    path("sessions/<uuid:session_id>/parting/", views.parting, name="parting"),
    path("sessions/<uuid:session_id>/documents/", views.documents_prepare, name="documents_prepare"),
]
