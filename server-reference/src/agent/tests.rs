use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue};

use super::samples::{BOTS, PEOPLE};
use super::*;

#[test]
fn people_have_a_system_a_device_and_a_browser() {
    assert!(PEOPLE.len() >= 65);
    for (os, device, browser, text) in PEOPLE {
        let agent = Agent::of(text);
        assert_eq!(
            (agent.os.as_str(), agent.device, agent.browser),
            (*os, *device, *browser),
            "{text}"
        );
        assert!(!agent.is_bot, "{text}");
    }
}

#[test]
fn bots_previews_and_programs_are_known() {
    assert!(BOTS.len() >= 70);
    for text in BOTS {
        assert!(Agent::of(text).is_bot, "{text}");
    }
    assert!(Agent::of("").is_bot);
    assert!(Agents::default().of(b"").is_bot);
}

/// An iPad asks for desktop pages by default, in the very words of a Mac.
#[test]
fn an_ipad_in_desktop_mode_is_a_mac() {
    let ipad = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15";
    assert_eq!(
        Agent::of(ipad),
        Agent {
            os: Os::Macos,
            device: "desktop",
            browser: "Safari",
            is_bot: false
        }
    );
}

/// What a bot pretends to be is read all the same: a link's rules send Google's phone where phones go.
#[test]
fn bots_have_systems_too() {
    let (_, phone) = BOTS.iter().enumerate().nth(1).expect("Google's phone");
    let agent = Agent::of(phone);
    assert_eq!(
        (agent.os, agent.device, agent.is_bot),
        (Os::Android, "phone", true)
    );
}

#[test]
fn case_does_not_matter_and_nothing_panics() {
    assert!(Agent::of("Mozilla/5.0 GOOGLEBOT").is_bot);
    assert_eq!(Agent::of("Mozilla/5.0 (IPHONE)").os, Os::Ios);
    for text in [
        "Mozilla/",
        "\u{1F600}",
        "Mozilla/5.0 \u{1F600} Chrome/1",
        &"(".repeat(10_000),
    ] {
        Agent::of(text);
    }
}

#[test]
fn prefetches_are_no_visits() {
    let request = |agent: &'static [u8], name: &'static str, value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(
            USER_AGENT,
            HeaderValue::from_bytes(agent).expect("a header"),
        );
        headers.insert(name, HeaderValue::from_static(value));
        is_automated(&headers, &Agent::of_bytes(agent))
    };
    let person = PEOPLE[0].3.as_bytes();
    assert!(!request(person, "accept", "text/html"));
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("sec-purpose", "prefetch;anonymous-client-ip"),
        ("purpose", "prefetch"),
        ("purpose", "Preview"),
        ("x-purpose", "preview"),
        ("x-moz", "prefetch"),
    ] {
        assert!(request(person, name, value), "{name}: {value}");
    }
    assert!(!request(person, "sec-purpose", "navigate"));
    assert!(request(b"Twitterbot/1.0", "accept", "text/html"));
    let chinese = "Mozilla/5.0 (Linux; Android 14; 小米) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36";
    assert!(!request(chinese.as_bytes(), "accept", "text/html"));
    let latin = b"Mozilla/5.0 (Linux; Android 14; T\xe9l\xe9phone) AppleWebKit/537.36 Chrome/126.0";
    assert!(!request(latin, "accept", "text/html"));
}

#[test]
fn what_is_remembered_is_what_was_read() {
    let agents = Agents::default();
    for _ in 0..2 {
        for (_, _, _, text) in PEOPLE {
            assert_eq!(*agents.of(text.as_bytes()), Agent::of(text));
        }
        for text in BOTS {
            assert_eq!(*agents.of(text.as_bytes()), Agent::of(text));
        }
    }
    let long = format!("{}{}", PEOPLE[0].3, "x".repeat(LONGEST_REMEMBERED));
    assert_eq!(*agents.of(long.as_bytes()), Agent::of(&long));
    assert_eq!(agents.0.peek(long.as_bytes()), None, "not kept");
}
