//! Whose id and whose address is read: of several people, and of things that have ids too.

use crate::support::STRICT;
use portaria::workbench::curl;
use portaria::workbench::learn::learn;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The file that is learnt from logins in which the provider says this of each person.
fn learnt(people: &[Value]) -> String {
    let mut lines = String::new();
    for (at, person) in people.iter().enumerate() {
        let (state, code, token) =
            (format!("St8x{at}kQ2wPz7LmN4v{at}Rt"), format!("Cd{at}zX9yW8vU7tS6rQ5p"), format!("At{at}mN3bV5cX7zL9kJ2hG4f"));
        let back = "https%3A%2F%2Flogin.loja.example%2Fcallback%2Facme";
        let date = |second: usize| format!("Date: Fri, 2 Jan 2026 03:0{at}:0{second} +0000");
        let json = "Content-Type: application/json";
        let (begins, said) = (date(5), json!({ "access_token": token, "token_type": "bearer", "expires_in": 3600 }));
        let (comes, swaps, asks) = (date(6), date(7), date(8));
        write!(
            lines,
            "curl -i 'https://sso.acme.example/authorize?response_type=code&client_id=loja-42-client&redirect_uri={back}&scope=profile&state={state}'\n\n\
             HTTP/1.1 302 Found\n{begins}\nLocation: https://login.loja.example/callback/acme?code={code}&state={state}\n\n\n\
             curl -i 'https://login.loja.example/callback/acme?code={code}&state={state}'\n\n\
             HTTP/1.1 303 See Other\n{comes}\nLocation: https://www.loja.example/\n\n\n\
             curl -i 'https://sso.acme.example/token' --data-raw 'grant_type=authorization_code&code={code}&redirect_uri={back}\
             &client_id=loja-42-client&client_secret=hush-x9k2w8q7z5'\n\nHTTP/1.1 200 OK\n{swaps}\n{json}\n\n{said}\n\n\
             curl -i 'https://api.acme.example/me' -H 'Authorization: Bearer {token}'\n\nHTTP/1.1 200 OK\n{asks}\n{json}\n\n{person}\n\n"
        )
        .expect("a text takes more");
    }
    let exchanges = curl::read(&lines).expect("curl lines");
    learn("acme", &exchanges, STRICT).map_or_else(|why| why.to_string(), |learned| learned.text)
}

/// How a fact is read, without the comment; empty if it is not.
fn read(file: &str, fact: &str) -> String {
    let word = format!("{fact}:");
    let line = file.lines().find_map(|line| line.trim_start().strip_prefix(&word));
    line.map_or_else(String::new, |line| line.split(" #").next().unwrap_or_default().trim().to_owned())
}

#[test]
fn what_people_share_never_stands_in_for_an_id_that_one_of_them_lacks() {
    for (own, shared) in [
        (json!({ "sub": "u-81723" }), json!({ "shop_id": "s-77" })),
        (json!({ "id": "u-81723" }), json!({ "company_id": "s-77" })),
        (json!({ "id": "u-81723" }), json!({ "team": { "id": "s-77" } })),
    ] {
        let person = |name: &str, parts: &[&Value]| {
            let mut all = json!({ "email": format!("{name}@loja.example"), "name": name });
            for part in parts {
                all.as_object_mut().expect("an object").extend(part.as_object().expect("an object").clone());
            }
            all
        };
        let file = learnt(&[person("ana", &[&own, &shared]), person("bo", &[&shared])]);

        let id = read(&file, "id");
        assert!(!id.contains('[') && !id.contains("_id") && !id.contains("team"), "{file}");
    }
}

