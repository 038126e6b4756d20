//! Colours, and which pairs of them a scanner can tell apart.
//!
//! The rule has three parts:
//!
//! - the foreground is the darker one, since many scanners read only dark on light;
//! - the contrast ratio of WCAG 2 is at least 3 : 1, what WCAG asks of graphics; this stops pale codes on white;
//! - the background reflects at least 20 % (of white) more light than the foreground, below which ISO/IEC 15415 grades a
//!   printed symbol as failed; this stops black codes on dark grey, where the ratio alone says little.
//!
//! Black on white has 21 : 1 and 100 %.

use std::fmt;

/// The contrast ratio that a code needs.
pub const MIN_RATIO: f64 = 3.0;

/// The difference in luminance that a code needs.
pub const MIN_DIFFERENCE: f64 = 0.2;

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color {
    /// Red, green and blue.
    pub rgb: [u8; 3],
}

impl Color {
    /// The default foreground.
    pub const BLACK: Self = Self { rgb: [0; 3] };
    /// The default background.
    pub const WHITE: Self = Self { rgb: [255; 3] };

    /// Reads six hexadecimal digits, without `#`.
    pub fn from_hex(digits: &str) -> Option<Self> {
        // from_str_radix alone would take a sign too.
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let [_, rgb @ ..] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self { rgb })
    }

    /// WCAG's relative luminance, from 0 (black) to 1 (white).
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.rgb.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.rgb;
        write!(f, "{red:02x}{green:02x}{blue:02x}")
    }
}

/// Why a scanner could not read two colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unreadable {
    /// Light on dark.
    Inverted,
    /// Too much alike.
    LowRatio {
        /// Their contrast ratio.
        ratio: f64,
    },
    /// Both dark.
    LowDifference {
        /// Their difference in luminance, of 1.
        difference: f64,
    },
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inverted => f.write_str(
                "`foreground` must be darker than `background`: many scanners cannot read light codes on a dark ground.",
            ),
            Self::LowRatio { ratio } => {
                // Rounded down, so that 2.99 is not shown as the 3.0 that would do.
                let ratio = (ratio * 10.0).floor() / 10.0;
                write!(
                    f,
                    "The contrast of `foreground` to `background` is {ratio:.1} : 1; scanners need {MIN_RATIO} : 1 or more."
                )
            }
            Self::LowDifference { difference } => write!(
                f,
                "`background` reflects only {:.0} % more light than `foreground`; scanners need {:.0} % or more, so take a \
                 lighter background.",
                (difference * 100.0).floor(),
                MIN_DIFFERENCE * 100.0
            ),
        }
    }
}

/// The contrast ratio of WCAG 2, from 1 to 21.
pub fn ratio(one: Color, other: Color) -> f64 {
    let (one, other) = (one.luminance(), other.luminance());
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Whether a code in these colours can be read.
pub fn check(foreground: Color, background: Color) -> Result<(), Unreadable> {
    let (front, back) = (foreground.luminance(), background.luminance());
    let ratio = ratio(foreground, background);
    if ratio < MIN_RATIO {
        Err(Unreadable::LowRatio { ratio })
    } else if front > back {
        Err(Unreadable::Inverted)
    } else if back - front < MIN_DIFFERENCE {
        Err(Unreadable::LowDifference {
            difference: back - front,
        })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn color(digits: &str) -> Color {
        Color::from_hex(digits).expect(digits)
    }

    #[test]
    fn only_six_hexadecimal_digits_are_a_color() {
        assert_eq!(color("1a2B3c").rgb, [0x1a, 0x2b, 0x3c]);
        assert_eq!(color("1a2B3c").to_string(), "1a2b3c");
        for wrong in [
            "", "fff", "#ffffff", "+fffff", "-00001", "ffffff0", "gggggg", "ＦＦ", "fffff ",
        ] {
            assert_eq!(Color::from_hex(wrong), None, "{wrong:?}");
        }
    }

    /// The ratios are those of WCAG's own examples and of the WebAIM checker.
    #[test]
    fn contrast_is_that_of_wcag() {
        let ratio = |front, back| match check(color(front), color(back)) {
            Err(Unreadable::LowRatio { ratio }) => ratio,
            other => panic!("{front} on {back}: {other:?}"),
        };
        assert!((ratio("ffffff", "ffffff") - 1.0).abs() < 1e-9);
        assert!((ratio("999999", "ffffff") - 2.849).abs() < 0.001);
        assert!((ratio("ffff00", "ffffff") - 1.074).abs() < 0.001);
    }

    #[test]
    fn dark_on_light_passes_and_the_rest_says_why() {
        for (front, back) in [
            ("000000", "ffffff"),
            ("ff0000", "ffffff"),
            ("0000ff", "ffff00"),
            ("949494", "ffffff"),
        ] {
            assert_eq!(
                check(color(front), color(back)),
                Ok(()),
                "{front} on {back}"
            );
        }
        for (front, back) in [("ffffff", "000000"), ("ffff00", "0000ff")] {
            assert_eq!(
                check(color(front), color(back)),
                Err(Unreadable::Inverted),
                "{front} on {back}"
            );
        }
        for (front, back, difference) in [("000000", "7b7b7b", 0.198), ("000000", "5a5a5a", 0.102)]
        {
            let Err(Unreadable::LowDifference { difference: found }) =
                check(color(front), color(back))
            else {
                panic!("{front} on {back} passed");
            };
            assert!(
                (found - difference).abs() < 0.001,
                "{front} on {back}: {found}"
            );
        }
        assert_eq!(check(color("000000"), color("7c7c7c")), Ok(()));
        let why = check(color("000000"), color("7b7b7b"))
            .expect_err("one shade too dark")
            .to_string();
        assert!(
            why.starts_with("`background` reflects only 19 % more light"),
            "{why}"
        );
        let why = check(color("959595"), color("ffffff"))
            .expect_err("one shade too light")
            .to_string();
        assert_eq!(
            why,
            "The contrast of `foreground` to `background` is 2.9 : 1; scanners need 3 : 1 or more."
        );
    }
}
