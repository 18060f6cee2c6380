from django.urls import path

from clients import views

urlpatterns = [
    path("couples/new/", views.couple_new, name="couple_new"),
]
