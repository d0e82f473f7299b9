//! The two ceremonies of passkeys, with an authenticator in software: honest ones, and everything that can be wrong with them.

use crate::software_authenticator::{
    BACKED_UP, BACKUP_ELIGIBLE, HAS_EXTENSIONS, KeyKind, PRESENT, SoftwareAuthenticator, VERIFIED, attestation_with, bytes, int, map, text,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::passkeys::ceremony::{
    AssertionAnswer, KnownPasskey, PasskeyUse, RegisteredPasskey, RegistrationAnswer, RelyingParty, assert, is_credential_id, register,
};
use portaria::passkeys::refusal::PasskeyRefusal;
use proptest::prelude::*;

const ORIGIN: &str = "https://login.loja.example";
const STORE: RelyingParty<'static> = RelyingParty { host: "login.loja.example", origin: ORIGIN };
const CHALLENGE: [u8; 32] = [3; 32];

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(CHALLENGE)
}

fn registers(of: &SoftwareAuthenticator) -> Result<RegisteredPasskey, PasskeyRefusal> {
    let client_data = of.client_data("webauthn.create", &challenge());
    register(STORE, &CHALLENGE, RegistrationAnswer { id: &of.id, client_data: &client_data, attestation: &of.attestation() })
}

/// A registration with this attestation object.
fn registers_with(of: &SoftwareAuthenticator, attestation: &[u8]) -> Result<RegisteredPasskey, PasskeyRefusal> {
    let client_data = of.client_data("webauthn.create", &challenge());
    register(STORE, &CHALLENGE, RegistrationAnswer { id: &of.id, client_data: &client_data, attestation })
}

fn asserts(of: &SoftwareAuthenticator, known: &RegisteredPasskey) -> Result<PasskeyUse, PasskeyRefusal> {
    asserts_with(of, known, &of.authenticator_data(None))
}

/// A use with this authenticator data, honestly signed.
fn asserts_with(of: &SoftwareAuthenticator, known: &RegisteredPasskey, data: &[u8]) -> Result<PasskeyUse, PasskeyRefusal> {
    let client_data = of.client_data("webauthn.get", &challenge());
    let signature = of.sign(data, &client_data);
    judged(known, &client_data, data, &signature)
}

fn judged(known: &RegisteredPasskey, client_data: &[u8], data: &[u8], signature: &[u8]) -> Result<PasskeyUse, PasskeyRefusal> {
    let known = KnownPasskey { key: &known.key, counter: known.counter, backup_eligible: known.backup_eligible };
    assert(STORE, &CHALLENGE, known, AssertionAnswer { client_data, authenticator_data: data, signature })
}

#[test]
fn a_passkey_of_each_algorithm_is_registered_and_used() {
    for kind in [KeyKind::Es256, KeyKind::EdDsa, KeyKind::Rs256] {
        let mut authenticator = SoftwareAuthenticator::new(kind, ORIGIN);

        let registered = registers(&authenticator).unwrap_or_else(|why| panic!("{kind:?}: {why}"));
        authenticator.counter = 5;
        let used = asserts(&authenticator, &registered);

        assert_eq!((&*registered.id, &*registered.key), (&*authenticator.id, &*authenticator.public_key()), "{kind:?}");
        assert_eq!((registered.aaguid, registered.counter), ([7; 16], 0));
        assert!(registered.backup_eligible && registered.backed_up);
        assert_eq!(used, Ok(PasskeyUse { counter: 5, backed_up: true }), "{kind:?}");
    }
}

#[test]
fn both_ceremonies_demand_the_host_the_person_and_a_backup_state_that_can_be() {
    let whole = PRESENT | VERIFIED | BACKUP_ELIGIBLE | BACKED_UP;
    for (host, flags, expected) in [
        ("login.loja.example", whole, None),
        ("login.loja.example", whole | 2 | 32, None),
        ("loja.example", whole, Some(PasskeyRefusal::WrongHost)),
        ("login.loja.example.", whole, Some(PasskeyRefusal::WrongHost)),
        ("login.loja.example", whole & !PRESENT, Some(PasskeyRefusal::NotPresent)),
        ("login.loja.example", whole & !VERIFIED, Some(PasskeyRefusal::NotVerified)),
        ("login.loja.example", PRESENT | VERIFIED | BACKED_UP, Some(PasskeyRefusal::WrongBackupState)),
        ("login.loja.example", whole | HAS_EXTENSIONS, Some(PasskeyRefusal::UnreadableAuthenticatorData)),
    ] {
        let mut authenticator = SoftwareAuthenticator::new(KeyKind::Es256, ORIGIN);
        let registered = registers(&authenticator).expect("it is honest so far");
        (authenticator.host, authenticator.flags) = (host.to_owned(), flags);

        assert_eq!(registers(&authenticator).err(), expected, "a registration for {host} with {flags:b}");
        assert_eq!(asserts(&authenticator, &registered).err(), expected, "a use for {host} with {flags:b}");
    }
}

