//! Passkeys (WebAuthn): what an authenticator sends is read strictly and judged. Pure: bytes in, verdict out.
//!
//! Only what a passkey of a store needs is here: credentials that the authenticator itself finds, with user verification, for the three
//! algorithms that authenticators have. An attestation is never trusted, so its statement is only skipped.

pub(crate) mod authenticator_data; // what the authenticator signs
pub(crate) mod cbor; //               a strict reader of the few shapes of CBOR that occur
pub mod ceremony; //                  the registration of a passkey, and its use
pub(crate) mod client_data; //        what the browser says of the request
pub(crate) mod public_key; //         the public key of a passkey
pub mod refusal; //                   why a passkey is refused
