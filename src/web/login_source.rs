//! Through what a person signs in, as the pages and the records of a login name it: a provider, a code by e-mail, or a passkey.

use crate::provider::email_code::EMAIL_CODE;
use crate::provider::passkey::PASSKEY;
use crate::stores::live::LiveProvider;
use std::sync::Arc;

/// The variant of the next version of a file.
const NEXT: &str = "next";

#[derive(Clone, Copy, Debug)]
pub(crate) struct LoginSource<'a> {
    /// What people read; empty for a code by e-mail and a passkey.
    pub(crate) title: &'a str,
    /// Its name in addresses, in the audit and in metrics.
    pub(crate) name: &'a str,
    /// The file that describes it, as stories name it.
    pub(crate) file: &'a str,
    /// The version of that file.
    pub(crate) version: &'a str,
    /// Which version of the file it is where two are in use, as the counts of logins name it.
    pub(crate) variant: &'a str,
}

impl LoginSource<'static> {
    pub(crate) const EMAIL_CODE: Self = Self { title: "", name: EMAIL_CODE, file: EMAIL_CODE, version: "", variant: "" };
    pub(crate) const PASSKEY: Self = Self { title: "", name: PASSKEY, file: PASSKEY, version: "", variant: "" };
}

impl<'a> From<&'a LiveProvider> for LoginSource<'a> {
    fn from(live_provider: &'a LiveProvider) -> Self {
        let provider = &*live_provider.provider;
        let (file, version) = (&provider.source.name, &live_provider.version);
        let variant = if provider.source.is_next_version() { NEXT } else { "" };
        Self { title: &provider.title, name: &provider.name, file, version, variant }
    }
}

impl<'a> From<&'a Arc<LiveProvider>> for LoginSource<'a> {
    fn from(live_provider: &'a Arc<LiveProvider>) -> Self {
        Self::from(&**live_provider)
    }
}

impl<'a> From<Option<&'a Arc<LiveProvider>>> for LoginSource<'a> {
    /// Without a provider it is the code by e-mail.
    fn from(live_provider: Option<&'a Arc<LiveProvider>>) -> Self {
        live_provider.map_or(LoginSource::EMAIL_CODE, Self::from)
    }
}