#[test]
fn the_client_data_has_to_be_of_the_same_ceremony_challenge_and_origin() {
    let authenticator = SoftwareAuthenticator::new(KeyKind::Es256, ORIGIN);
    let (registered, data) = (registers(&authenticator).expect("it is honest"), authenticator.authenticator_data(None));
    let elsewhere = |origin: &str| SoftwareAuthenticator::new(KeyKind::Es256, origin);
    for (client_data, expected) in [
        (authenticator.client_data("webauthn.create", &challenge()), PasskeyRefusal::WrongCeremony),
        (authenticator.client_data("webauthn.get", &URL_SAFE_NO_PAD.encode([4; 32])), PasskeyRefusal::WrongChallenge),
        (elsewhere("https://loja.example").client_data("webauthn.get", &challenge()), PasskeyRefusal::WrongOrigin),
        (elsewhere("https://login.loja.example:444").client_data("webauthn.get", &challenge()), PasskeyRefusal::WrongOrigin),
        (b"{}".to_vec(), PasskeyRefusal::UnreadableClientData),
    ] {
        let signature = authenticator.sign(&data, &client_data);
        assert_eq!(judged(&registered, &client_data, &data, &signature), Err(expected));
    }
    let client_data = authenticator.client_data("webauthn.get", &challenge());
    let as_registration =
        RegistrationAnswer { id: &authenticator.id, client_data: &client_data, attestation: &authenticator.attestation() };
    assert_eq!(register(STORE, &CHALLENGE, as_registration), Err(PasskeyRefusal::WrongCeremony));
}

#[test]
fn a_counter_that_was_used_must_grow() {
    for (last, now, expected) in
        [(0, 0, true), (0, 1, true), (1, 2, true), (7, 7, false), (7, 6, false), (7, 0, false), (u32::MAX, 1, false)]
    {
        let mut authenticator = SoftwareAuthenticator::new(KeyKind::EdDsa, ORIGIN);
        authenticator.counter = last;
        let registered = registers(&authenticator).expect("it is honest");
        authenticator.counter = now;

        let used = asserts(&authenticator, &registered);

        assert_eq!(used.err(), (!expected).then_some(PasskeyRefusal::CounterWentBack), "{last} and then {now}");
    }
}

#[test]
fn whether_a_passkey_can_be_backed_up_never_changes() {
    let mut authenticator = SoftwareAuthenticator::new(KeyKind::Es256, ORIGIN);
    let registered = registers(&authenticator).expect("it is honest");

    authenticator.flags = PRESENT | VERIFIED | BACKUP_ELIGIBLE;
    assert_eq!(asserts(&authenticator, &registered).map(|used| used.backed_up), Ok(false), "it may leave the backup");
    authenticator.flags = PRESENT | VERIFIED;
    assert_eq!(asserts(&authenticator, &registered), Err(PasskeyRefusal::WrongBackupState));
}

#[test]
fn the_signature_has_to_be_of_this_key_and_of_exactly_this_data() {
    for kind in [KeyKind::Es256, KeyKind::EdDsa, KeyKind::Rs256] {
        let authenticator = SoftwareAuthenticator::new(kind, ORIGIN);
        let other = SoftwareAuthenticator::new(kind, ORIGIN);
        let registered = registers(&authenticator).expect("it is honest");
        let (client_data, data) = (authenticator.client_data("webauthn.get", &challenge()), authenticator.authenticator_data(None));
        let signature = authenticator.sign(&data, &client_data);
        let others = [
            other.sign(&data, &client_data),
            authenticator.sign(&data, b"{}"),
            [&signature[..], &[0]].concat(),
            signature[..signature.len() - 1].to_vec(),
            Vec::new(),
        ];

        assert!(judged(&registered, &client_data, &data, &signature).is_ok());
        for wrong in others {
            assert_eq!(judged(&registered, &client_data, &data, &wrong), Err(PasskeyRefusal::WrongSignature), "{kind:?}");
        }
    }
}

#[test]
fn a_use_holds_no_new_key_and_a_registration_holds_one() {
    let authenticator = SoftwareAuthenticator::new(KeyKind::Es256, ORIGIN);
    let registered = registers(&authenticator).expect("it is honest");
    let unreadable = PasskeyRefusal::UnreadableAuthenticatorData;

    assert_eq!(
        asserts_with(&authenticator, &registered, &authenticator.authenticator_data(Some(&authenticator.public_key()))),
        Err(unreadable)
    );
    assert_eq!(registers_with(&authenticator, &attestation_with(&authenticator.authenticator_data(None))), Err(unreadable));
    let with_more = [authenticator.authenticator_data(None), vec![0]].concat();
    assert_eq!(asserts_with(&authenticator, &registered, &with_more), Err(unreadable), "bytes behind the end");
}

