use crate::workbench::answers::vocabulary::*;

#[test]
fn every_word_is_written_as_keys_are_compared() {
    let meanings = VOCABULARY.meanings.values().flat_map(MeaningWords::all);
    let Vocabulary { email_parts, proof, others, things, records, passing, outcomes, not_personal, .. } = &*VOCABULARY;
    let lists = [email_parts, &proof.parts, others, things, records, passing, outcomes, not_personal];

    for word in meanings.chain(lists.into_iter().flatten()) {
        assert_eq!(*word, normalize_key(word));
    }
    assert_eq!(VOCABULARY.meanings.len(), FactMeaning::Other as usize);
}

#[test]
fn a_proof_of_another_kind_is_no_proof_of_an_address() {
    assert!(is_email_proof_key("email_verified") && is_email_proof_key("isConfirmed") && is_email_proof_key("correoVerificado"));
    assert!(!is_email_proof_key("is_unverified") && !is_email_proof_key("active") && !is_email_proof_key("primary"));
    for key in [
        "verified",
        "is_verified",
        "isverified",
        "verified_at",
        "verificado",
        "emailConfirmado",
        "e-mail_validated",
        "bestaetigt",
        "epost_bekreftet",
    ] {
        assert!(is_email_proof_key(key), "{key}");
    }
    for key in [
        "phone_verified",
        "phoneverified",
        "verifiedPhone",
        "verifiedphone",
        "identity_verified",
        "verified_account",
        "valid_until",
        "validto",
        "validad",
    ] {
        assert!(!is_email_proof_key(key), "{key}");
    }
    assert!(!is_email_proof_key("mailing_address_verified") && !is_email_proof_key("email_not_verified"));
}

#[test]
fn what_is_another_persons_is_known_by_its_key() {
    assert!(is_about_others("friends") && is_about_others("inviter") && !is_about_others("news"));
    assert!(is_about_others("recovery_email") && is_about_others("managerEmail") && !is_about_others("primary_email"));
    assert!(is_about_something_else("teams") && is_about_something_else("plan") && !is_about_something_else("profile"));
}

#[test]
fn what_no_person_is_known_by_is_told_from_an_id() {
    for key in ["id", "user_id", "uid", "sub", "openId", "unionId", "memberId", "customer_number", "actor_id", "profile_id", "UserID"] {
        assert!(is_key_of_person_id(key), "{key}");
    }
    for key in [
        "iat",
        "jti",
        "sid",
        "country",
        "account_id",
        "accountid",
        "tenantId",
        "corpId",
        "request_id",
        "created_at",
        "level",
        "result",
        "code",
        "connection_id",
        "room_id",
        "BusinessId",
        "idp_id",
        "AuthUserId",
        "login_id",
        "registrationMarketplaceId",
    ] {
        assert!(!is_key_of_person_id(key), "{key}");
    }
    for key in [
        "avatar",
        "nickname",
        "profile_url",
        "login_count",
        "expiresIn",
        "network",
        "etag",
        "status",
        "type",
        "AccountID",
        "appid",
        "org_id",
    ] {
        assert!(!is_key_of_person_id(key), "{key}");
    }
}

#[test]
fn the_words_of_an_id_say_which_one_it_is() {
    for (key, words) in [
        ("openID", &["open"][..]),
        ("union_id", &["union"]),
        ("openid", &["open"]),
        ("permanent_id", &["permanent"]),
        ("current_user_id", &["current"]),
        ("user_id", &[]),
        ("memberId", &[]),
        ("kundenid", &[]),
        ("sub", &[]),
        ("account_id", &["account"]),
    ] {
        assert_eq!(words_of_which_id(key), words, "{key}");
    }
    assert!(is_wrapper("payload_v2") && is_wrapper("userInfo") && is_wrapper("attributes") && !is_wrapper("raw_attributes"));
    assert!(!is_wrapper("campus") && !is_wrapper("accounts_linked") && !is_wrapper("identification"));
}

#[test]
fn an_id_of_a_thing_is_no_id_of_a_person() {
    for key in ["bot_id", "workspaceId", "client_id", "session_id", "requestId", "tenant_uuid"] {
        assert!(is_id_of_something_else(key), "{key}");
    }
    for key in ["id", "account_id", "user_id", "uuid", "profileId", "kundenId"] {
        assert!(!is_id_of_something_else(key), "{key}");
    }
}

#[test]
fn names_of_people_are_known_in_several_languages() {
    assert!(is_whole_name("nombre") && is_given_name("vorname", false) && is_family_name("nazwisko"));
    assert!(is_given_name("nome", true) && !is_given_name("nome", false));
    assert!(is_person_id("kundenid") && !is_person_id("clientid") && is_person_number("mitgliedsnummer"));
}
