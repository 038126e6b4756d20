//! The words by which user agents are known, and one search for all of them.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::Os;

/// What a word says.
#[derive(Debug, Clone, Copy)]
enum Mark {
    /// Nobody is there.
    Bot,
    /// Takes back one [`Mark::Bot`] that it contains.
    NotBot,
    Os(Os),
    Phone,
    Tablet,
    Tv,
    /// Neither phone, tablet, desktop nor television.
    OtherDevice,
    Desktop,
    Browser(&'static str),
    WebKit,
    Safari,
}

use Mark::{Bot, Browser, Desktop, NotBot, OtherDevice, Phone, Safari, Tablet, Tv, WebKit};

/// Case does not matter. Of several systems or browsers the first in this table counts, so what pretends to be another one
/// stands before it. Bots are only those that begin like a browser; the others are known by their beginning.
const MARKERS: &[(&str, Mark)] = &[
    // Bots, link previews, monitors and tools.
    ("bot", Bot),
    ("cubot", NotBot), // a maker of phones
    // No browser says where to read about it or whom to write to.
    ("http:", Bot),
    ("https:", Bot),
    ("@", Bot),
    ("(ecosia android@", NotBot),
    ("(ecosia ios@", NotBot),
    ("compatible", Bot),
    ("compatible; msie", NotBot),
    ("scan", Bot),
    ("scrap", Bot),
    ("sitemap", Bot),
    ("crawl", Bot),
    ("spider", Bot),
    ("slurp", Bot),
    ("preview", Bot),
    ("facebookexternalhit", Bot),
    ("facebookcatalog", Bot),
    ("meta-external", Bot),
    ("pinterest/0.", Bot),
    ("vkshare", Bot),
    ("embedly", Bot),
    ("iframely", Bot),
    ("outbrain", Bot),
    ("flipboardproxy", Bot),
    ("mediapartners", Bot),
    ("feedfetcher", Bot),
    ("google-", Bot),
    ("googleother", Bot),
    ("google favicon", Bot),
    ("imageproxy", Bot),
    ("mailproxy", Bot),
    ("chatgpt-user", Bot),
    ("claude-user", Bot),
    ("perplexity-user", Bot),
    ("mistralai-user", Bot),
    ("ia_archiver", Bot),
    ("heritrix", Bot),
    ("nutch", Bot),
    ("httrack", Bot),
    ("validator", Bot),
    ("check", Bot),
    ("monitor", Bot),
    ("pingdom", Bot),
    ("statuscake", Bot),
    ("site24x7", Bot),
    ("uptime", Bot),
    ("datadog", Bot),
    ("newrelic", Bot),
    ("nmap", Bot),
    ("zgrab", Bot),
    ("nikto", Bot),
    ("netcraft", Bot),
    ("censys", Bot),
    ("ptst/", Bot),
    ("lighthouse", Bot),
    ("pagespeed", Bot),
    ("gtmetrix", Bot),
    ("headless", Bot),
    ("phantomjs", Bot),
    ("puppeteer", Bot),
    ("playwright", Bot),
    ("selenium", Bot),
    ("powershell/", Bot),
    ("ms-office", Bot),
    ("microsoft office", Bot),
    ("microsoft outlook", Bot),
    ("cfnetwork/", Bot),
    ("okhttp/", Bot),
    ("http-client", Bot),
    ("httpclient", Bot),
    // Systems.
    ("windows phone", Mark::Os(Os::Windows)),
    ("iphone", Mark::Os(Os::Ios)),
    ("ipad", Mark::Os(Os::Ios)),
    ("ipod", Mark::Os(Os::Ios)),
    ("kaios", Mark::Os(Os::Other)),
    ("android", Mark::Os(Os::Android)),
    ("windows", Mark::Os(Os::Windows)),
    ("cros ", Mark::Os(Os::Chromeos)),
    ("macintosh", Mark::Os(Os::Macos)),
    ("mac os x", Mark::Os(Os::Macos)),
    ("linux", Mark::Os(Os::Linux)),
    ("tizen", Mark::Os(Os::Linux)),
    // Devices.
    ("smart-tv", Tv),
    ("smarttv", Tv),
    ("hbbtv", Tv),
    ("googletv", Tv),
    ("google tv", Tv),
    ("android tv", Tv),
    ("appletv", Tv),
    ("bravia", Tv),
    ("; aft", Tv), // Amazon's Fire TV models
    ("crkey", Tv),
    ("roku", Tv),
    ("web0s", Tv),
    ("netcast", Tv),
    ("vidaa", Tv),
    ("playstation", Tv),
    ("xbox", Tv),
    ("nintendo", OtherDevice),
    ("oculusbrowser", OtherDevice),
    ("ipad", Tablet),
    ("tablet;", Tablet), // Firefox; Internet Explorer's `Tablet PC` is a laptop
    ("mobile", Phone),
    ("iphone", Phone),
    ("ipod", Phone),
    ("windows phone", Phone),
    ("opera mini", Phone),
    ("ucweb/", Phone),
    ("x11", Desktop),
    // Apps with a browser inside.
    ("instagram", Browser("Instagram")),
    ("barcelona", Browser("Threads")),
    ("micromessenger", Browser("WeChat")),
    ("messenger", Browser("Messenger")),
    ("orca-android", Browser("Messenger")),
    ("fban/", Browser("Facebook")),
    ("fbav/", Browser("Facebook")),
    ("fb_iab", Browser("Facebook")),
    ("metaiab", Browser("Facebook")),
    ("tiktok", Browser("TikTok")),
    ("musical_ly", Browser("TikTok")),
    ("bytedancewebview", Browser("TikTok")),
    ("snapchat", Browser("Snapchat")),
    ("twitter for", Browser("X")),
    ("linkedinapp", Browser("LinkedIn")),
    ("[pinterest/", Browser("Pinterest")),
    ("kakaotalk", Browser("KakaoTalk")),
    (" line/", Browser("LINE")),
    ("gsa/", Browser("Google")),
    // Browsers, those that also name a more common one first.
    ("ddg/", Browser("DuckDuckGo")),
    ("duckduckgo/", Browser("DuckDuckGo")),
    ("edga/", Browser("Edge")),
    ("edgios/", Browser("Edge")),
    ("edg/", Browser("Edge")),
    ("edge/", Browser("Edge")),
    ("opr/", Browser("Opera")),
    ("opt/", Browser("Opera")),
    ("opx/", Browser("Opera")),
    ("opera", Browser("Opera")),
    ("vivaldi/", Browser("Vivaldi")),
    ("yabrowser/", Browser("Yandex Browser")),
    ("samsungbrowser/", Browser("Samsung Internet")),
    ("ucbrowser", Browser("UC Browser")),
    ("miuibrowser/", Browser("Mi Browser")),
    ("huaweibrowser/", Browser("Huawei Browser")),
    ("heytapbrowser/", Browser("HeyTap Browser")),
    ("vivobrowser/", Browser("Vivo Browser")),
    ("qqbrowser/", Browser("QQ Browser")),
    ("whale/", Browser("Whale")),
    ("silk/", Browser("Silk")),
    ("brave/", Browser("Brave")),
    ("ecosia", Browser("Ecosia")),
    ("oculusbrowser/", Browser("Quest Browser")),
    ("fxios/", Browser("Firefox")),
    ("focus/", Browser("Firefox")),
    ("firefox/", Browser("Firefox")),
    ("crios/", Browser("Chrome")),
    ("; wv)", Browser("WebView")),
    ("chromium/", Browser("Chromium")),
    ("chrome/", Browser("Chrome")),
    ("trident/", Browser("Internet Explorer")),
    ("msie ", Browser("Internet Explorer")),
    ("applewebkit/", WebKit),
    ("safari/", Safari),
];

static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .build(MARKERS.iter().map(|(word, _)| word))
        .expect("the words are few and short")
});