#[test]
fn extensions_are_passed_over_if_they_are_a_map() {
    let mut authenticator = SoftwareAuthenticator::new(KeyKind::Es256, ORIGIN);
    let registered = registers(&authenticator).expect("it is honest");
    authenticator.flags |= HAS_EXTENSIONS;
    let with =
        |extensions: Vec<u8>| asserts_with(&authenticator, &registered, &[authenticator.authenticator_data(None), extensions].concat());

    assert!(with(map(&[(text("credProtect"), int(2))])).is_ok());
    for wrong in [vec![], int(1), map(&[(text("a"), int(1)), (text("a"), int(2))]), [map(&[]), int(0)].concat()] {
        assert_eq!(with(wrong.clone()), Err(PasskeyRefusal::UnreadableAuthenticatorData), "{wrong:x?}");
    }
}

#[test]
fn the_id_of_a_credential_is_the_same_everywhere_and_not_too_long() {
    let mut authenticator = SoftwareAuthenticator::new(KeyKind::Es256, ORIGIN);
    let (client_data, attestation) = (authenticator.client_data("webauthn.create", &challenge()), authenticator.attestation());
    let as_other = RegistrationAnswer { id: &[1; 32], client_data: &client_data, attestation: &attestation };

    assert_eq!(register(STORE, &CHALLENGE, as_other), Err(PasskeyRefusal::WrongCredential));
    for (length, is_fine) in [(0, false), (1, true), (1023, true), (1024, false)] {
        authenticator.id = vec![9; length];
        assert_eq!(registers(&authenticator).err(), (!is_fine).then_some(PasskeyRefusal::WrongCredential), "{length} bytes");
        assert_eq!(is_credential_id(&authenticator.id), is_fine);
    }
}

#[test]
fn a_public_key_has_the_parameters_of_its_algorithm_and_no_others() {
    let authenticator = SoftwareAuthenticator::new(KeyKind::Es256, ORIGIN);
    let key = authenticator.public_key();
    let (x, y) = (bytes(&key[10..42]), bytes(&key[45..77]));
    let es256 = |entries: &[(i64, Vec<u8>)]| map(&entries.iter().map(|(label, value)| (int(*label), value.clone())).collect::<Vec<_>>());
    let rsa = |modulus: Vec<u8>, exponent: &[u8]| es256(&[(1, int(3)), (3, int(-257)), (-1, bytes(&modulus)), (-2, bytes(exponent))]);
    let odd = |length: usize| [vec![0xc1; length - 1], vec![1]].concat();
    let cases = [
        ("as it is", es256(&[(1, int(2)), (3, int(-7)), (-1, int(1)), (-2, x.clone()), (-3, y.clone())]), true),
        ("another algorithm", es256(&[(1, int(2)), (3, int(-35)), (-1, int(1)), (-2, x.clone()), (-3, y.clone())]), false),
        ("another curve", es256(&[(1, int(2)), (3, int(-7)), (-1, int(2)), (-2, x.clone()), (-3, y.clone())]), false),
        ("another kind", es256(&[(1, int(1)), (3, int(-7)), (-1, int(1)), (-2, x.clone()), (-3, y.clone())]), false),
        ("a key id", es256(&[(1, int(2)), (2, bytes(b"x")), (3, int(-7)), (-1, int(1)), (-2, x.clone()), (-3, y.clone())]), false),
        ("x twice", es256(&[(1, int(2)), (3, int(-7)), (-1, int(1)), (-2, x.clone()), (-2, x.clone())]), false),
        ("without y", es256(&[(1, int(2)), (3, int(-7)), (-1, int(1)), (-2, x.clone())]), false),
        ("y as a sign", es256(&[(1, int(2)), (3, int(-7)), (-1, int(1)), (-2, x.clone()), (-3, vec![0xf5])]), false),
        ("a short x", es256(&[(1, int(2)), (3, int(-7)), (-1, int(1)), (-2, bytes(&[1; 31])), (-3, y.clone())]), false),
        ("a point beside the curve", es256(&[(1, int(2)), (3, int(-7)), (-1, int(1)), (-2, bytes(&[1; 32])), (-3, y)]), false),
        ("Ed25519 with a curve of ECDSA", es256(&[(1, int(1)), (3, int(-8)), (-1, int(1)), (-2, x)]), false),
        ("RSA of 2048 bits", rsa(odd(256), &[1, 0, 1]), true),
        ("RSA of 1024 bits", rsa(odd(128), &[1, 0, 1]), false),
        ("RSA with a leading zero", rsa([vec![0], odd(256)].concat(), &[1, 0, 1]), false),
        ("RSA with the exponent 3", rsa(odd(256), &[3]), false),
        ("nothing", map(&[]), false),
        ("no map", int(1), false),
    ];
    for (what, key, is_fine) in cases {
        let judged = registers_with(&authenticator, &attestation_with(&authenticator.authenticator_data(Some(&key))));
        assert_eq!(judged.err(), (!is_fine).then_some(PasskeyRefusal::UnusableKey), "{what}");
    }
}

