"""django-oidc-provider. Its ID token names the person by `sub` alone. How it is used: django_project.py."""

import os

import django_project

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


django_project.configure(
    "Museu",
    ["oidc_provider"],
    {"oidc_provider/authorize.html": CONSENT_PAGE, "oidc_provider/error.html": ERROR_PAGE},
    OIDC_LOGIN_URL="/entrar",
    OIDC_USERINFO="__main__.person",
    SITE_URL=f"http://127.0.0.1:{django_project.PORT}",
)

from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path
from oidc_provider.models import Client, ResponseType

urlpatterns = [
    path("entrar", LoginView.as_view()),
    path("", include("oidc_provider.urls", namespace="oidc_provider")),
]

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
django_project.serve(get_wsgi_application())
