//! A signature over parameters: made for those of a request (`sign`), or verified for those of a callback (`verify`).

mod algorithm;
mod fault;
mod signed_text;

use crate::provider::call::check_header_name;
use crate::provider::facts::Facts;
use crate::provider::functions::table::hmac_bytes;
use crate::provider::json_path::JsonPath;
use crate::provider::keys::{Algorithm, JwsSigningKey, JwsVerifyingKey, KeyError};
use crate::provider::parameters::ParameterPairs;
use crate::provider::parameters::check_no_paths;
use crate::provider::signature::algorithm::{SignatureAlgorithm, SignatureEncoding, SignatureKind};
pub(crate) use crate::provider::signature::fault::SignatureFault;
use crate::provider::signature::signed_text::SignedText;
use crate::provider::step_error::StepError;
use crate::provider::template::{FactUse, KeyTemplate, Template};
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::text::Text;
use crate::vocabulary::words::{OneOrMany, Reader};
use crate::{choice, words};
use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::Arc;

choice! {
    /// Which parameters are signed.
    pub(crate) enum SignedParameters {
        /// Those of the address.
        Query = "query",
        /// Those of the body.
        Form = "form",
    }
}

words! {
    /// A signature over parameters: those of this request (`sign`), or those of the callback (`verify`). The
    /// parameters are sorted by name, and empty ones are skipped. Their values are signed raw, without
    /// percent-encoding. A `json` or `text` body is not signed, only the parameters of the address beside it.
    pub(crate) struct ParameterSignatureSpec ("signature") {
        /// The name of the parameter that holds the signature. In a request it is the last parameter.
        /// Default: none; `into` or `intoHeader` is required
        /// Example: `into: sign`
        into: Option<Located<String>> = "into",
        /// Which parameters are signed: those of the address (`query`) or those of the body (`form`). A callback
        /// has only one kind.
        /// Default: `form` when the request has a form, otherwise `query`
        /// Example: `over: form`
        over: Option<SignedParameters> = "over",
        /// Parameters that are not signed, in addition to the signature itself.
        /// Default: none
        /// Example: `except: [ access_token ]`
        except: Option<OneOrMany<Located<String>>> = "except",
        /// The text between the name and the value of a parameter.
        /// Default: `=`
        /// Example: `pair: ""`
        pair: Option<Located<String>> = "pair",
        /// The text between two parameters.
        /// Default: `&`
        /// Example: `join: ""`
        join: Option<Located<String>> = "join",
        /// The text that is signed before the parameters. Its holes are facts that are known before the request, or
        /// before the callback; a path cannot stand here.
        /// Default: none
        /// Example: `before: ${clientSecret}`
        before: Option<Template> = "before",
        /// The text that is signed after the parameters, written like `before`.
        /// Default: none
        /// Example: `after: "${accessToken | append clientSecret | md5 | hex}"`
        after: Option<Template> = "after",
        /// The whole text that is signed, in place of the sorted parameters and what stands around them. Under
        /// `verify`, `${$.NAME}` is a parameter of the callback as it came; of all parameters only these are then
        /// signed, and only these can be read.
        /// Default: the parameters
        /// Example: `text: "${$.payload}"`
        text: Option<Template> = "text",
        /// The algorithm of the signature.
        /// Example: `algorithm: hmacSha256`
        algorithm: SignatureAlgorithm = "algorithm",
        /// The key: a secret for `hmacSha1`, `hmacSha256` and `hmacSha512`, or a PEM for `rsaSha256` (or its base64 without the header and
        /// footer lines).
        /// Default: none; `md5`, `sha1` and `sha256` need no key
        /// Example: `key: ${clientSecret}`
        key: Option<KeyTemplate> = "key",
        /// The encoding of the signature.
        /// Default: `hex`, and `base64` for `rsaSha256`
        /// Example: `encoding: base64`
        encoding: Option<SignatureEncoding> = "encoding",
        /// The name of the header that holds the signature of a request that portaria itself sends.
        /// Default: none; the signature is a parameter
        /// Example: `intoHeader: X-Signature`
        into_header: Option<Located<String>> = "intoHeader",
    }
}

/// What holds the signature.
#[derive(Clone, Debug)]
pub(crate) enum SignatureTarget {
    Parameter(Box<str>),
    Header(Located<String>),
}

