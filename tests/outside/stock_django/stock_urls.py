"""Its REST interface, and its revocation lists."""

from django.urls import include, path

urlpatterns = [path("", include("django_ca.urls"))]
