"""An OAuth 2 server of Authlib: authorization code with PKCE, and a page of its own that shows a person.

Usage: python authlib_server.py PORT. Environment: PUBLIC_URL of the broker, CLIENT_ID, CLIENT_SECRET, PASSWORD.
"""

import logging
import os
import secrets
import sys
import time
from dataclasses import dataclass, field

# The library refuses plain http, and on loopback there is nothing else.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import Flask, jsonify, render_template_string, request

PORT = int(sys.argv[1])
PASSWORD = os.environ["PASSWORD"]
PEOPLE = {
    "caio": {"id": 7001, "email": "caio@oficina.example", "email_verified": True, "name": "Caio Suposto"},
    "lia": {"id": 7002, "email": "lia@oficina.example", "email_verified": False, "name": "Lia Sem Prova"},
}

PAGE = """<!doctype html>
<html lang="pt-BR">
<title>Oficina</title>
<h1>Oficina</h1>
<form method="post">
  {% if wrong %}<p role="alert">Usuário ou senha não conferem.</p>{% endif %}
  <p><label>Usuário <input name="user" autocomplete="off"></label></p>
  <p><label>Senha <input name="password" type="password" autocomplete="off"></label></p>
  <p>{{ client }} pede: {{ scope }}</p>
  <p><button name="answer" value="yes">Permitir</button> <button name="answer" value="no">Recusar</button></p>
</form>
"""


class Client(ClientMixin):
    """The one client that is registered here."""

    client_id = os.environ["CLIENT_ID"]

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return os.environ["PUBLIC_URL"] + "/callback/authlib"

    def get_allowed_scope(self, scope):
        return " ".join(word for word in (scope or "").split() if word in ("profile", "email"))

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.get_default_redirect_uri()

    def check_client_secret(self, client_secret):
        return secrets.compare_digest(client_secret, os.environ["CLIENT_SECRET"])

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    code: str
    person: str
    scope: str
    redirect_uri: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


@dataclass
class Token(TokenMixin):
    person: str
    scope: str
    expires_in: int
    issued: float = field(default_factory=time.time)

    def check_client(self, client):
        return client.client_id == CLIENT.client_id

    def get_scope(self):
        return self.scope

    def get_expires_in(self):
        return self.expires_in

    def is_expired(self):
        return time.time() > self.issued + self.expires_in

    def is_revoked(self):
        return False


CLIENT = Client()
CODES = {}
TOKENS = {}


class CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def save_authorization_code(self, code, request):
        sent = request.payload.data
        CODES[code] = Code(
            code,
            request.user,
            request.scope,
            request.payload.redirect_uri,
            sent["code_challenge"],
            sent["code_challenge_method"],
        )

    def query_authorization_code(self, code, client):
        return CODES.get(code)

    def delete_authorization_code(self, authorization_code):
        CODES.pop(authorization_code.code, None)

    def authenticate_user(self, authorization_code):
        return authorization_code.person


class Bearer(BearerTokenValidator):
    def authenticate_token(self, token_string):
        return TOKENS.get(token_string)


def keep(token, request):
    TOKENS[token["access_token"]] = Token(request.user, token["scope"], token["expires_in"])


app = Flask(__name__)
server = AuthorizationServer(app, query_client=lambda name: CLIENT if name == CLIENT.client_id else None, save_token=keep)
server.register_grant(CodeGrant, [CodeChallenge(required=True)])
protected = ResourceProtector()
protected.register_token_validator(Bearer())


@app.route("/oauth/authorize", methods=["GET", "POST"])
def authorize():
    # The library asks for PKCE of public clients only.
    if request.args.get("code_challenge_method") != "S256":
        return "PKCE is missing", 400
    try:
        grant = server.get_consent_grant(end_user=None)
    except OAuth2Error as error:
        return server.handle_error_response(server.create_oauth2_request(request), error)
    answer, person = request.form.get("answer"), request.form.get("user")
    known = person in PEOPLE and secrets.compare_digest(request.form.get("password", ""), PASSWORD)
    if answer == "no":
        return server.create_authorization_response(grant=grant, grant_user=None)
    if answer == "yes" and known:
        return server.create_authorization_response(grant=grant, grant_user=person)
    return render_template_string(PAGE, wrong=answer is not None, client="Loja Exemplo", scope=grant.request.scope)


@app.post("/oauth/token")
def token():
    return server.create_token_response()


@app.get("/me")
@protected(["profile email"])
def me():
    return jsonify(PEOPLE[current_token.person])


@app.get("/")
def ready():
    return "ready"


logging.getLogger("werkzeug").setLevel(logging.ERROR)
app.run("127.0.0.1", PORT, threaded=True)
