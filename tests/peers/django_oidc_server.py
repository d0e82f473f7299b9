"""A Django project in one file: django-oidc-provider behind Django's own login. Its ID token names the person by `sub` alone.

Usage: python django_oidc_server.py PORT. Environment: PUBLIC_URL of the broker, CLIENT_ID, CLIENT_SECRET, PASSWORD.
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
<title>Museu</title>
<h1>Museu</h1>
<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next" value="{{ next }}"><button>Entrar</button></form>
"""
CONSENT_PAGE = """<!doctype html>
<html lang="pt-BR">
<title>Museu</title>
<h1>{{ client.name }}</h1>
<form method="post" action="{% url 'oidc_provider:authorize' %}">{% csrf_token %}{{ hidden_inputs }}
  <p><button type="submit" name="allow" value="Authorize">Autorizar</button> <button type="submit">Recusar</button></p>
</form>
"""
ERROR_PAGE = "<!doctype html><html lang='pt-BR'><title>Museu</title><h1>{{ error }}</h1><p>{{ description }}</p>"


def person(claims, user):
    return {**claims, "name": user.get_full_name(), "email": user.email, "email_verified": True}


settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(FOLDER.name, "museu.db")}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oidc_provider",
    ],
    LANGUAGE_CODE="en",
    LOGIN_URL="/entrar",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    OIDC_LOGIN_URL="/entrar",
    OIDC_USERINFO=f"{__name__}.person",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_urlsafe(32),
    SITE_URL=f"http://127.0.0.1:{PORT}",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                ],
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {
                            "registration/login.html": LOGIN_PAGE,
                            "oidc_provider/authorize.html": CONSENT_PAGE,
                            "oidc_provider/error.html": ERROR_PAGE,
                        },
                    ),
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
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import include, path
from oidc_provider.models import Client, ResponseType

urlpatterns = [
    path("pronto", lambda request: HttpResponse("ready")),
    path("entrar", LoginView.as_view()),
    path("", include("oidc_provider.urls", namespace="oidc_provider")),
]


class Server(ThreadingMixIn, WSGIServer):
    # A browser opens connections in advance and sends nothing on them; one thread would wait for it.
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *message):
        pass


# The folder goes with the process.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
call_command("migrate", verbosity=0)
call_command("creatersakey", verbosity=0, stdout=open(os.devnull, "w"))
User.objects.create_user("hugo", "hugo@museu.example", os.environ["PASSWORD"], first_name="Hugo", last_name="Fantasiado")
client = Client.objects.create(
    name="Loja Exemplo",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    jwt_alg="RS256",
    reuse_consent=False,
    _redirect_uris=os.environ["PUBLIC_URL"] + "/callback/django_oidc",
)
client.response_types.add(ResponseType.objects.get(value="code"))
with make_server("127.0.0.1", PORT, get_wsgi_application(), Server, Quiet) as server:
    server.serve_forever()
