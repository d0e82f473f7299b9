"""Canaille with its own pages, its data in memory. It accepts a client by the one method that the client registered, and says of no address that it is verified.

Usage: python canaille_server.py PORT. Environment: PUBLIC_URL of the broker, CLIENT_ID, CLIENT_SECRET, PASSWORD.
"""

import datetime
import logging
import os
import secrets
import sys

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend

PORT = int(sys.argv[1])
PUBLIC_URL = os.environ["PUBLIC_URL"]

app = create_app(
    {
        "SECRET_KEY": secrets.token_urlsafe(32),
        "SERVER_NAME": f"127.0.0.1:{PORT}",
        "PREFERRED_URL_SCHEME": "http",
        "SESSION_COOKIE_SECURE": False,
        "CANAILLE": {"DATABASE": "memory", "NAME": "Biblioteca", "LOGGING": {"version": 1, "disable_existing_loggers": False}},
        "CANAILLE_OIDC": {},
    }
)
with app.app_context(), Backend.instance.session():
    Backend.instance.save(
        models.User(
            formatted_name="Iara Inventada",
            given_name="Iara",
            family_name="Inventada",
            user_name="iara",
            emails=["iara@biblioteca.example"],
            password=os.environ["PASSWORD"],
        )
    )
    client = models.Client(
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        client_id_issued_at=datetime.datetime.now(datetime.timezone.utc),
        client_name="Loja Exemplo",
        # A client of this machine would not be asked for consent.
        client_uri="https://www.loja.example",
        redirect_uris=[f"{PUBLIC_URL}/callback/canaille"],
        post_logout_redirect_uris=[f"{PUBLIC_URL}/login"],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope=["openid", "profile", "email"],
        token_endpoint_auth_method="client_secret_basic",
    )
    Backend.instance.save(client)
    client.audience = [client]
    Backend.instance.save(client)

logging.getLogger("werkzeug").setLevel(logging.ERROR)
app.run("127.0.0.1", PORT, threaded=True)