#[derive(Clone, Debug)]
pub(crate) struct ParameterSignature {
    pub(crate) place: Place,
    /// What holds the signature.
    pub(crate) into: SignatureTarget,
    /// Which parameters are signed.
    pub(crate) over: SignedParameters,
    text: SignedText,
    algorithm: SignatureAlgorithm,
    key: Option<Template>,
    encoding: SignatureEncoding,
}

/// What holds the signature, or a complaint.
fn signature_target(
    into: Option<Located<String>>,
    into_header: Option<Located<String>>,
    place: Place,
    reader: &mut Reader,
) -> Option<SignatureTarget> {
    match (into, into_header) {
        (Some(into), None) => Some(SignatureTarget::Parameter(into.value.into())),
        (None, Some(header)) => {
            check_header_name(&header, header.place, reader);
            Some(SignatureTarget::Header(header))
        }
        (Some(_), Some(header)) => {
            reader.complain(header.place, "this signature has both `into` and `intoHeader`", "keep one of the two");
            None
        }
        (None, None) if reader.has_unknown_words(place) || reader.is_unusable_word(place, "into") => None,
        (None, None) => {
            let help = "add `into: …`, the name of a parameter, or `intoHeader: …`, the name of a header";
            reader.complain(place, "this signature does not say where it stands in the request", help);
            None
        }
    }
}

impl ParameterSignature {
    /// Whether this parameter holds the signature.
    pub(crate) fn is_parameter(&self, name: &str) -> bool {
        matches!(&self.into, SignatureTarget::Parameter(into) if **into == *name)
    }

    /// The header that holds the signature, if one does.
    pub(crate) fn header(&self) -> Option<&Located<String>> {
        match &self.into {
            SignatureTarget::Header(name) => Some(name),
            SignatureTarget::Parameter(_) => None,
        }
    }

    /// Compiles the signature of a request, or complains. `usual` is what is signed without `over`.
    pub(crate) fn compile(spec: ParameterSignatureSpec, usual: SignedParameters, reader: &mut Reader) -> Option<Self> {
        let signature = Self::compile_any(spec, usual, reader)?;
        check_no_paths(signature.written_text(), reader);
        Some(signature)
    }

    /// Compiles the signature that a callback must carry, or complains.
    pub(crate) fn compile_expected(spec: ParameterSignatureSpec, reader: &mut Reader) -> Option<Self> {
        Self::compile_any(spec, SignedParameters::Query, reader)
    }

    fn compile_any(mut spec: ParameterSignatureSpec, usual: SignedParameters, reader: &mut Reader) -> Option<Self> {
        let text = SignedText::compile(&mut spec, reader);
        let kind = spec.algorithm.kind();
        let wants_key = !matches!(kind, SignatureKind::Digest(_));
        let into = signature_target(spec.into, spec.into_header, spec.place, reader)?;
        match &spec.key {
            None if wants_key => {
                reader.complain_missing(
                    spec.place,
                    format!("`{}` needs a key", spec.algorithm.word()),
                    "add `key: ${clientSecret}` or another secret",
                );
                return None;
            }
            Some(key) if !wants_key => {
                reader.complain(
                    key.0.place,
                    format!("`{}` takes no key", spec.algorithm.word()),
                    "put the secret into the text with `before` or `after`, or use `hmacSha256`",
                );
                return None;
            }
            Some(key) if key.0.is_literal() && (matches!(kind, SignatureKind::Hmac(_)) || key.0.source.contains("PRIVATE KEY")) => {
                reader.complain(key.0.place, "a secret may not stand in the file", "keep it in `secrets` and write `key: ${name}`");
                return None;
            }
            _ => {}
        }
        let default = if spec.algorithm == SignatureAlgorithm::RsaSha256 { SignatureEncoding::Base64 } else { SignatureEncoding::Hex };
        Some(Self {
            place: spec.place,
            into,
            over: spec.over.unwrap_or(usual),
            text,
            algorithm: spec.algorithm,
            key: spec.key.map(|key| key.0),
            encoding: spec.encoding.unwrap_or(default),
        })
    }

    /// The text that is signed.
    pub(crate) fn signing_input(&self, pairs: &ParameterPairs<'_>, facts: &Facts) -> Result<Text, StepError> {
        self.text.fill(pairs, |name| self.is_parameter(name), facts).map_err(StepError::missing_fact)
    }

