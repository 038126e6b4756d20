//! The files by which Apple and Google let an app open a domain's links: `/.well-known/apple-app-site-association` and
//! `/.well-known/assetlinks.json`.
//!
//! [`Apps`] is what a domain is set up with. It is checked where it is read, be it from the command line or from the
//! database, so that no file can hold what the stores' own tools would refuse. Both files are `application/json`, sent
//! without redirects; a domain without apps of a kind has no file of that kind (404), which both ask for.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where Apple looks.
pub const APPLE_PATH: &str = "/.well-known/apple-app-site-association";
/// Where Google looks.
pub const GOOGLE_PATH: &str = "/.well-known/assetlinks.json";
/// What both files are.
pub const MEDIA_TYPE: &str = "application/json";

/// The apps that open a domain's links.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apps {
    /// For iOS.
    #[serde(default)]
    pub ios: Vec<IosApp>,
    /// For Android.
    #[serde(default)]
    pub android: Vec<AndroidApp>,
}

/// An iOS app, written `ABCDE12345.com.example.shop`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedIosApp")]
pub struct IosApp {
    team_id: String,
    bundle_id: String,
}

/// An Android app, written `com.example.shop=FINGERPRINT[,FINGERPRINT…]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedAndroidApp")]
pub struct AndroidApp {
    package_name: String,
    sha256_cert_fingerprints: Vec<String>,
}

/// Why an app cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Invalid {
    Ios,
    TeamId,
    BundleId,
    Android,
    PackageName,
    Fingerprint,
    NoFingerprint,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ios => "an iOS app is written TEAMID.BUNDLEID, such as ABCDE12345.com.example.shop",
            Self::TeamId => "a team id is ten capital letters and digits, as App Store Connect shows it",
            Self::BundleId => "a bundle id is letters, digits, dots and hyphens, such as com.example.shop",
            Self::Android => "an Android app is written PACKAGE=FINGERPRINT, with commas between several fingerprints",
            Self::PackageName => "a package name has two or more parts of letters, digits and underscores, such as com.example.shop",
            Self::Fingerprint => "a fingerprint is the SHA-256 of the signing certificate, 32 hexadecimal bytes with or without colons",
            Self::NoFingerprint => "an Android app needs at least one fingerprint of a signing certificate",
        })
    }
}

impl std::error::Error for Invalid {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UncheckedIosApp {
    team_id: String,
    bundle_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UncheckedAndroidApp {
    package_name: String,
    sha256_cert_fingerprints: Vec<String>,
}

impl TryFrom<UncheckedIosApp> for IosApp {
    type Error = Invalid;

    fn try_from(app: UncheckedIosApp) -> Result<Self, Invalid> {
        Self::new(&app.team_id, &app.bundle_id)
    }
}

impl TryFrom<UncheckedAndroidApp> for AndroidApp {
    type Error = Invalid;

    fn try_from(app: UncheckedAndroidApp) -> Result<Self, Invalid> {
        let fingerprints = app.sha256_cert_fingerprints.iter().map(String::as_str);
        Self::new(&app.package_name, fingerprints)
    }
}

impl IosApp {
    /// An app of this team.
    pub fn new(team_id: &str, bundle_id: &str) -> Result<Self, Invalid> {
        let is_team = |letter: u8| letter.is_ascii_uppercase() || letter.is_ascii_digit();
        if team_id.len() != 10 || !team_id.bytes().all(is_team) {
            return Err(Invalid::TeamId);
        }
        // As the spec's BundleId.
        let is_bundle =
            |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'-');
        let begins_well = bundle_id
            .bytes()
            .next()
            .is_some_and(|letter| letter.is_ascii_alphanumeric());
        if !begins_well || bundle_id.len() > 155 || !bundle_id.bytes().all(is_bundle) {
            return Err(Invalid::BundleId);
        }
        Ok(Self {
            team_id: team_id.to_owned(),
            bundle_id: bundle_id.to_owned(),
        })
    }

