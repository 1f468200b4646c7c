"""Makes the database, a root, and a user who may sign and revoke."""

import os
from pathlib import Path

import django
from django.core.management import call_command

django.setup()
call_command("migrate", verbosity=0)
call_command("init_ca", "Stock", "C=KR,O=stock,CN=Stock root")

from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.models import Permission  # noqa: E402
from django_ca.models import CertificateAuthority  # noqa: E402

MAY = ["sign_certificate", "view_certificate", "revoke_certificate", "view_certificateauthority"]
user = get_user_model().objects.create_user(os.environ["STOCK_USER"], password=os.environ["STOCK_PASSWORD"])
user.user_permissions.add(*Permission.objects.filter(codename__in=MAY))
authority = CertificateAuthority.objects.get()
authority.api_enabled = True
authority.save()
folder = Path(os.environ["STOCK_FOLDER"])
(folder / "serial").write_text(authority.serial)
(folder / "root.pem").write_text(authority.pub.pem)
