from django.urls import path

from clients import views

urlpatterns = [
    path("couples/new/", views.couple_new, name="couple_new"),
    path("couples/<uuid:couple_id>/", views.couple, name="couple"),
    path("partners/<uuid:partner_id>/", views.partner, name="partner"),
]