    /// What Apple calls the app id.
    pub fn app_id(&self) -> String {
        format!("{}.{}", self.team_id, self.bundle_id)
    }
}

impl AndroidApp {
    /// An app that is signed with one of these certificates.
    pub fn new<'a>(
        package_name: &str,
        fingerprints: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Invalid> {
        // As the spec's PackageName.
        let is_part = |part: &str| {
            part.bytes()
                .next()
                .is_some_and(|letter| letter.is_ascii_alphabetic())
                && part
                    .bytes()
                    .all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
        };
        if package_name.len() > 150
            || !package_name.contains('.')
            || !package_name.split('.').all(is_part)
        {
            return Err(Invalid::PackageName);
        }
        let mut all: Vec<String> = Vec::new();
        for text in fingerprints {
            let fingerprint = fingerprint(text).ok_or(Invalid::Fingerprint)?;
            if !all.contains(&fingerprint) {
                all.push(fingerprint);
            }
        }
        if all.is_empty() {
            return Err(Invalid::NoFingerprint);
        }
        Ok(Self {
            package_name: package_name.to_owned(),
            sha256_cert_fingerprints: all,
        })
    }
}

impl AndroidApp {
    /// Its package name.
    pub fn package_name(&self) -> &str {
        &self.package_name
    }

    /// As it is written, with its fingerprints.
    pub fn written(&self) -> String {
        format!(
            "{}={}",
            self.package_name,
            self.sha256_cert_fingerprints.join(",")
        )
    }
}

/// Reads a domain name, and makes it lower case.
pub fn domain_name(text: &str) -> Result<String, String> {
    let name = text.to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() <= 253 && name.split('.').all(label) {
        Ok(name)
    } else {
        Err("write a host name without scheme, port and path, such as go.example.com".to_owned())
    }
}

/// As Android compares it: capitals, with a colon between bytes.
fn fingerprint(text: &str) -> Option<String> {
    let text = text.trim();
    let digits: Vec<u8> = match text.len() {
        64 => text.bytes().collect(),
        95 if text.bytes().skip(2).step_by(3).all(|letter| letter == b':') => text
            .bytes()
            .enumerate()
            .filter(|(place, _)| place % 3 != 2)
            .map(|(_, letter)| letter)
            .collect(),
        _ => return None,
    };
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let bytes: Vec<String> = digits
        .chunks(2)
        .map(|byte| {
            byte.iter()
                .map(|digit| char::from(digit.to_ascii_uppercase()))
                .collect()
        })
        .collect();
    Some(bytes.join(":"))
}

impl FromStr for IosApp {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (team_id, bundle_id) = text.split_once('.').ok_or(Invalid::Ios)?;
        Self::new(team_id, bundle_id)
    }
}

impl FromStr for AndroidApp {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (package_name, fingerprints) = text.split_once('=').ok_or(Invalid::Android)?;
        Self::new(package_name, fingerprints.split(','))
    }
}

impl Apps {
    /// Apple's file, for iOS 13 and later: every path but `/.well-known/` belongs to the apps.
    pub fn apple_app_site_association(&self) -> Option<Value> {
        let ids: Vec<String> = self.ios.iter().map(IosApp::app_id).collect();
        let components = json!([{ "/": "/.well-known/*", "exclude": true }, { "/": "/*" }]);
        (!ids.is_empty()).then(
            || json!({ "applinks": { "details": [{ "appIDs": ids, "components": components }] } }),
        )
    }

    /// Google's file.
    pub fn assetlinks(&self) -> Option<Value> {
        let statement = |app: &AndroidApp| {
            json!({
                "relation": ["delegate_permission/common.handle_all_urls"],
                "target": {
                    "namespace": "android_app",
                    "package_name": app.package_name,
                    "sha256_cert_fingerprints": app.sha256_cert_fingerprints,
                },
            })
        };
        (!self.android.is_empty()).then(|| self.android.iter().map(statement).collect())
    }

    /// The file at `path`, where it is one of the two and the domain has it.
    pub fn file(&self, path: &str) -> Option<String> {
        let document = match path {
            APPLE_PATH => self.apple_app_site_association(),
            GOOGLE_PATH => self.assetlinks(),
            _ => None,
        };
        document.map(|document| document.to_string())
    }
}
