use super::*;

const LINK: &str = "go.example.com/autumn-nora";

fn render(reason: Reason) -> Page {
    page(LINK, reason, "dG9rZW4").expect("it renders")
}

fn header(page: &Page, name: HeaderName) -> Option<&str> {
    let (_, value) = page.headers.iter().find(|(other, _)| *other == name)?;
    value.to_str().ok()
}

/// The start tag of the element with this id.
fn tag<'a>(html: &'a str, id: &str) -> &'a str {
    let at = html
        .find(&format!("id=\"{id}\""))
        .unwrap_or_else(|| panic!("no #{id} in {html}"));
    let from = html[..at].rfind('<').expect("an element begins");
    &html[from..from + html[from..].find('>').expect("and ends") + 1]
}

#[test]
fn a_visitor_who_arrives_sees_a_labelled_field() {
    let page = render(Reason::Arrived);
    assert_eq!(page.status, 200);
    let html = &page.body;
    assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"));
    assert!(
        html.contains("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
    );
    assert!(html.contains("<label for=\"password\">Password</label>"));
    assert!(html.contains(LINK));
    let field = tag(html, "password");
    for part in [
        "name=\"password\"",
        "type=\"password\"",
        "autocomplete=\"off\"",
        "aria-describedby=\"hint\"",
        "required",
    ] {
        assert!(field.contains(part), "{part} in {field}");
    }
    tag(html, "hint");
    assert!(!field.contains("aria-invalid") && !html.contains("role=\"alert\""));
    assert!(html.contains("<input type=\"hidden\" name=\"token\" value=\"dG9rZW4\">"));
    // Without an action the form goes back to where it came from, query and all.
    assert!(html.contains("<form method=\"post\">"));
    assert!(!html.contains("<script") && !html.contains("http"));
}

#[test]
fn what_went_wrong_is_announced_and_tied_to_the_field() {
    for (reason, status, words) in [
        (Reason::WrongPassword, 403, "This password is wrong."),
        (Reason::StaleForm, 403, "This page was open for too long."),
        (
            Reason::TooManyFailures { seconds: 61 },
            429,
            "Try again in 2 minutes.",
        ),
        (
            Reason::TooManyFailures { seconds: 60 },
            429,
            "Try again in 1 minute.",
        ),
        (
            Reason::TooManyFailures { seconds: 0 },
            429,
            "Try again in 1 minute.",
        ),
    ] {
        let page = render(reason);
        assert_eq!(page.status, status, "{reason:?}");
        let error = tag(&page.body, "error");
        assert_eq!(error, "<p id=\"error\" role=\"alert\">");
        assert!(
            page.body
                .split_once(error)
                .expect("there")
                .1
                .contains(words),
            "{reason:?}"
        );
        let field = tag(&page.body, "password");
        assert!(
            field.contains("aria-invalid=\"true\" aria-describedby=\"error hint\""),
            "{field}"
        );
        assert!(page.body.contains("<title>Error: "));
    }
    assert_eq!(
        header(
            &render(Reason::TooManyFailures { seconds: 61 }),
            RETRY_AFTER
        ),
        Some("61")
    );
    assert_eq!(header(&render(Reason::WrongPassword), RETRY_AFTER), None);
}

#[test]
fn nothing_gets_out_of_its_place() {
    let nasty = "<script>alert(1)</script>\" onfocus='x' &amp;";
    let html = page(nasty, Reason::Arrived, nasty)
        .expect("it renders")
        .body;
    assert!(
        !html.contains("<script") && !html.contains("\" onfocus") && !html.contains("'x'"),
        "{html}"
    );
    assert_eq!(
        html.matches("&#60;script&#62;").count(),
        3,
        "title, text and token: {html}"
    );
    assert!(html.contains("&#38;amp;"));
}

#[test]
fn headers_allow_our_style_and_nothing_else() {
    let page = render(Reason::Arrived);
    let style = page
        .body
        .split_once("<style>")
        .expect("a style")
        .1
        .split_once("</style>")
        .expect("its end")
        .0;
    let hash = STANDARD.encode(Sha256::digest(style));
    let policy = header(&page, CONTENT_SECURITY_POLICY).expect("a policy");
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'"
        )
    );
    assert_eq!(header(&page, CACHE_CONTROL), Some("no-store"));
    assert_eq!(
        header(&page, CONTENT_TYPE),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(header(&page, REFERRER_POLICY), Some("same-origin"));
    assert!(!page.body.contains(" style="), "the policy forbids it");
}

