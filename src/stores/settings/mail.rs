//! The block `mail` of the settings: how mail is sent.

use crate::provider::value_reference::SecretReference;
use crate::vocabulary::place::Located;
use crate::words;

words! {
    /// How mail is sent.
    pub(crate) struct MailSpec ("mail block") {
        /// The mail server: `smtps://` (TLS from the start) or `smtp://` (TLS by STARTTLS, which only a server on
        /// loopback may lack), the host and the port.
        /// Example: `smtp: smtps://mail.loja.example:465`
        smtp: Located<String> = "smtp",
        /// Where the user name at the mail server is kept. User and password are set both or neither.
        /// Default: none
        /// Example: `user: env:SMTP_USER`
        user: Option<SecretReference> = "user",
        /// Where the password at the mail server is kept.
        /// Default: none
        /// Example: `password: env:SMTP_PASSWORD`
        password: Option<SecretReference> = "password",
        /// The sender: an address, or a name with the address in `<…>`.
        /// Example: `from: Loja Exemplo <nao-responda@loja.example>`
        from: Located<String> = "from",
    }
}

impl MailSpec {
    /// Where its secrets are kept.
    pub(crate) fn secret_references(&self) -> impl Iterator<Item = &SecretReference> {
        self.user.iter().chain(&self.password)
    }
}
