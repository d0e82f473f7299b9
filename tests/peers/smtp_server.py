"""A mail server of aiosmtpd on loopback: it prints its port, and each mail that it takes, as one line of JSON.

Usage: python smtp_server.py [PORT] [--tls CERT KEY | --starttls CERT KEY] [--user USER --password PASSWORD] [--refuse].
"""

import argparse
import asyncio
import email
import email.policy
import hmac
import json
import logging
import ssl
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


# Its warnings are for servers that other machines reach.
warnings.simplefilter("ignore")
logging.getLogger("mail.log").setLevel(logging.ERROR)


def tell(what):
    print(json.dumps(what, ensure_ascii=False), flush=True)


def content(message, kind):
    part = message.get_body(preferencelist=(kind,))
    return part.get_content() if part else None


class Postbox:
    """Takes mail, or refuses whom it is for."""

    def __init__(self, refuse):
        self.refuse = refuse

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse:
            return f"451 4.3.0 <{address}>: try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        tell({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": str(message["Subject"]),
            "text": content(message, "plain"),
            "html": content(message, "html"),
            "headers": {name: str(value) for name, value in message.items()},
        })
        return "250 2.0.0 OK"


def settings():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", nargs="?", type=int, default=0)
    tls = parser.add_mutually_exclusive_group()
    tls.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    tls.add_argument("--starttls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--refuse", action="store_true")
    return parser.parse_args()


def context(files):
    if files is None:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*files)
    return made


async def main():
    given = settings()

    def authenticate(server, session, envelope, mechanism, data):
        fits = hmac.compare_digest(data.login, given.user.encode()) & hmac.compare_digest(data.password, given.password.encode())
        return AuthResult(success=fits, handled=fits)

    def made():
        return SMTP(
            Postbox(given.refuse),
            hostname="localhost",
            tls_context=context(given.starttls),
            require_starttls=given.starttls is not None,
            authenticator=authenticate,
            auth_required=given.user is not None,
            # TLS from the start is not known to the session, and on loopback plain is fine.
            auth_require_tls=given.starttls is not None,
        )

    listening = await asyncio.get_running_loop().create_server(made, "127.0.0.1", given.port, ssl=context(given.tls))
    tell({"port": listening.sockets[0].getsockname()[1]})
    await listening.serve_forever()


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