/// WCAG's 4.5 : 1 for text and 3 : 1 for a field's edge, in both schemes.
#[test]
fn colors_have_contrast() {
    let schemes: Vec<&str> = STYLE.split(":root{").skip(1).collect();
    assert_eq!(schemes.len(), 2);
    for scheme in schemes {
        let color = |name: &str| {
            let value = scheme.split_once(&format!("--{name}:#")).expect(name).1;
            let digits: String = value.chars().take_while(char::is_ascii_hexdigit).collect();
            let digits = if digits.len() == 3 {
                digits.chars().flat_map(|digit| [digit, digit]).collect()
            } else {
                digits
            };
            crate::qr::color::Color::from_hex(&digits).expect(name)
        };
        for (front, back, least) in [
            ("text", "ground", 4.5),
            ("error", "ground", 4.5),
            ("on-accent", "accent", 4.5),
            ("edge", "ground", 3.0),
            ("accent", "ground", 3.0),
        ] {
            let ratio = crate::qr::color::ratio(color(front), color(back));
            assert!(ratio >= least, "{front} on {back}: {ratio} in {scheme}");
        }
    }
}

#[test]
fn a_form_is_read_once_and_strictly() {
    let sent = |body: &str| Sent::parse(body.as_bytes()).map(|sent| (sent.password, sent.token));
    let expected = Some(("correct horse & ü".to_owned(), "t".to_owned()));
    assert_eq!(sent("token=t&password=correct+horse+%26+%C3%BC"), expected);
    assert_eq!(
        sent("password=correct%20horse%20%26%20%C3%BC&other=x&token=t"),
        expected
    );
    for wrong in [
        "",
        "password=x",
        "token=t",
        "password=x&token=t&password=y",
        "{\"password\":\"x\"}",
    ] {
        assert_eq!(sent(wrong), None, "{wrong}");
    }
    assert_eq!(
        sent("password=&token=").map(|(password, _)| password),
        Some(String::new())
    );
    assert!(
        sent(&format!(
            "token=t&password={}",
            "%C3%BC".repeat(LONGEST_PASSWORD)
        ))
        .is_some()
    );
    assert!(
        sent(&format!(
            "token=t&password={}",
            "x".repeat(LONGEST_PASSWORD + 1)
        ))
        .is_none()
    );
}

#[test]
fn other_sites_are_recognised() {
    let from = |pairs: &[(&'static str, &'static str)]| {
        let headers = pairs.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        from_here(&headers.collect())
    };
    assert!(from(&[]));
    assert!(from(&[("sec-fetch-site", "same-origin")]));
    assert!(from(&[
        ("host", "go.example.com"),
        ("origin", "https://go.example.com")
    ]));
    assert!(from(&[
        ("host", "localhost:4000"),
        ("origin", "http://localhost:4000")
    ]));
    for stranger in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[
            ("sec-fetch-site", "cross-site"),
            ("host", "go.example.com"),
            ("origin", "https://go.example.com"),
        ],
        &[
            ("host", "go.example.com"),
            ("origin", "https://evil.example"),
        ],
        &[
            ("host", "go.example.com"),
            ("origin", "https://go.example.com.evil.example"),
        ],
        &[("host", "go.example.com"), ("origin", "null")],
        &[
            ("host", "localhost:4000"),
            ("origin", "http://localhost:4001"),
        ],
        &[("origin", "https://go.example.com")],
    ] {
        assert!(!from(stranger), "{stranger:?}");
    }
}