    pub(crate) fn sign(&self, pairs: &ParameterPairs<'_>, facts: &Facts) -> Result<Text, StepError> {
        let label: Arc<str> = Arc::from("signature");
        if facts.is_preview() {
            return Ok(Text::secret("x", &label));
        }
        let text = self.signing_input(pairs, facts)?;
        let key = self.key(facts)?;
        let bytes = match self.algorithm.kind() {
            SignatureKind::Rsa => {
                let bad = |KeyError(why)| StepError::Key { why, place: self.key_place() };
                JwsSigningKey::read(&key, Algorithm::Rs256).map_err(bad)?.sign(text.expose().as_bytes()).map_err(bad)?
            }
            SignatureKind::Digest(digest) => digest(text.expose().as_bytes()),
            SignatureKind::Hmac(algorithm) => hmac_bytes(algorithm, &key, text.expose().as_bytes()),
        };
        Ok(Text::secret(self.encoding.encode(&bytes), &label))
    }

    /// Whether the parameters of a callback carry the correct signature.
    pub(crate) fn verify(&self, pairs: &ParameterPairs<'_>, facts: &Facts) -> Result<(), StepError> {
        let bad = |fault| StepError::BadSignature { fault, place: self.place };
        let wrong = || bad(SignatureFault::Wrong);
        let arrived = pairs.iter().find(|(name, value)| self.is_parameter(name) && !value.is_empty());
        let arrived = arrived.map(|(_, value)| value.expose()).ok_or_else(|| bad(SignatureFault::Missing))?;
        if !self.text.splits_in_one_way(pairs) {
            return Err(bad(SignatureFault::Ambiguous));
        }
        let text = self.text.fill(pairs, |name| self.is_parameter(name), facts);
        let text = text.map_err(|missing| if missing.fact.is_some() { StepError::missing_fact(missing) } else { wrong() })?;
        let key = self.key(facts)?;
        let is_encoding_of = |bytes: &[u8]| {
            let expected = self.encoding.encode(bytes);
            let arrived = if self.encoding == SignatureEncoding::Hex { arrived.to_ascii_lowercase() } else { arrived.to_owned() };
            constant_time::verify_slices_are_equal(expected.as_bytes(), arrived.as_bytes()).is_ok()
        };
        let right = match self.algorithm.kind() {
            SignatureKind::Rsa => {
                let bad = |KeyError(why)| StepError::Key { why, place: self.key_place() };
                let signature = self.encoding.decode(arrived).ok_or_else(wrong)?;
                JwsVerifyingKey::read(&key, Algorithm::Rs256).map_err(bad)?.verifies(
                    text.expose().as_bytes(),
                    &URL_SAFE_NO_PAD.encode(signature),
                    Algorithm::Rs256,
                )
            }
            SignatureKind::Digest(digest) => is_encoding_of(&digest(text.expose().as_bytes())),
            SignatureKind::Hmac(algorithm) => is_encoding_of(&hmac_bytes(algorithm, &key, text.expose().as_bytes())),
        };
        if right { Ok(()) } else { Err(wrong()) }
    }

    fn key(&self, facts: &Facts) -> Result<Vec<u8>, StepError> {
        self.key.as_ref().map_or(Ok(Vec::new()), |key| key.fill_bytes(facts)).map_err(StepError::missing_fact)
    }

    fn key_place(&self) -> Place {
        self.key.as_ref().map_or(self.place, |key| key.place)
    }

    /// The text that `verify` verifies, as a pattern.
    pub(crate) fn callback_pattern(&self) -> String {
        let own = match &self.into {
            SignatureTarget::Parameter(into) => into,
            SignatureTarget::Header(name) => &*name.value,
        };
        self.text.pattern(own)
    }

    /// The text that the file writes in place of the parameters, if it does.
    pub(crate) fn written_text(&self) -> Option<&Template> {
        match &self.text {
            SignedText::Written(text) => Some(text),
            SignedText::Parameters(_) => None,
        }
    }

    /// Whether the signed text can be split into parameters in one way only.
    pub(crate) fn is_unambiguous(&self) -> bool {
        self.text.is_unambiguous()
    }

    /// Whether the signature covers all that this path can find in a callback. Nothing is wrong with reading the signature itself.
    pub(crate) fn covers(&self, path: &JsonPath) -> bool {
        path.sole_key().is_some_and(|name| self.is_parameter(name)) || self.text.covers(path)
    }

    /// The algorithm and the encoding, as words of the file.
    pub(crate) fn algorithm_and_encoding(&self) -> (&'static str, &'static str) {
        (self.algorithm.word(), self.encoding.word())
    }

    /// Every use of a fact. No fact can be found again from the signature.
    pub(crate) fn uses(&self) -> Vec<FactUse> {
        let templates = self.text.templates().into_iter().chain(&self.key);
        templates.flat_map(Template::uses).map(|used| FactUse { whole: false, ..used }).collect()
    }

