//! Who is let in.

use crate::place::{Place, URL};
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, header};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

fn refused(code: &str, message: &str) -> (u16, Value) {
    (401, json!({"error": code, "code": "UNAUTHORIZED", "message": message}))
}

/// A token of the issuer's own key with those claims changed; null takes one away.
fn forged(place: &Place, kid: Option<&str>, changes: &Value) -> String {
    let pem = std::fs::read(place.folder.path().join("signing-key.pem")).expect("a key");
    let key = EncodingKey::from_ec_pem(&pem).expect("a key");
    let mut head: Header = jsonwebtoken::decode_header(&place.token).expect("a token");
    if let Some(kid) = kid {
        head.kid = Some(kid.to_owned());
    }
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "iss": URL, "sub": "tests", "aud": "openchoreo", "client_id": "tests", "jti": "1",
        "iat": now, "nbf": now, "exp": now + 600,
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    if let Some(claims) = claims.as_object_mut() {
        claims.retain(|_, value| !value.is_null());
    }
    jsonwebtoken::encode(&head, &claims, &key).expect("a token")
}

#[tokio::test]
async fn tokens_that_are_not_good_are_refused_before_anything_else() {
    let place = Place::new().await;
    let now = jiff::Timestamp::now().as_second();
    let missing = refused("MISSING_TOKEN", "missing or invalid authentication token");
    let invalid = refused("INVALID_TOKEN", "invalid or expired token");
    let claims = refused("INVALID_CLAIMS", "token claims validation failed");
    let bearer = |changes: &Value| Some(format!("Bearer {}", forged(&place, None, changes)));
    let mut other_signature = place.token.clone();
    let last = if other_signature.ends_with("AA") { "BB" } else { "AA" };
    other_signature.replace_range(other_signature.len() - 2.., last);
    let cases = [
        ("none", None, missing.clone()),
        ("empty", Some("Bearer ".to_owned()), missing.clone()),
        ("basic", Some(format!("Basic {}", STANDARD.encode("a:b"))), missing),
        ("garbage", Some("Bearer garbage".to_owned()), invalid.clone()),
        ("other signature", Some(format!("Bearer {other_signature}")), invalid.clone()),
        ("other key", Some(format!("Bearer {}", forged(&place, Some("x"), &json!({})))), invalid.clone()),
        ("expired", bearer(&json!({"exp": now - 3600})), invalid.clone()),
        ("not yet valid", bearer(&json!({"nbf": now + 3600})), invalid.clone()),
        ("without end", bearer(&json!({"exp": null})), invalid),
        ("for others", bearer(&json!({"aud": "another"})), claims.clone()),
        ("from others", bearer(&json!({"iss": "http://another.example"})), claims),
    ];
    for path in ["/api/v1/namespaces", "/api/v1/namespaces/ghost/components/x", "/exec/namespaces/acme/components/x"] {
        for (name, authorization, expected) in &cases {
            let mut request = Request::get(path);
            if let Some(authorization) = authorization {
                request = request.header(header::AUTHORIZATION, authorization);
            }
            let answer = place.send(request.body(Body::empty()).expect("a request")).await;
            assert_eq!(answer.plain(), *expected, "{path} {name}");
            assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer", "{path} {name}");
        }
    }
    let good = Request::get("/api/v1/namespaces")
        .header(header::AUTHORIZATION, forged(&place, None, &json!({})).replacen("", "bEaReR ", 1));
    assert_eq!(place.send(good.body(Body::empty()).expect("a request")).await.status.as_u16(), 200);
    place.server.shutdown().await;
}

#[tokio::test]
async fn what_is_public_answers_without_a_token() {
    let place = Place::new().await;
    for (path, text) in [("/health", "OK"), ("/ready", "Ready")] {
        let answer = place.send(Request::get(path).body(Body::empty()).expect("a request")).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, text), "{path}");
    }
    for path in [
        "/version",
        "/openapi.json",
        "/.well-known/oauth-protected-resource",
        "/.well-known/openid-configuration",
        "/oauth2/jwks",
    ] {
        let answer = place.send(Request::get(path).body(Body::empty()).expect("a request")).await;
        assert!(answer.status.is_success() && answer.body.is_object(), "{path}: {}", answer.text);
    }
    let nowhere = place.send(Request::get("/nope").body(Body::empty()).expect("a request")).await;
    assert_eq!((nowhere.status.as_u16(), &nowhere.body["code"]), (404, &json!("NOT_FOUND")));
    place.server.shutdown().await;
}

#[tokio::test]
async fn tokens_are_given_to_clients_that_prove_themselves() {
    let place = Place::new().await;
    let secret = &place.secret;
    let basic = |secret: &str| format!("Basic {}", STANDARD.encode(format!("tests:{secret}")));
    let cases = [
        (format!("grant_type=client_credentials&client_id=tests&client_secret={secret}"), None, 200, None),
        ("grant_type=client_credentials".to_owned(), Some(basic(secret)), 200, None),
        ("grant_type=client_credentials".to_owned(), Some(basic("wrong")), 401, Some("invalid_client")),
        ("grant_type=client_credentials".to_owned(), None, 401, Some("invalid_client")),
        (format!("client_id=tests&client_secret={secret}"), None, 400, Some("invalid_request")),
        ("grant_type=password".to_owned(), None, 400, Some("unsupported_grant_type")),
    ];
    for (form, authorization, status, error) in cases {
        let mut request = Request::post("/oauth2/token");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let answer = place.send(request.body(Body::from(form.clone())).expect("a request")).await;
        assert_eq!((answer.status.as_u16(), answer.body["error"].as_str()), (status, error), "{form}");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store", "{form}");
        assert!(!answer.text.contains(secret.as_str()), "{form}");
    }
    place.server.shutdown().await;
}
