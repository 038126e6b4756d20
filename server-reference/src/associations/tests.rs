use super::*;

const FINGERPRINT: &str = "14:6D:E9:83:C5:73:06:50:D8:EE:B9:95:2F:34:FC:64:16:A0:83:42:E6:1D:BE:A8:8A:04:96:B2:3F:CF:44:E5";

/// The form of Apple's documentation, "Supporting associated domains".
#[test]
fn apples_file_names_every_app() {
    let ios = [
        "ABCDE12345.com.example.shop",
        "ABCDE12345.com.example.shop-2",
    ]
    .map(|app| app.parse().expect(app));
    let apps = Apps {
        ios: ios.to_vec(),
        android: Vec::new(),
    };
    let expected = json!({
        "applinks": {
            "details": [{
                "appIDs": ["ABCDE12345.com.example.shop", "ABCDE12345.com.example.shop-2"],
                "components": [{ "/": "/.well-known/*", "exclude": true }, { "/": "/*" }]
            }]
        }
    });
    let file = apps
        .file("/.well-known/apple-app-site-association")
        .expect("there are apps");
    assert_eq!(
        serde_json::from_str::<Value>(&file).expect("JSON"),
        expected
    );
    assert_eq!(apps.file("/.well-known/assetlinks.json"), None);
}

/// The form of Google's documentation, "Verify Android App Links".
#[test]
fn googles_file_names_every_app_and_certificate() {
    let other = "00".repeat(32);
    let text = format!("com.example.shop={FINGERPRINT},{other}");
    let apps = Apps {
        ios: Vec::new(),
        android: vec![text.parse().expect("an app")],
    };
    let expected = json!([{
        "relation": ["delegate_permission/common.handle_all_urls"],
        "target": {
            "namespace": "android_app",
            "package_name": "com.example.shop",
            "sha256_cert_fingerprints": [FINGERPRINT, vec!["00"; 32].join(":")]
        }
    }]);
    let file = apps
        .file("/.well-known/assetlinks.json")
        .expect("there are apps");
    assert_eq!(
        serde_json::from_str::<Value>(&file).expect("JSON"),
        expected
    );
    assert_eq!(apps.file("/.well-known/apple-app-site-association"), None);
    assert_eq!(apps.file("/.well-known/security.txt"), None);
}

#[test]
fn fingerprints_are_read_in_every_usual_form_and_kept_once() {
    let bare = FINGERPRINT.replace(':', "");
    for text in [
        FINGERPRINT,
        &FINGERPRINT.to_lowercase(),
        &bare,
        &bare.to_lowercase(),
        &format!(" {bare} "),
    ] {
        let app = AndroidApp::new("com.example", [text, FINGERPRINT]).expect(text);
        assert_eq!(app.sha256_cert_fingerprints, [FINGERPRINT], "{text}");
    }
    let sha1 = &FINGERPRINT[..59];
    let shifted = FINGERPRINT.replacen("14:6D", "146:D", 1);
    let not_hex = FINGERPRINT.replace("14", "1G");
    for text in [
        "",
        sha1,
        &bare[1..],
        &format!("{bare}00"),
        &shifted,
        &not_hex,
        &"é".repeat(32),
        &FINGERPRINT.replace(':', "-"),
    ] {
        assert_eq!(
            AndroidApp::new("com.example", [text]),
            Err(Invalid::Fingerprint),
            "{text}"
        );
    }
    assert_eq!(
        AndroidApp::new("com.example", []),
        Err(Invalid::NoFingerprint)
    );
}

#[test]
fn ids_are_those_of_the_stores() {
    for (text, why) in [
        ("ABCDE12345", Invalid::Ios),
        ("ABCDE1234.com.example", Invalid::TeamId),
        ("ABCDE123456.com.example", Invalid::TeamId),
        ("abcde12345.com.example", Invalid::TeamId),
        ("ABCDE1234*.com.example", Invalid::TeamId),
        ("ABCDE12345.", Invalid::BundleId),
        ("ABCDE12345..com", Invalid::BundleId),
        ("ABCDE12345.com.example_shop", Invalid::BundleId),
        ("ABCDE12345.com.example.*", Invalid::BundleId),
    ] {
        assert_eq!(text.parse::<IosApp>(), Err(why), "{text}");
    }
    assert!(IosApp::new("ABCDE12345", &"a".repeat(155)).is_ok());
    assert_eq!(
        IosApp::new("ABCDE12345", &"a".repeat(156)),
        Err(Invalid::BundleId)
    );
    for package in [
        "",
        "example",
        "com.",
        ".com",
        "com..example",
        "com.1example",
        "com.example-shop",
        "com.exämple",
        "_a.b",
    ] {
        assert_eq!(
            AndroidApp::new(package, [FINGERPRINT]),
            Err(Invalid::PackageName),
            "{package}"
        );
    }
    assert!(AndroidApp::new("com.Example_1.shop", [FINGERPRINT]).is_ok());
    assert_eq!("com.example".parse::<AndroidApp>(), Err(Invalid::Android));
    assert_eq!(
        "com.example=".parse::<AndroidApp>(),
        Err(Invalid::Fingerprint)
    );
}

/// What a database holds is checked as what a person types.
#[test]
fn stored_apps_are_read_back_and_checked() {
    assert_eq!(
        serde_json::from_str::<Apps>("{}").expect("no apps"),
        Apps::default()
    );
    assert_eq!(Apps::default().file(APPLE_PATH), None);
    let apps = Apps {
        ios: vec!["ABCDE12345.com.example".parse().expect("an app")],
        android: vec![AndroidApp::new("com.example", [FINGERPRINT]).expect("an app")],
    };
    let text = serde_json::to_string(&apps).expect("JSON");
    assert_eq!(
        serde_json::from_str::<Apps>(&text).expect("its own words"),
        apps
    );
    for wrong in [
        r#"{"ios":[{"team_id":"nope","bundle_id":"com.example"}]}"#,
        r#"{"android":[{"package_name":"com.example","sha256_cert_fingerprints":[]}]}"#,
        r#"{"windows":[]}"#,
        r#"{"ios":[{"team_id":"ABCDE12345"}]}"#,
    ] {
        assert!(serde_json::from_str::<Apps>(wrong).is_err(), "{wrong}");
    }
}