#[test]
fn an_attestation_is_passed_over_whatever_its_format_if_it_is_well_formed() {
    let authenticator = SoftwareAuthenticator::new(KeyKind::Es256, ORIGIN);
    let data = authenticator.authenticator_data(Some(&authenticator.public_key()));
    let certificates = [vec![0x81], bytes(&[1; 300])].concat();
    let packed = map(&[(text("alg"), int(-7)), (text("sig"), bytes(&[2; 70])), (text("x5c"), certificates)]);
    let whole = |entries: &[(&str, Vec<u8>)]| map(&entries.iter().map(|(key, value)| (text(key), value.clone())).collect::<Vec<_>>());
    for (what, attestation, is_fine) in [
        ("packed", whole(&[("fmt", text("packed")), ("attStmt", packed.clone()), ("authData", bytes(&data))]), true),
        ("another order", whole(&[("authData", bytes(&data)), ("fmt", text("none")), ("attStmt", map(&[]))]), true),
        ("more behind it", [authenticator.attestation(), vec![0]].concat(), false),
        ("another member", whole(&[("fmt", text("none")), ("attStmt", map(&[])), ("authDate", bytes(&data))]), false),
        ("a member twice", whole(&[("fmt", text("none")), ("fmt", text("none")), ("authData", bytes(&data))]), false),
        ("two members", whole(&[("fmt", text("none")), ("authData", bytes(&data))]), false),
        ("a text as data", whole(&[("fmt", text("none")), ("attStmt", map(&[])), ("authData", text("x"))]), false),
        ("nothing", Vec::new(), false),
    ] {
        let judged = registers_with(&authenticator, &attestation);
        assert_eq!(judged.err(), (!is_fine).then_some(PasskeyRefusal::UnreadableAttestation), "{what}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever one byte is changed to, the signature no longer fits, or what counts is refused before.
    #[test]
    fn no_use_survives_a_changed_byte(at in 0_usize..400, by in 1_u8..=255, counter in 1_u32..1000) {
        let mut authenticator = SoftwareAuthenticator::new(KeyKind::EdDsa, ORIGIN);
        let registered = registers(&authenticator).expect("it is honest");
        authenticator.counter = counter;
        let (client_data, data) = (authenticator.client_data("webauthn.get", &challenge()), authenticator.authenticator_data(None));
        let signature = authenticator.sign(&data, &client_data);
        prop_assert!(judged(&registered, &client_data, &data, &signature).is_ok());

        let mut parts = [client_data, data, signature];
        let which = at % 3;
        let length = parts[which].len();
        parts[which][at % length] ^= by;

        let [client_data, data, signature] = parts;
        prop_assert!(judged(&registered, &client_data, &data, &signature).is_err());
    }

    /// A changed registration is refused, or its key is another one: the attestation protects nothing, but nothing is misread either.
    #[test]
    fn a_changed_registration_is_refused_or_registers_exactly_what_it_says(at in 0_usize..400, by in 1_u8..=255) {
        let authenticator = SoftwareAuthenticator::new(KeyKind::EdDsa, ORIGIN);
        let mut attestation = authenticator.attestation();
        let length = attestation.len();
        attestation[at % length] ^= by;

        if let Ok(registered) = registers_with(&authenticator, &attestation) {
            prop_assert_eq!(&*registered.id, &*authenticator.id);
            prop_assert!(attestation.windows(registered.key.len()).any(|part| part == &*registered.key));
        }
    }

    #[test]
    fn invented_bytes_are_never_accepted(attestation in prop::collection::vec(any::<u8>(), 0..300), data in prop::collection::vec(any::<u8>(), 0..100)) {
        let authenticator = SoftwareAuthenticator::new(KeyKind::EdDsa, ORIGIN);
        let registered = registers(&authenticator).expect("it is honest");
        prop_assert!(registers_with(&authenticator, &attestation).is_err());
        prop_assert!(judged(&registered, &data, &data, &data).is_err());
    }
}