/// What a user agent's words say.
#[derive(Default)]
pub(super) struct Found {
    bots: u32,
    not_bots: u32,
    /// Places in [`MARKERS`], the lowest found.
    os: Option<(usize, Os)>,
    browser: Option<(usize, &'static str)>,
    phone: bool,
    tablet: bool,
    tv: bool,
    other_device: bool,
    desktop: bool,
    pub(super) webkit: bool,
    pub(super) safari: bool,
}

impl Found {
    pub(super) fn in_text(text: &str) -> Self {
        let mut found = Self::default();
        for hit in SEARCH.find_overlapping_iter(text) {
            let rank = hit.pattern().as_usize();
            match MARKERS[rank].1 {
                Bot => found.bots += 1,
                NotBot => found.not_bots += 1,
                Mark::Os(os) => first(&mut found.os, rank, os),
                Browser(name) => first(&mut found.browser, rank, name),
                Phone => found.phone = true,
                Tablet => found.tablet = true,
                Tv => found.tv = true,
                OtherDevice => found.other_device = true,
                Desktop => found.desktop = true,
                WebKit => found.webkit = true,
                Safari => found.safari = true,
            }
        }
        // `Safari/` is what tells Safari from an app's web view.
        found.webkit &= !found.safari;
        found
    }

    pub(super) fn bot(&self) -> bool {
        self.bots > self.not_bots
    }

    pub(super) fn os(&self) -> Os {
        self.os.map_or(Os::Other, |(_, os)| os)
    }

    pub(super) fn browser(&self) -> Option<&'static str> {
        self.browser.map(|(_, name)| name)
    }

    pub(super) fn device(&self, os: Os) -> &'static str {
        if self.tv {
            "tv"
        } else if self.other_device {
            "other"
        } else if self.tablet {
            "tablet"
        } else if self.phone {
            "phone"
        } else {
            match os {
                // Google asks makers to leave `Mobile` out on tablets.
                Os::Android => "tablet",
                Os::Ios => "phone",
                Os::Macos | Os::Windows | Os::Linux | Os::Chromeos => "desktop",
                Os::Other if self.desktop => "desktop",
                Os::Other => "other",
            }
        }
    }
}

fn first<T>(best: &mut Option<(usize, T)>, rank: usize, value: T) {
    if best.as_ref().is_none_or(|(other, _)| rank < *other) {
        *best = Some((rank, value));
    }
}
