//! Tokens of a simulation are handed in at the broker.

use crate::simulate::broker::{Broker, ask};
use serde_json::Value;

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

/// Takes tokens from the simulation of a provider: the JSON that `/exchange` takes.
async fn tokens(broker: &Broker, name: &str, query: &str) -> String {
    let given = ask("GET", &format!("{}/simulation/{name}/tokens?{query}", broker.url), &[], "").await;
    assert_eq!(given.status, 200, "{name} {query}: {given:?}");
    given.body
}

/// Hands them in; answers with the status and the error.
async fn hand_in(broker: &Broker, name: &str, body: &str) -> (u16, String) {
    let answer = ask("POST", &format!("{}/exchange/{name}", broker.url), &JSON, body).await;
    let json: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"));
    assert_eq!(json.get("token").is_some(), answer.status == 200, "{answer:?}");
    (answer.status, json["error"].as_str().unwrap_or_default().to_owned())
}

#[actix_web::test]
async fn tokens_of_a_simulated_person_are_exchanged_as_often_as_they_are_handed_in() {
    let broker = Broker::with(&["google", "discord", "twitch"]).await;
    for name in ["google", "discord", "twitch"] {
        let overview = ask("GET", &format!("{}/simulation/{name}/", broker.url), &[], "").await;
        assert!(overview.body.contains("Tokens to hand in at /exchange"), "{name}: {overview:?}");

        let given = tokens(&broker, name, "choice=story-1").await;
        let of_another = tokens(&broker, name, "choice=story-1&token=good").await;

        for (given, round) in [(&given, "first"), (&given, "second"), (&of_another, "other")] {
            assert_eq!(hand_in(&broker, name, given).await, (200, String::new()), "{name}, {round}");
        }
        let json: Value = serde_json::from_str(&given).expect("JSON");
        assert_eq!((json.get("idToken").is_some(), json.get("accessToken").is_some()), (name == "google", true), "{name}");
    }
}

#[actix_web::test]
async fn tokens_with_a_fault_are_refused() {
    let broker = Broker::with(&["google", "twitch"]).await;
    for (name, faults) in
        [("google", &["other-client", "expired", "other-issuer", "nonce", "stranger"][..]), ("twitch", &["other-client", "expired"])]
    {
        for fault in faults {
            let given = tokens(&broker, name, &format!("choice=story-1&token={fault}")).await;
            let (status, error) = hand_in(&broker, name, &given).await;
            assert_eq!(status, 401, "{name} {fault}: {error}");
        }
    }
    for query in ["", "choice=story-1&token=x", "choice=story-1&token=nonce", "choice=x", "choice=story-1&choice=story-1"] {
        let unknown = ask("GET", &format!("{}/simulation/twitch/tokens?{query}", broker.url), &[], "").await;
        assert_eq!(unknown.status, 404, "{query}: {unknown:?}");
    }
    let made_up = "{\"accessToken\":\"at-of-no-one\"}";
    assert_ne!(hand_in(&broker, "twitch", made_up).await.0, 200, "only what was given out counts");
}
