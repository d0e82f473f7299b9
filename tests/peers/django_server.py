"""A Django project in one file: django-oauth-toolkit behind Django's own login, with its page to authorize.

Usage: python django_server.py PORT. Environment: PUBLIC_URL of the broker, CLIENT_ID, CLIENT_SECRET, PASSWORD.
"""

import os
import secrets
import signal
import sys
import tempfile
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

PORT = int(sys.argv[1])
FOLDER = tempfile.TemporaryDirectory()

LOGIN_PAGE = """<!doctype html>
<html lang="pt-BR">
<title>Galeria</title>
<h1>Galeria</h1>
<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next" value="{{ next }}"><button>Entrar</button></form>
"""

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(FOLDER.name, "galeria.db")}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
        "oauth2_provider",
    ],
    LANGUAGE_CODE="en",
    LOGIN_URL="/entrar",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    # The tables are made for one run; there is nothing to migrate, and no password worth a slow hash.
    MIGRATION_MODULES={"auth": None, "contenttypes": None, "sessions": None, "oauth2_provider": None},
    OAUTH2_PROVIDER={"SCOPES": {"perfil": "See who you are"}, "PKCE_REQUIRED": True},
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_urlsafe(32),
    STATIC_URL="/static/",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                ],
                "loaders": [
                    ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN_PAGE}),
                    "django.template.loaders.app_directories.Loader",
                ],
            },
        }
    ],
    USE_TZ=True,
)
django.setup()

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


class Server(ThreadingMixIn, WSGIServer):
    # A browser opens connections in advance and sends nothing on them; one thread would wait for it.
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *message):
        pass


# The folder goes with the process.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
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
with make_server("127.0.0.1", PORT, StaticFilesHandler(get_wsgi_application()), Server, Quiet) as server:
    server.serve_forever()
