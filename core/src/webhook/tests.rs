use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::*;
use crate::{ErrorKind, Secret};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A body that says it was sent at 2026-11-01T00:00:00Z.
const BODY: &[u8] =
    br#"{"id":"evt_1","type":"link.unheard_of","sent_at":"2026-11-01T00:00:00Z","data":{}}"#;

fn sent() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_491_200)
}

fn signed() -> HeaderMap {
    sign(BODY, SECRET, "evt_1", sent()).unwrap()
}

/// Only the headers of Standard Webhooks.
fn standard() -> HeaderMap {
    let mut headers = signed();
    headers.remove(APPROUTE_SIGNATURE);
    headers
}

fn outcome(headers: &(impl Headers + ?Sized), now: SystemTime) -> Result<(), Failure> {
    let verifier = Verifier::new(SECRET).at(now);
    verifier.verify(BODY, headers).map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::WebhookVerification);
        error.webhook_failure().unwrap()
    })
}

fn with(mut headers: HeaderMap, name: &'static str, value: &str) -> HeaderMap {
    headers.insert(name, value.parse().unwrap());
    headers
}

#[test]
fn the_public_vector_of_standard_webhooks() {
    let headers = [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        (
            "Webhook-Signature",
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ];
    let body = br#"{"test": 2432232314}"#;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_614_265_330);
    Verifier::new(SECRET)
        .at(time)
        .verify(body, &headers)
        .unwrap();
    let signed = sign(body, SECRET, headers[0].1, time).unwrap();
    assert_eq!(signed["webhook-signature"], headers[2].1);
    assert_eq!(signed["webhook-timestamp"], headers[1].1);
}

#[test]
fn openssl_gives_the_same_signature() {
    // printf '%s' 'hello' | openssl dgst -sha256 -hmac whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
    let headers = sign("hello", SECRET, "evt_1", sent()).unwrap();
    assert_eq!(
        headers[APPROUTE_SIGNATURE],
        "sha256=c770c8b4e83a988d5236a41db64cb85cf40319a4d0c94a69aacc5703cf225ee4"
    );
}

#[test]
fn both_schemes_within_the_tolerance_and_not_beyond() {
    let second = Duration::from_secs(1);
    for headers in [signed(), standard()] {
        for (now, expected) in [
            (sent(), Ok(())),
            (sent() + DEFAULT_TOLERANCE, Ok(())),
            (sent() - DEFAULT_TOLERANCE, Ok(())),
            (sent() + DEFAULT_TOLERANCE + second, Err(Failure::TooOld)),
            (sent() - DEFAULT_TOLERANCE - second, Err(Failure::InFuture)),
        ] {
            assert_eq!(outcome(&headers, now), expected);
        }
        let patient = Verifier::new(SECRET).tolerance(Duration::MAX);
        patient.verify(BODY, &headers).unwrap();
    }
}

#[test]
fn the_own_header_decides_where_it_is_present() {
    // The other scheme's headers are right in all of these.
    let right = signed()[APPROUTE_SIGNATURE].to_str().unwrap().to_owned();
    let other = format!("sha256={}", "0".repeat(64));
    for (value, expected) in [
        (right.clone(), Ok(())),
        (right.to_uppercase().replace("SHA256", "sha256"), Ok(())),
        (format!("{other}, {right}"), Ok(())),
        (format!("{right},{other}"), Ok(())),
        (format!("sha512=abc, {right}"), Ok(())),
        (other.clone(), Err(Failure::NoMatch)),
        (String::new(), Err(Failure::Malformed)),
        (",".to_owned(), Err(Failure::Malformed)),
        (format!("{right},"), Err(Failure::Malformed)),
        ("sha256=".to_owned(), Err(Failure::Malformed)),
        ("sha256".to_owned(), Err(Failure::Malformed)),
        ("sha512=abc".to_owned(), Err(Failure::Malformed)),
        (right[..70].to_owned(), Err(Failure::Malformed)),
        (format!("{right}0"), Err(Failure::Malformed)),
        (
            right.replace("sha256=", "sha256=zz")[..71].to_owned(),
            Err(Failure::Malformed),
        ),
        (right.replace("sha256=", "v1,"), Err(Failure::Malformed)),
    ] {
        let headers = with(signed(), APPROUTE_SIGNATURE, &value);
        assert_eq!(outcome(&headers, sent()), expected, "{value}");
    }
    let mut repeated = with(signed(), APPROUTE_SIGNATURE, &other);
    repeated.append(APPROUTE_SIGNATURE, right.parse().unwrap());
    assert_eq!(outcome(&repeated, sent()), Ok(()));
    let mut bytes = signed();
    bytes.insert(
        APPROUTE_SIGNATURE,
        HeaderValue::from_bytes(b"sha256=\xff").unwrap(),
    );
    assert_eq!(outcome(&bytes, sent()), Err(Failure::Malformed));
}

#[test]
fn the_standard_headers_row_by_row() {
    let right = signed()[STANDARD_SIGNATURE].to_str().unwrap().to_owned();
    let other = format!("v1,{}", STANDARD.encode([0; 32]));
    for (name, value, expected) in [
        (STANDARD_SIGNATURE, format!("{other} {right}"), Ok(())),
        (STANDARD_SIGNATURE, format!("v1a,abc {right}"), Ok(())),
        (STANDARD_SIGNATURE, other.clone(), Err(Failure::NoMatch)),
        (STANDARD_SIGNATURE, String::new(), Err(Failure::Malformed)),
        (STANDARD_SIGNATURE, "v1".to_owned(), Err(Failure::Malformed)),
        (
            STANDARD_SIGNATURE,
            "v1,?".to_owned(),
            Err(Failure::Malformed),
        ),
        (
            STANDARD_SIGNATURE,
            "v1,AAAA".to_owned(),
            Err(Failure::Malformed),
        ),
        (
            STANDARD_SIGNATURE,
            "v2,AAAA".to_owned(),
            Err(Failure::Malformed),
        ),
        (STANDARD_ID, "evt_2".to_owned(), Err(Failure::NoMatch)),
        (STANDARD_ID, String::new(), Err(Failure::Malformed)),
        (
            STANDARD_TIMESTAMP,
            "1793491201".to_owned(),
            Err(Failure::NoMatch),
        ),
        (
            STANDARD_TIMESTAMP,
            "soon".to_owned(),
            Err(Failure::Malformed),
        ),
        (STANDARD_TIMESTAMP, "-1".to_owned(), Err(Failure::Malformed)),
        (STANDARD_TIMESTAMP, "9".repeat(30), Err(Failure::Malformed)),
    ] {
        let headers = with(standard(), name, &value);
        assert_eq!(outcome(&headers, sent()), expected, "{name}: {value}");
    }
    for (name, expected) in [
        (STANDARD_SIGNATURE, Failure::NoSignature),
        (STANDARD_ID, Failure::Malformed),
        (STANDARD_TIMESTAMP, Failure::Malformed),
    ] {
        let mut headers = standard();
        headers.remove(name);
        assert_eq!(outcome(&headers, sent()), Err(expected), "{name}");
    }
    let mut two_ids = standard();
    two_ids.append(STANDARD_ID, "evt_2".parse().unwrap());
    assert_eq!(outcome(&two_ids, sent()), Err(Failure::Malformed));
    assert_eq!(
        outcome(&HeaderMap::new(), sent()),
        Err(Failure::NoSignature)
    );
}

#[test]
fn headers_in_every_form() {
    let own = signed()[APPROUTE_SIGNATURE].to_str().unwrap().to_owned();
    let wrong = format!("sha256={}", "1".repeat(64));
    assert_eq!(outcome(own.as_str(), sent()), Ok(()));
    assert_eq!(outcome(&own, sent()), Ok(()));
    assert_eq!(outcome("", sent()), Err(Failure::Malformed));
    let map = HashMap::from([("X-APPROUTE-Signature".to_owned(), own.clone())]);
    assert_eq!(outcome(&map, sent()), Ok(()));
    let lists = BTreeMap::from([("X-Approute-Signature", vec![wrong.clone(), own.clone()])]);
    assert_eq!(outcome(&lists, sent()), Ok(()));
    let pairs = vec![
        ("x-approute-SIGNATURE", wrong.as_str()),
        ("X-Approute-Signature", &own),
    ];
    assert_eq!(outcome(&pairs, sent()), Ok(()));
    assert_eq!(outcome(pairs.as_slice(), sent()), Ok(()));
}

#[test]
fn one_of_many_secrets_is_enough() {
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let check = |headers: &HeaderMap| {
        Verifier::new([other, SECRET])
            .at(sent())
            .verify(BODY, headers)
            .unwrap();
        Verifier::new(vec![SECRET.to_owned(), other.to_owned()])
            .at(sent())
            .verify(BODY, headers)
            .unwrap();
        Verifier::new(&Secret::new(SECRET))
            .at(sent())
            .verify(BODY, headers)
            .unwrap();
        let error = Verifier::new(other)
            .at(sent())
            .verify(BODY, headers)
            .unwrap_err();
        assert_eq!(error.webhook_failure(), Some(Failure::NoMatch));
    };
    check(&signed());
    check(&standard());
}

#[test]
fn secrets_that_are_none_are_bad_arguments() {
    let none: [&str; 0] = [];
    for error in [
        verify(BODY, &signed(), none).unwrap_err(),
        verify(BODY, &signed(), "").unwrap_err(),
        verify(BODY, &signed(), "whsec_").unwrap_err(),
        verify(BODY, &standard(), "whsec_not base64").unwrap_err(),
        sign(BODY, "whsec_!", "evt_1", sent()).unwrap_err(),
        sign(BODY, SECRET, "evt\n1", sent()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    }
}

#[test]
fn a_genuine_body_without_its_time_is_malformed() {
    for body in ["", "[]", "{}", r#"{"sent_at":7}"#, r#"{"sent_at":"soon"}"#] {
        let headers = sign(body, SECRET, "evt_1", sent()).unwrap();
        let error = Verifier::new(SECRET)
            .at(sent())
            .verify(body, &headers)
            .unwrap_err();
        assert_eq!(error.webhook_failure(), Some(Failure::Malformed), "{body}");
    }
}

#[test]
fn a_changed_body_fits_no_secret() {
    let mut body = BODY.to_vec();
    body.push(b' ');
    for headers in [signed(), standard()] {
        let error = Verifier::new(SECRET)
            .at(sent())
            .verify(&body, &headers)
            .unwrap_err();
        assert_eq!(error.webhook_failure(), Some(Failure::NoMatch));
    }
}

#[test]
fn events_of_any_type_are_read() {
    let verifier = Verifier::new(SECRET).at(sent());
    let event = verifier.parse_event(BODY, &signed()).unwrap();
    assert!(matches!(event, Event::Unknown(_)), "{event:?}");
    let body = br#"{"type":"link.created","sent_at":"2026-11-01T00:00:00Z"}"#;
    let headers = sign(body, SECRET, "evt_1", sent()).unwrap();
    let error = verifier.parse_event(body, &headers).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.body(), body);
}

/// A link as events hold it.
const LINK: &str = concat!(
    r#"{"id":"lnk_1","domain":"go.example.com","slug":"a","short_url":"https://go.example.com/a","#,
    r#""url":"https://example.com/","external_id":null,"title":null,"notes":null,"tags":[],"targets":{"ios":null,"#,
    r#""android":null},"geo":{},"variants":[],"utm":{"source":null,"medium":null,"campaign":null,"term":null,"#,
    r#""content":null},"forward_query":false,"redirect_status":302,"has_password":true,"#,
    r#""password_policy":{"max_failures":5,"window_seconds":600},"starts_at":null,"expires_at":null,"#,
    r#""expired_url":null,"click_limit":null,"click_thresholds":[],"program_id":null,"sub_id":null,"archived":false,"#,
    r#""status":"active","click_count":0,"bot_click_count":0,"last_clicked_at":null,"#,
    r#""created_at":"2026-11-01T00:00:00Z","updated_at":"2026-11-01T00:00:00Z","deleted_at":null,"purge_at":null,"#,
    r#""created_by_key_id":"key_1","version":1}"#,
);

/// A whole `link.password_failed`, with other fields before it.
fn password_failed(before: &str, sent_at: &str) -> String {
    let head = format!(
        r#"{before}"id":"evt_1","type":"link.password_failed","created_at":"2026-11-01T00:00:00Z","sent_at":"{sent_at}""#
    );
    let data = format!(
        r#"{{"link":{LINK},"failures":3,"window_seconds":600,"first_at":"2026-11-01T00:00:00Z","last_at":"2026-11-01T00:00:00Z"}}"#
    );
    format!(
        r#"{{{head},"attempt":1,"api_version":"2026-11-01","workspace_id":"wsp_1","data":{data}}}"#
    )
}

#[test]
fn an_event_is_read_only_from_what_verify_accepts() {
    let now = "2026-11-01T00:00:00Z";
    let bodies = [
        password_failed("", now),
        password_failed("", "2026-11-01T00:00:00.25+00:00"),
        password_failed("", "2026-10-31T00:00:00Z"),
        password_failed("", "2026-11-02T00:00:00Z"),
        password_failed("", "soon"),
        // chrono reads this one, and RFC 3339 does not know it.
        password_failed("", "2026-11-01T00:00:00+0000"),
        // Deeper down stands another time, or type, than the one that counts.
        password_failed(
            r#""a":{"sent_at":"2026-11-01T00:00:00Z"},"#,
            "2026-10-31T00:00:00Z",
        ),
        password_failed(r#""a":{"sent_at":"2026-10-31T00:00:00Z"},"#, now),
        password_failed(r#""a":{"type":"link.created"},"#, now),
        password_failed(
            r#""sent_at":"2026-11-01T00:00:00Z","#,
            "2026-10-31T00:00:00Z",
        ),
        // A link.created without its link.
        password_failed("", now)
            .replace("link.password_failed", "link.created")
            .replace(r#""link":"#, r#""lost":"#),
        password_failed("", now).replace("link.password_failed", "link.unheard_of"),
        r#"{"type":"link.unheard_of"}"#.to_owned(),
        "[]".to_owned(),
        "no JSON".to_owned(),
    ];
    let mut read = 0;
    for body in bodies {
        let headers = sign(&body, SECRET, "evt_1", sent()).unwrap();
        let verifier = Verifier::new(SECRET).at(sent());
        match (
            verifier.verify(&body, &headers),
            verifier.parse_event(&body, &headers),
        ) {
            (Err(verified), Err(parsed)) => {
                assert_eq!(
                    verified.webhook_failure(),
                    parsed.webhook_failure(),
                    "{body}"
                );
            }
            (Ok(()), Err(error)) => assert_eq!(error.kind(), ErrorKind::Decode, "{body}"),
            (Err(error), Ok(_)) => panic!("{body}: {error}"),
            (Ok(()), Ok(event)) => {
                assert_eq!(event.id(), Some("evt_1"), "{body}");
                assert!(body.contains(&format!(r#""type":"{}""#, event.type_())));
                read += 1;
            }
        }
    }
    assert_eq!(read, 5);
}

#[test]
fn what_all_events_have_is_read_from_those_that_are_not_known_too() {
    let known = Event::from_slice(password_failed("", "2026-11-01T00:00:00Z").as_bytes()).unwrap();
    assert!(matches!(known, Event::LinkPasswordFailed(_)), "{known:?}");
    let unknown = Event::from_slice(BODY).unwrap();
    for event in [&known, &unknown] {
        assert_eq!(event.id(), Some("evt_1"));
        assert_eq!(
            event.sent_at().map(|time| time.timestamp()),
            Some(1_793_491_200)
        );
    }
    assert_eq!(known.attempt(), Some(1));
    assert_eq!((unknown.attempt(), unknown.workspace_id()), (None, None));
}
