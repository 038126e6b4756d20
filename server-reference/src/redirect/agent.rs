//! What a user agent says: operating system, device, browser, and whether it is a person at all.

use http::HeaderMap;

/// An operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Os {
    Ios,
    Android,
    Macos,
    Windows,
    Linux,
    Chromeos,
    Other,
}

impl Os {
    /// Its name, as the spec's `Os` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ios => "ios",
            Self::Android => "android",
            Self::Macos => "macos",
            Self::Windows => "windows",
            Self::Linux => "linux",
            Self::Chromeos => "chromeos",
            Self::Other => "other",
        }
    }
}

/// A user agent, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The operating system.
    pub os: Os,
    /// The kind of device, as the spec's `Device` has it.
    pub device: &'static str,
    /// The browser's name.
    pub browser: &'static str,
    /// Whether it is a bot, a link preview or a program.
    pub is_bot: bool,
}

/// Parts of names by which bots, previews and programs are known, lower case.
const BOTS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "preview",
    "facebookexternalhit",
    "facebookcatalog",
    "whatsapp/",
    "embedly",
    "vkshare",
    "pinterest/",
    "outbrain",
    "flipboard",
    "headless",
    "lighthouse",
    "pingdom",
    "uptime",
    "monitor",
    "scanner",
    "validator",
    "curl/",
    "wget/",
    "python-",
    "python/",
    "aiohttp",
    "httpx",
    "go-http-client",
    "okhttp",
    "java/",
    "libwww",
    "apache-httpclient",
    "axios",
    "node-fetch",
    "undici",
    "reqwest",
    "ruby",
    "faraday",
    "php/",
    "guzzle",
    "postman",
    "insomnia",
    "mediapartners",
    "feedfetcher",
    "google-read-aloud",
    "bytespider",
    "yandex.com",
];

/// Browsers by a part of their user agent, the special ones first.
const BROWSERS: &[(&str, &str)] = &[
    ("Instagram", "Instagram"),
    ("FBAN", "Facebook"),
    ("FBAV", "Facebook"),
    ("TikTok", "TikTok"),
    ("musical_ly", "TikTok"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

impl Agent {
    /// Reads a user agent.
    pub fn of(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let is_bot = text.is_empty() || BOTS.iter().any(|name| lower.contains(name));
        let has = |part: &str| text.contains(part);
        let os = if has("iPhone") || has("iPad") || has("iPod") {
            Os::Ios
        } else if has("Android") {
            Os::Android
        } else if has("Windows") {
            Os::Windows
        } else if has("CrOS") {
            Os::Chromeos
        } else if has("Macintosh") || has("Mac OS X") {
            Os::Macos
        } else if has("Linux") || has("X11") {
            Os::Linux
        } else {
            Os::Other
        };
        let tv = ["TV", "BRAVIA", "AFTT", "Roku", "Tizen"]
            .into_iter()
            .any(has);
        let device = match os {
            _ if tv => "tv",
            Os::Ios if has("iPad") => "tablet",
            Os::Ios => "phone",
            Os::Android if has("Mobile") => "phone",
            Os::Android => "tablet",
            Os::Other => "other",
            _ => "desktop",
        };
        let browser = BROWSERS
            .iter()
            .find(|(part, _)| has(part))
            .map_or("other", |(_, name)| name);
        Self {
            os,
            device,
            browser,
            is_bot,
        }
    }
}

/// Whether a browser only looks ahead: nobody has clicked yet.
pub fn is_prefetch(headers: &HeaderMap) -> bool {
    ["purpose", "sec-purpose", "x-purpose", "x-moz"]
        .into_iter()
        .any(|name| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .is_some_and(|value| {
                    let value = value.to_ascii_lowercase();
                    value.contains("prefetch")
                        || value.contains("preview")
                        || value.contains("prerender")
                })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_devices_apart() {
        for (text, os, device, browser) in [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                Os::Ios,
                "phone",
                "Safari",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0 Mobile/15E148 Safari/604.1",
                Os::Ios,
                "tablet",
                "Chrome",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21E219 Instagram 330.0",
                Os::Ios,
                "phone",
                "Instagram",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
                Os::Android,
                "phone",
                "Chrome",
            ),
            (
                "Mozilla/5.0 (Linux; Android 13; SM-X900) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0 Safari/537.36",
                Os::Android,
                "tablet",
                "Samsung Internet",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0",
                Os::Windows,
                "desktop",
                "Edge",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
                Os::Macos,
                "desktop",
                "Safari",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
                Os::Linux,
                "desktop",
                "Firefox",
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
                Os::Chromeos,
                "desktop",
                "Chrome",
            ),
        ] {
            assert_eq!(
                Agent::of(text),
                Agent {
                    os,
                    device,
                    browser,
                    is_bot: false
                },
                "{text}"
            );
        }
    }

    #[test]
    fn knows_bots_previews_and_programs() {
        for text in [
            "",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "WhatsApp/2.23.20.0 A",
            "TelegramBot (like TwitterBot)",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "curl/8.5.0",
            "python-requests/2.32",
        ] {
            assert!(Agent::of(text).is_bot, "{text}");
        }
    }
}
