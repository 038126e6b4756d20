//! QR codes of short links, as PNG, SVG or PDF.
//!
//! [`draw`] is a pure function: the same link and the same [`Options`] give the same bytes, so that the [`Image`]'s
//! strong entity tag stays the same on every node and across restarts.
//!
//! Three rules go beyond the ranges that the spec states, because an image that no camera reads is worth less than an
//! error: colours need contrast (see [`color`]), a PNG needs at least two pixels for each module, and every module of a
//! PNG has the same whole number of pixels. What is left over of `size` widens the margin.

pub mod color;
pub mod get;
pub mod negotiate;
mod render;
#[cfg(test)]
mod tests;

use std::fmt;

use qrcode::{EcLevel, QrCode};
use sha2::{Digest, Sha256};

use self::color::Color;

/// Pixels for each module in a PNG, at least: with one, scaling by any screen makes the code unreadable.
pub const MIN_PIXELS_PER_MODULE: u32 = 2;

/// An image format, in the order in which equally welcome ones are preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Two colours, one bit for each pixel.
    Png,
    /// One path.
    Svg,
    /// One page with one path.
    Pdf,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Png, Self::Svg, Self::Pdf];

    /// The value for `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
            Self::Pdf => "application/pdf",
        }
    }

    /// The format that the parameter `format` names.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "png" => Some(Self::Png),
            "svg" => Some(Self::Svg),
            "pdf" => Some(Self::Pdf),
            _ => None,
        }
    }
}

/// How much of the code may be damaged or covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorCorrection {
    /// 7 %.
    L,
    /// 15 %.
    #[default]
    M,
    /// 25 %.
    Q,
    /// 30 %.
    H,
}

impl ErrorCorrection {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::L, Self::M, Self::Q, Self::H];

    /// The level that the parameter `error_correction` names.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "L" => Some(Self::L),
            "M" => Some(Self::M),
            "Q" => Some(Self::Q),
            "H" => Some(Self::H),
            _ => None,
        }
    }

    fn level(self) -> EcLevel {
        match self {
            Self::L => EcLevel::L,
            Self::M => EcLevel::M,
            Self::Q => EcLevel::Q,
            Self::H => EcLevel::H,
        }
    }
}

/// How a code is drawn; the default is the spec's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Width and height, margin included: pixels of a PNG, points of an SVG or PDF; 64 to 4096.
    pub size: u32,
    /// The quiet zone on each side, in modules; 0 to 16.
    pub margin: u32,
    /// How much damage the code survives.
    pub error_correction: ErrorCorrection,
    /// The colour of the modules.
    pub foreground: Color,
    /// The colour behind them.
    pub background: Color,
}

impl Options {
    /// The sizes that the spec allows.
    pub const SIZES: std::ops::RangeInclusive<u32> = 64..=4096;
    /// The margins that the spec allows.
    pub const MARGINS: std::ops::RangeInclusive<u32> = 0..=16;
}

impl Default for Options {
    fn default() -> Self {
        Self {
            size: 512,
            margin: 4,
            error_correction: ErrorCorrection::default(),
            foreground: Color::BLACK,
            background: Color::WHITE,
        }
    }
}

/// Why a code cannot be drawn as asked. Each names the parameter to change and prints as advice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Error {
    /// The size is outside what the spec allows.
    Size,
    /// The margin is outside what the spec allows.
    Margin,
    /// Scanners could not tell the two colours apart.
    Contrast(color::Unreadable),
    /// The image has too few pixels for the modules.
    TooSmall {
        /// The smallest size that works with these options.
        needed: u32,
    },
    /// The address does not fit a QR code of this error correction.
    TooLong,
}

impl Error {
    /// The query parameter that is wrong.
    pub fn parameter(&self) -> &'static str {
        match self {
            Self::Size | Self::TooSmall { .. } => "size",
            Self::Margin => "margin",
            Self::Contrast(_) => "foreground",
            Self::TooLong => "error_correction",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size => f.write_str("`size` is 64 to 4096."),
            Self::Margin => f.write_str("`margin` is 0 to 16 modules."),
            Self::Contrast(why) => why.fmt(f),
            Self::TooSmall { needed } => write!(
                f,
                "With this margin and error correction a PNG needs a `size` of at least {needed} pixels \
                 ({MIN_PIXELS_PER_MODULE} for each module)."
            ),
            Self::TooLong => f.write_str(
                "The address is too long for a QR code of this error correction; use a lower one.",
            ),
        }
    }
}

impl std::error::Error for Error {}

/// A drawn code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What it is encoded as.
    pub format: Format,
    /// The file.
    pub bytes: Vec<u8>,
    /// A strong entity tag, quotes included.
    pub etag: String,
}

/// What the code of a short link says: the link, marked so that a visit by the code is told apart.
pub fn content(short_url: &str) -> String {
    let separator = if short_url.contains('?') { '&' } else { '?' };
    format!("{short_url}{separator}src=qr")
}

/// Draws the code of `short_url`.
pub fn draw(short_url: &str, format: Format, options: &Options) -> Result<Image, Error> {
    if !Options::SIZES.contains(&options.size) {
        return Err(Error::Size);
    }
    if !Options::MARGINS.contains(&options.margin) {
        return Err(Error::Margin);
    }
    color::check(options.foreground, options.background).map_err(Error::Contrast)?;
    let code =
        QrCode::with_error_correction_level(content(short_url), options.error_correction.level())
            .map_err(|_| Error::TooLong)?;
    let drawing = render::Drawing::new(&code, options);
    let bytes = match format {
        Format::Png => drawing.png()?,
        Format::Svg => drawing.svg().into_bytes(),
        Format::Pdf => drawing.pdf(),
    };
    let etag = entity_tag(format, &bytes);
    Ok(Image {
        format,
        bytes,
        etag,
    })
}

/// The bytes follow from the options, so hashing them covers both.
fn entity_tag(format: Format, bytes: &[u8]) -> String {
    let hash = Sha256::new()
        .chain_update(format.media_type())
        .chain_update([0])
        .chain_update(bytes)
        .finalize();
    let mut tag = String::with_capacity(34);
    tag.push('"');
    for byte in &hash[..16] {
        tag.push_str(&format!("{byte:02x}"));
    }
    tag.push('"');
    tag
}
