//! The fields of a link's form, with their words.

use approute::models::Link;

use super::form::{Control, Field, Form, Group};
use super::link_form::time;

/// What the fields are called.
const LABELS: &[(&str, &str)] = &[
    ("url", "Destination"),
    ("domain", "Domain"),
    ("slug", "Slug"),
    ("title", "Title"),
    ("tags", "Tags"),
    ("sub_id", "Sub-ID"),
    ("program_id", "Program"),
    ("external_id", "External id"),
    ("utm_source", "UTM source"),
    ("utm_medium", "UTM medium"),
    ("utm_campaign", "UTM campaign"),
    ("utm_term", "UTM term"),
    ("utm_content", "UTM content"),
    ("ios_app_store_id", "App Store id"),
    ("ios_bundle_id", "Bundle id"),
    ("ios_universal_link_url", "Universal link"),
    ("ios_fallback_url", "iPhones otherwise go to"),
    ("ios_min_version", "From app version"),
    ("android_package_name", "Package name"),
    ("android_app_link_url", "App link"),
    ("android_fallback_url", "Android phones otherwise go to"),
    ("android_min_version_code", "From version code"),
    ("geo", "By country"),
    ("variants", "By weight"),
    ("forward_query", "Pass the visit's query on"),
    ("redirect_status", "Kind of redirect"),
    ("starts_at", "Works from"),
    ("expires_at", "Works until"),
    ("click_limit", "Works for so many clicks"),
    ("expired_url", "Afterwards"),
    ("archived", "Archived"),
    ("click_thresholds", "Announce so many clicks"),
    ("password", "Password"),
    ("remove_password", "Remove the password"),
    ("password_max_failures", "Wrong passwords allowed"),
    ("password_window_seconds", "Within so many seconds"),
    ("notes", "Notes"),
];

/// What a field is called.
pub fn label(name: &str) -> &'static str {
    let found = LABELS.iter().find(|(known, _)| *known == name);
    found.map_or("", |(_, label)| label)
}

/// The form with these values. A link that is there keeps its domain and slug.
pub fn groups(form: &Form, domains: &[String], link: Option<&Link>) -> Vec<Group> {
    let field = |name: &str, hint: &str| {
        Field::line(name, label(name))
            .hint(hint)
            .value(form.raw(name))
    };
    let url = |name: &str, hint: &str| field(name, hint).with(Control::Line("url"));
    // What is no time is shown as it was typed, which a browser's own field for times would not.
    let moment = |name: &str, hint: &str| {
        let is_time = time(form.get(name)) != form.get(name) || form.get(name).is_empty();
        let kind = if is_time { "datetime-local" } else { "text" };
        field(name, hint).with(Control::Line(kind))
    };
    let area = |name: &str, hint: &str| field(name, hint).with(Control::Area);
    let check = |name: &str, hint: &str| field(name, hint).with(Control::Check);
    let choice = |options: &[(&str, &str)]| {
        let owned = |(value, label): &(&str, &str)| ((*value).to_owned(), (*label).to_owned());
        Control::Choice(options.iter().map(owned).collect())
    };
    let filled = |names: &[&str]| names.iter().any(|name| form.filled(name).is_some());

    let mut main = vec![
        url(
            "url",
            "Where visits go, such as https://example.com/autumn.",
        )
        .required(),
    ];
    if link.is_none() {
        let slug = "The last part of the short link; leave it empty for a random one. It cannot be changed later.";
        if domains.len() > 1 {
            let domains = domains.iter().map(|name| (name.clone(), name.clone()));
            main.push(field("domain", "").with(Control::Choice(domains.collect())));
        }
        main.push(field("slug", slug));
    }
    main.extend([
        field("title", "A name for people."),
        field("tags", "With commas between them."),
    ]);
    let counting = vec![
        field(
            "sub_id",
            "Under which visits are counted, such as a creator.",
        ),
        field("program_id", "The campaign or program that it belongs to."),
        field(
            "external_id",
            "Your own id for it, unique in the workspace.",
        ),
        field("utm_source", ""),
        field("utm_medium", ""),
        field("utm_campaign", ""),
        field("utm_term", ""),
        field("utm_content", ""),
    ];
    let ios = vec![
        field(
            "ios_app_store_id",
            "The digits after “id” in the app's address.",
        ),
        field("ios_bundle_id", "Such as com.example.shop."),
        url("ios_universal_link_url", "What opens the installed app."),
        url(
            "ios_fallback_url",
            "Where an iPhone goes instead of the store.",
        ),
        field("ios_min_version", "Such as 4.2.0."),
    ];
    let android = vec![
        field("android_package_name", "Such as com.example.shop."),
        url("android_app_link_url", "What opens the installed app."),
        url(
            "android_fallback_url",
            "Where an Android phone goes instead of the store.",
        ),
        field("android_min_version_code", ""),
    ];
    let ways = vec![
        area(
            "geo",
            "A line for each, such as “DE https://example.de/herbst”.",
        ),
        area(
            "variants",
            "A line for each, such as “70 https://example.com/a”. A visitor stays with theirs.",
        ),
        check("forward_query", ""),
        field("redirect_status", "Browsers remember 301 and 308.").with(choice(&[
            ("302", "302, temporary"),
            ("307", "307, temporary, same method"),
            ("301", "301, permanent"),
            ("308", "308, permanent, same method"),
        ])),
    ];
    let limits = vec![
        moment("starts_at", "In UTC."),
        moment("expires_at", "In UTC."),
        field("click_limit", ""),
        url("expired_url", "Where visits go then."),
        check("archived", "Visits get “gone”."),
        area(
            "click_thresholds",
            "To webhooks; numbers with commas between them.",
        ),
    ];
    let has_password = link.is_some_and(|link| link.has_password);
    let hint = if has_password {
        "There is one. Leave this empty to keep it."
    } else {
        "Visitors have to type it. It is not shown again."
    };
    let mut password = vec![
        field("password", hint)
            .with(Control::Line("password"))
            .value(""),
    ];
    if has_password {
        password.push(check("remove_password", ""));
    }
    password.extend([
        field("password_max_failures", "5 unless you say otherwise."),
        field("password_window_seconds", "600 unless you say otherwise."),
    ]);
    vec![
        Group::new("The link", true, main),
        Group::new(
            "Counting",
            filled(&[
                "sub_id",
                "program_id",
                "external_id",
                "utm_source",
                "utm_medium",
                "utm_campaign",
                "utm_term",
                "utm_content",
            ]),
            counting,
        ),
        Group::new(
            "iPhone and iPad",
            filled(&[
                "ios_app_store_id",
                "ios_bundle_id",
                "ios_universal_link_url",
                "ios_fallback_url",
            ]),
            ios,
        ),
        Group::new(
            "Android",
            filled(&[
                "android_package_name",
                "android_app_link_url",
                "android_fallback_url",
            ]),
            android,
        ),
        Group::new(
            "Other destinations",
            filled(&["geo", "variants", "forward_query"]),
            ways,
        ),
        Group::new(
            "Limits",
            filled(&[
                "starts_at",
                "expires_at",
                "click_limit",
                "expired_url",
                "archived",
                "click_thresholds",
            ]),
            limits,
        ),
        Group::new("Password", has_password, password),
        Group::new(
            "Notes",
            filled(&["notes"]),
            vec![area("notes", "For you and your colleagues.")],
        ),
    ]
}