#[test]
fn the_address_of_another_person_is_never_read() {
    let other = json!({ "email": "bo@loja.example", "email_verified": true, "name": "Bo" });
    for key in ["manager", "invited_by", "friend", "spouse"] {
        let file = learnt(&[json!({ "id": "u-81723", "name": "Ana Prova", key: other })]);
        assert_eq!(read(&file, "email"), "", "{file}");
    }
    let list = learnt(&[json!({ "id": "u-81723", "name": "Ana Prova", "friends": [other] })]);
    assert!(!list.contains("friends"), "{list}");
    let recovery = learnt(&[json!({ "id": "u-81723", "name": "Ana Prova", "recovery_email": "bo@loja.example", "email_verified": true })]);
    assert_eq!(read(&recovery, "email"), "", "{recovery}");

    let ana = json!({ "id": "u-81723", "email": "ana@loja.example", "email_verified": true, "name": "Ana" });
    let bo =
        json!({ "id": "u-99911", "email_verified": true, "name": "Bo", "manager": { "email": "chefe@loja.example", "name": "Chefe" } });
    assert_eq!(read(&learnt(&[ana, bo]), "email"), "$.email");
}

/// Where the claim may be of another address, the operator decides.
#[test]
fn a_claim_is_read_only_for_the_address_that_it_names() {
    let proven = |person: Value| !learnt(&[person]).contains("trustEmail: never");
    let person = |address: &str, claim: &str| json!({ "id": "u-81723", "name": "Ana Prova", address: "ana@loja.example", claim: true });

    for (address, claim) in [
        ("email", "email_verified"),
        ("mail", "mailVerified"),
        ("primary_email", "email_verified"),
        ("contact", "contact_verified"),
        ("correo", "correo_verificado"),
        ("user_email", "is_email_confirmed"),
    ] {
        assert!(proven(person(address, claim)), "{address} {claim}: {}", learnt(&[person(address, claim)]));
    }
    for (address, claim) in [
        ("contact", "email_verified"),
        ("login", "email_verified"),
        ("email", "email_verification_required"),
        ("email", "email_needs_verification"),
        ("email", "email_confirmation_sent"),
        ("email", "email_valid"),
        ("email", "verify"),
        ("email", "email_verified_pending"),
    ] {
        assert!(!proven(person(address, claim)), "{address} {claim}: {}", learnt(&[person(address, claim)]));
    }
    let household = json!({ "id": "u-81723", "name": "Ana", "household": { "email": "bo@loja.example", "email_verified": true } });
    assert!(!proven(household.clone()), "{}", learnt(&[household]));
}

#[test]
fn an_id_is_the_one_that_each_person_keeps_in_whatever_order_they_were_recorded() {
    let login = |id: &str, request: &str, name: &str| json!({ "id": id, "requestId": request, "email": format!("{name}@loja.example") });
    let (ana, again, bo) = (login("u-81723", "r-111", "ana"), login("u-81723", "r-222", "ana"), login("u-99911", "r-333", "bo"));

    for order in [[&ana, &again, &bo], [&ana, &bo, &again], [&bo, &ana, &again]] {
        let file = learnt(&order.map(Clone::clone));
        assert_eq!(read(&file, "id"), "$.id", "{file}");
    }
}

#[test]
fn an_id_that_names_something_else_is_left_to_the_operator() {
    for (person, never) in [
        (json!({ "organization": { "id": "o-1", "name": "Org" }, "login": "anal99", "email": "ana@loja.example" }), "organization"),
        (json!({ "inviterUserId": "p-1881", "handle": "anal99", "email": "ana@loja.example" }), "inviterUserId"),
        (json!({ "spouse_user_id": "p-1881", "customer_number": "99-1", "email": "ana@loja.example" }), "spouse_user_id"),
        (
            json!({ "accounts": [{ "id": "a-1" }, { "id": "a-2" }], "profile": { "login": "anal99", "email": "ana@loja.example" } }),
            "accounts",
        ),
        (json!({ "jsonrpc": "2.0", "id": 17, "result": { "user": 91_001, "email": "ana@loja.example" } }), "$.id"),
        (json!({ "valid": 600, "member": { "no": "M-31", "title": "Ana Prova", "email": "ana@loja.example" } }), "valid"),
    ] {
        let file = learnt(&[person]);
        assert!(!read(&file, "id").contains(never), "{file}");
    }
    let only = learnt(&[json!({ "shop_id": "s-77", "email": "ana@loja.example" })]);
    assert!(only.contains("decide whether it identifies a person") || read(&only, "id").is_empty(), "{only}");
}
