"""Switches the REST interface of the authority on or off."""

import sys

import django

django.setup()

from django_ca.models import CertificateAuthority  # noqa: E402

CertificateAuthority.objects.update(api_enabled=sys.argv[1] == "on")