    /// The key, and whether it is an RSA key: a private one in `sign`, a public one in `verify`.
    pub(crate) fn key_template(&self) -> Option<(&Template, bool)> {
        self.key.as_ref().map(|key| (key, self.algorithm == SignatureAlgorithm::RsaSha256))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::Source;
    use crate::vocabulary::words::WordValue;
    use crate::vocabulary::yaml;
    use std::borrow::Cow;

    fn signature(text: &str) -> (ParameterSignature, Facts) {
        let mut reader = Reader::default();
        let node = yaml::parse(&Source::new("s.yaml", text)).unwrap().0;
        let spec = ParameterSignatureSpec::read(&node, &mut reader).unwrap();
        let signature = ParameterSignature::compile(spec, SignedParameters::Query, &mut reader).unwrap();
        let mut facts = Facts::empty(&reader.names);
        for (name, value) in [("clientSecret", "hush"), ("accessToken", "at-1")] {
            facts.set(reader.names.intern(name), Text::secret(value, &Arc::from(name)));
        }
        (signature, facts)
    }

    fn pairs<'a>(list: &[(&'a str, &'a str)]) -> ParameterPairs<'a> {
        list.iter().map(|(name, value)| (Cow::Borrowed(*name), Cow::Owned(Text::plain(*value)))).collect()
    }

    #[test]
    fn parameters_are_sorted_raw_and_without_the_empty_ones() {
        for (text, expected) in [
            ("{ into: sig, algorithm: md5 }", "a=1 &b=é&z="),
            ("{ into: sig, algorithm: md5, pair: \"\", join: \"\", except: z2, before: \"<\", after: \">\" }", "<a1 bé>"),
            ("{ into: sig, algorithm: sha256, after: \"${accessToken | append clientSecret}\", except: [ a, z2 ] }", "b=éat-1hush"),
        ] {
            let (signature, facts) = signature(text);
            let list = pairs(&[("b", "é"), ("a", "1 "), ("e", ""), ("sig", "x"), ("z2", "")]);
            let list = if expected.contains("z=") { list.into_iter().chain(pairs(&[("z", "")])).collect() } else { list };
            let text = signature.signing_input(&list, &facts).unwrap();
            assert_eq!(text.expose(), expected.replace("&z=", ""), "{text:?}");
        }
    }

    #[test]
    fn what_was_signed_is_verified_and_what_was_changed_is_not() {
        for text in [
            "{ into: hmac, algorithm: hmacSha256, key: \"${clientSecret}\" }",
            "{ into: hmac, algorithm: hmacSha256, key: \"${clientSecret | sha256}\", join: \"\\n\", encoding: base64 }",
            "{ into: hmac, algorithm: hmacSha1, key: \"${clientSecret}\" }",
            "{ into: hmac, algorithm: hmacSha512, key: \"${clientSecret}\", encoding: base64url }",
            "{ into: hmac, algorithm: sha1, before: \"${clientSecret}\", encoding: hexUpper }",
        ] {
            let (signature, facts) = signature(text);
            let mut list = pairs(&[("shop", "quist"), ("code", "c-1")]);
            let made = signature.sign(&list, &facts).unwrap();
            assert_eq!(made.masked(), "‹signature›");

            list.push(("hmac".into(), Cow::Owned(made)));
            assert!(signature.verify(&list, &facts).is_ok(), "{text}");
            list[0].1 = Cow::Owned(Text::plain("other"));
            assert!(signature.verify(&list, &facts).is_err(), "{text}");
            list.pop();
            assert!(signature.verify(&list, &facts).is_err(), "{text}");
        }
    }

    #[test]
    fn a_mark_of_several_letters_is_not_shared_by_two_parameters() {
        let (signature, facts) = signature("{ into: hmac, algorithm: hmacSha256, key: \"${clientSecret}\", join: \"||\" }");
        let made = |list: &[(&str, &str)]| signature.sign(&pairs(list), &facts).unwrap();
        let hmac = made(&[("id", "7|"), ("next", "x")]);
        assert!(hmac.is_same_as(&made(&[("id", "7"), ("|next", "x")])), "the same text is signed");

        let mut moved = pairs(&[("id", "7"), ("|next", "x")]);
        moved.push(("hmac".into(), Cow::Owned(hmac)));
        assert!(signature.verify(&moved, &facts).is_err());
    }
}
