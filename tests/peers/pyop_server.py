"""An OpenID Connect provider of pyop: the ID token names the person by `sub` alone, and clients show themselves by basic authentication.

Usage: python pyop_server.py PORT. Environment: PUBLIC_URL of the broker, CLIENT_ID, CLIENT_SECRET, PASSWORD.
"""

import logging
import os
import secrets
import sys

from Cryptodome.PublicKey import RSA
from flask import Flask, jsonify, redirect, render_template_string, request
from jwkest.jwk import RSAKey
from oic.oic.message import ProviderConfigurationResponse
from pyop.authz_state import AuthorizationState
from pyop.exceptions import InvalidClientAuthentication, OAuthError
from pyop.provider import Provider
from pyop.subject_identifier import HashBasedSubjectIdentifierFactory
from pyop.userinfo import Userinfo

PORT = int(sys.argv[1])
ADDRESS = f"http://127.0.0.1:{PORT}"
PASSWORD = os.environ["PASSWORD"]
PEOPLE = {
    "gil": {"email": "gil@praia.example", "email_verified": True, "name": "Gil Imaginado"},
}

PAGE = """<!doctype html>
<html lang="pt-BR">
<title>Praia</title>
<h1>Praia</h1>
<form method="post">
  <p><label>Usuário <input name="user" autocomplete="off"></label></p>
  <p><label>Senha <input name="password" type="password" autocomplete="off"></label></p>
  <p><button name="answer" value="yes">Permitir</button> <button name="answer" value="no">Recusar</button></p>
</form>
"""

# The library refuses plain http, and on loopback there is nothing else.
ProviderConfigurationResponse.verify = lambda self, **_: True

provider = Provider(
    RSAKey(key=RSA.generate(2048), kid="one", use="sig", alg="RS256"),
    {
        "issuer": ADDRESS,
        "authorization_endpoint": f"{ADDRESS}/authorize",
        "token_endpoint": f"{ADDRESS}/token",
        "userinfo_endpoint": f"{ADDRESS}/userinfo",
        "jwks_uri": f"{ADDRESS}/jwks",
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "email", "profile"],
        "subject_types_supported": ["public"],
    },
    AuthorizationState(HashBasedSubjectIdentifierFactory(secrets.token_hex(16))),
    {
        os.environ["CLIENT_ID"]: {
            "client_secret": os.environ["CLIENT_SECRET"],
            "redirect_uris": [os.environ["PUBLIC_URL"] + "/callback/pyop"],
            "response_types": ["code"],
        }
    },
    Userinfo(PEOPLE),
)

app = Flask(__name__)


@app.get("/.well-known/openid-configuration")
def configuration():
    return jsonify(provider.provider_configuration.to_dict())


@app.get("/jwks")
def jwks():
    return jsonify(provider.jwks)


@app.route("/authorize", methods=["GET", "POST"])
def authorize():
    asked = provider.parse_authentication_request(request.query_string.decode())
    answer, person = request.form.get("answer"), request.form.get("user")
    if answer == "no":
        return redirect(f"{asked['redirect_uri']}?error=access_denied&state={asked['state']}")
    if answer == "yes" and person in PEOPLE and secrets.compare_digest(request.form.get("password", ""), PASSWORD):
        return redirect(provider.authorize(asked, person).request(asked["redirect_uri"]))
    return render_template_string(PAGE)


@app.post("/token")
def token():
    try:
        return jsonify(provider.handle_token_request(request.get_data(as_text=True), request.headers).to_dict())
    except InvalidClientAuthentication as error:
        return jsonify(error="invalid_client", error_description=str(error)), 401
    except OAuthError as error:
        return jsonify(error=error.oauth_error, error_description=str(error)), 400


@app.get("/userinfo")
def userinfo():
    return jsonify(provider.handle_userinfo_request(request.query_string.decode(), request.headers).to_dict())


logging.getLogger("werkzeug").setLevel(logging.ERROR)
app.run("127.0.0.1", PORT, threaded=True)
