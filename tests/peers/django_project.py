"""What the Django servers have in common: a project of one file behind Django's own login, its data in a folder that goes with the process.

Usage of each: python SERVER PORT. Environment: PUBLIC_URL of the broker, CLIENT_ID, CLIENT_SECRET, PASSWORD.
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
<title>TITLE</title>
<h1>TITLE</h1>
<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next" value="{{ next }}"><button>Entrar</button></form>
"""


def configure(title, apps, templates=(), **further):
    """Makes Django ready with these applications; models can be imported afterwards."""
    pages = {"registration/login.html": LOGIN_PAGE.replace("TITLE", title), **dict(templates)}
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(FOLDER.name, "people.db")}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", *apps],
        LANGUAGE_CODE="en",
        LOGIN_URL="/entrar",
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF="__main__",
        SECRET_KEY=secrets.token_urlsafe(32),
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                    ],
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", pages),
                        "django.template.loaders.app_directories.Loader",
                    ],
                },
            }
        ],
        USE_TZ=True,
        **further,
    )
    django.setup()


class Server(ThreadingMixIn, WSGIServer):
    # A browser opens connections in advance and sends nothing on them; one thread would wait for it.
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *message):
        pass


def serve(application):
    # The folder goes with the process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with make_server("127.0.0.1", PORT, application, Server, Quiet) as server:
        server.serve_forever()
