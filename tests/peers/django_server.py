"""django-oauth-toolkit, with its page to authorize. How it is used: django_project.py."""

import os

import django_project

django_project.configure(
    "Galeria",
    ["django.contrib.staticfiles", "oauth2_provider"],
    # The tables are made for one run; there is nothing to migrate, and no password worth a slow hash.
    MIGRATION_MODULES={"auth": None, "contenttypes": None, "sessions": None, "oauth2_provider": None},
    OAUTH2_PROVIDER={"SCOPES": {"perfil": "See who you are"}, "PKCE_REQUIRED": True},
    STATIC_URL="/static/",
)

from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import include, path
from oauth2_provider.decorators import protected_resource
from oauth2_provider.models import Application


@protected_resource(scopes=["perfil"])
def person(request):
    owner = request.resource_owner
    return JsonResponse(
        {
            "status": "ok",
            "pessoa": {
                "codigo": owner.pk,
                "contato": {"email": owner.email},
                "nome": owner.first_name,
                "sobrenome": owner.last_name,
            },
        }
    )


urlpatterns = [
    path("", lambda request: HttpResponse("ready")),
    path("entrar", LoginView.as_view()),
    path("api/pessoa", person),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]

call_command("migrate", run_syncdb=True, verbosity=0)
owner = User.objects.create_user(
    "dora", "dora@galeria.example", os.environ["PASSWORD"], first_name="Dora", last_name="Imaginária"
)
Application.objects.create(
    name="Loja Exemplo",
    user=owner,
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    client_type=Application.CLIENT_CONFIDENTIAL,
    authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
    redirect_uris=os.environ["PUBLIC_URL"] + "/callback/django",
)
django_project.serve(StaticFilesHandler(get_wsgi_application()))
