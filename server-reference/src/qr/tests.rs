//! Every image is read by a decoder that shares no code with ours: rqrr for PNG; librsvg or poppler, then zbar, for the
//! vector formats.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::color::Color;
use super::*;

const SHORT_URL: &str = "https://go.example.com/autumn-nora";

/// A PNG's pixels as luma, its width and its height.
fn pixels(bytes: &[u8]) -> (Vec<u8>, [usize; 2]) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut data = vec![0; reader.output_buffer_size().expect("it fits")];
    let info = reader.next_frame(&mut data).expect("a frame");
    assert_eq!(info.color_type, png::ColorType::Rgb);
    let luma = data.chunks(3).map(|rgb| {
        ((u32::from(rgb[0]) * 299 + u32::from(rgb[1]) * 587 + u32::from(rgb[2]) * 114) / 1_000)
            as u8
    });
    (luma.collect(), [info.width as usize, info.height as usize])
}

/// Reads a PNG with rqrr, inside a white frame: a code without a margin leaves the quiet zone to whoever prints it.
fn scan_png(bytes: &[u8]) -> Result<String, String> {
    const FRAME: usize = 32;
    let (luma, [width, height]) = pixels(bytes);
    let ground = luma.iter().copied().max().expect("pixels");
    let framed = |x: usize, y: usize| {
        let inside = |place: usize, end| place.checked_sub(FRAME).filter(|place| *place < end);
        inside(x, width)
            .zip(inside(y, height))
            .map_or(ground, |(x, y)| luma[y * width + x])
    };
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(width + 2 * FRAME, height + 2 * FRAME, framed);
    let grids = image.detect_grids();
    let [grid] = grids.as_slice() else {
        return Err(format!("{} codes found", grids.len()));
    };
    grid.decode()
        .map(|(_, content)| content)
        .map_err(|error| error.to_string())
}

/// Runs a tool of the `test` group of scripts/bootstrap over `input` and returns what it prints.
fn tool(program: &str, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; scripts/bootstrap test installs it"));
    let mut stdin = child.stdin.take().expect("piped");
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).expect("the tool reads its input"));
        let output = child.wait_with_output().expect("the tool ends");
        assert!(
            output.status.success(),
            "{program}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    })
}

/// Renders a vector format 800 pixels wide, whatever its nominal size.
fn rasterize(image: &Image) -> Vec<u8> {
    match image.format {
        Format::Png => image.bytes.clone(),
        Format::Svg => tool(
            "rsvg-convert",
            &["--width=800", "--height=800", "--format=png"],
            &image.bytes,
        ),
        Format::Pdf => tool(
            "pdftoppm",
            &[
                "-png",
                "-singlefile",
                "-scale-to-x",
                "800",
                "-scale-to-y",
                "800",
                "-",
            ],
            &image.bytes,
        ),
    }
}

fn zbar(png: &[u8]) -> String {
    let mut file = tempfile::Builder::new()
        .suffix(".png")
        .tempfile()
        .expect("a temporary file");
    file.write_all(png).expect("room on the disk");
    let path = file.path().to_str().expect("a path in UTF-8");
    let text = tool("zbarimg", &["--quiet", "--raw", path], &[]);
    String::from_utf8(text)
        .expect("UTF-8")
        .trim_end()
        .to_owned()
}

fn options(
    size: u32,
    margin: u32,
    error_correction: ErrorCorrection,
    colors: (&str, &str),
) -> Options {
    let color = |digits| Color::from_hex(digits).expect("a colour");
    Options {
        size,
        margin,
        error_correction,
        foreground: color(colors.0),
        background: color(colors.1),
    }
}

/// The ends of the contrast rule in both directions of hue and brightness, and what brands use.
const COLORS: [(&str, &str); 6] = [
    ("000000", "ffffff"),
    ("949494", "ffffff"),
    ("000000", "7c7c7c"),
    ("ff0000", "ffffff"),
    ("0000ff", "ffff00"),
    ("1a2b3c", "fafbfc"),
];

#[test]
fn every_corner_of_a_png_is_read_by_rqrr() {
    let expected = content(SHORT_URL);
    let (mut read, mut refused) = (0, 0);
    for size in [64, 65, 127, 300, 1023] {
        // Each image takes its time in a debug build, the large ones most of all.
        let margins = if size > 1_000 {
            &[0, 16][..]
        } else {
            &[0, 1, 4, 16]
        };
        for margin in margins {
            for level in ErrorCorrection::ALL {
                // Colours have nothing to do with size and margin.
                let every_color = size == 300 && *margin == 4;
                let colors = if every_color {
                    &COLORS[..]
                } else {
                    &COLORS[..1]
                };
                for colors in colors {
                    let options = options(size, *margin, level, *colors);
                    match draw(SHORT_URL, Format::Png, &options) {
                        Ok(image) => {
                            assert_eq!(
                                scan_png(&image.bytes).as_deref(),
                                Ok(expected.as_str()),
                                "{options:?}"
                            );
                            assert_eq!(pixels(&image.bytes).1, [size as usize; 2]);
                            read += 1;
                        }
                        Err(Error::TooSmall { needed }) => {
                            assert!(needed > size, "{options:?}: {needed}");
                            refused += 1;
                        }
                        Err(other) => panic!("{options:?}: {other}"),
                    }
                }
            }
        }
    }
    assert!(
        (read, refused) == (66, 26),
        "{read} read, {refused} refused"
    );
}

/// rqrr's arithmetic overflows on images this large, so zbar reads them.
#[test]
fn the_largest_png_is_read_by_zbar() {
    for (margin, level) in [(4, ErrorCorrection::L), (16, ErrorCorrection::H)] {
        let options = options(4_096, margin, level, COLORS[0]);
        let image = draw(SHORT_URL, Format::Png, &options).expect("drawn");
        assert_eq!(zbar(&image.bytes), content(SHORT_URL), "{options:?}");
        assert!(image.bytes.len() < 100_000, "{} bytes", image.bytes.len());
    }
}

#[test]
fn vector_formats_are_read_after_somebody_else_rendered_them() {
    let expected = content(SHORT_URL);
    for format in [Format::Svg, Format::Pdf] {
        for (size, margin, level, colors) in [
            (64, 4, ErrorCorrection::L, COLORS[0]),
            (64, 16, ErrorCorrection::H, COLORS[5]),
            (512, 4, ErrorCorrection::M, COLORS[0]),
            (777, 1, ErrorCorrection::Q, COLORS[1]),
            (1_000, 4, ErrorCorrection::M, COLORS[2]),
            (4_096, 2, ErrorCorrection::H, COLORS[4]),
            (4_096, 16, ErrorCorrection::L, COLORS[3]),
        ] {
            let options = options(size, margin, level, colors);
            let image = draw(SHORT_URL, format, &options).expect("drawn");
            let png = rasterize(&image);
            assert_eq!(zbar(&png), expected, "{format:?} {options:?}");
        }
    }
}

#[test]
fn colors_and_margin_are_those_asked_for_in_every_format() {
    let options = options(45 * 13, 8, ErrorCorrection::L, ("123456", "fedcba"));
    for format in Format::ALL {
        let png = rasterize(&draw(SHORT_URL, format, &options).expect("drawn"));
        let mut decoder = png::Decoder::new(std::io::Cursor::new(png.as_slice()));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info().expect("a PNG");
        let mut data = vec![0; reader.output_buffer_size().expect("it fits")];
        let info = reader.next_frame(&mut data).expect("a frame");
        let pixel = |module: f64| {
            // 29 modules and two margins of 8 are 45 across; the finder pattern starts where the margin ends.
            let place = (module / 45.0 * f64::from(info.width)) as usize;
            let at = (place * info.width as usize + place) * info.color_type.samples();
            [data[at], data[at + 1], data[at + 2]]
        };
        assert_eq!(pixel(0.5), [0xfe, 0xdc, 0xba], "{format:?}: margin");
        assert_eq!(pixel(7.5), [0xfe, 0xdc, 0xba], "{format:?}: margin's end");
        assert_eq!(pixel(8.5), [0x12, 0x34, 0x56], "{format:?}: finder pattern");
        assert_eq!(pixel(9.5), [0xfe, 0xdc, 0xba], "{format:?}: its inner ring");
    }
}

#[test]
fn too_few_pixels_say_how_many_are_needed() {
    let tight = options(64, 4, ErrorCorrection::H, COLORS[0]);
    let Err(error @ Error::TooSmall { needed }) = draw(SHORT_URL, Format::Png, &tight) else {
        panic!("64 pixels did")
    };
    assert_eq!(error.parameter(), "size");
    assert!(
        error
            .to_string()
            .contains(&format!("at least {needed} pixels")),
        "{error}"
    );
    assert!(
        draw(
            SHORT_URL,
            Format::Png,
            &Options {
                size: needed,
                ..tight
            }
        )
        .is_ok()
    );
    assert_eq!(
        draw(
            SHORT_URL,
            Format::Png,
            &Options {
                size: needed - 1,
                ..tight
            }
        ),
        Err(error)
    );
    // Vectors have no pixels to run out of.
    assert!(draw(SHORT_URL, Format::Svg, &tight).is_ok());
}

#[test]
fn what_the_spec_excludes_is_refused() {
    let with = |size, margin| {
        draw(
            SHORT_URL,
            Format::Svg,
            &options(size, margin, ErrorCorrection::M, COLORS[0]),
        )
    };
    for size in [0, 63, 4_097, u32::MAX] {
        assert_eq!(with(size, 4), Err(Error::Size));
    }
    assert_eq!(with(512, 17), Err(Error::Margin));
    let error = draw(
        SHORT_URL,
        Format::Svg,
        &options(512, 4, ErrorCorrection::M, ("eeeeee", "ffffff")),
    );
    assert_eq!(error.expect_err("hardly visible").parameter(), "foreground");
    let endless = format!("https://go.example.com/{}", "x".repeat(1_300));
    let level = |error_correction| {
        draw(
            &endless,
            Format::Svg,
            &Options {
                error_correction,
                ..Options::default()
            },
        )
    };
    assert_eq!(level(ErrorCorrection::H).map(drop), Err(Error::TooLong));
    assert!(level(ErrorCorrection::L).is_ok());
}

/// The bytes are pinned by their tags: a library update that draws differently is seen here, and by every cache.
#[test]
fn the_same_request_gives_the_same_bytes() {
    let mut tags = Vec::new();
    for format in Format::ALL {
        let one = draw(SHORT_URL, format, &Options::default()).expect("drawn");
        let two = draw(SHORT_URL, format, &Options::default()).expect("drawn");
        assert_eq!(one, two);
        assert!(
            one.bytes.len() < 16_000,
            "{format:?}: {} bytes",
            one.bytes.len()
        );
        tags.push(one.etag);
        let foreground = Color { rgb: [0, 0, 1] };
        let other = draw(
            SHORT_URL,
            format,
            &Options {
                foreground,
                ..Options::default()
            },
        );
        assert_ne!(tags.last(), other.map(|image| image.etag).ok().as_ref());
    }
    assert_eq!(
        tags,
        [
            "\"94780d91396559d9984b0b0ced54d1a1\"",
            "\"c1c68268a41cd8f62567a538b6e6e434\"",
            "\"82264c4e15b9af04d02195f3c6291bc7\"",
        ]
    );
}

#[test]
fn the_code_marks_its_visits() {
    assert_eq!(
        content("https://go.example.com/a"),
        "https://go.example.com/a?src=qr"
    );
    assert_eq!(
        content("https://go.example.com/a?b=c"),
        "https://go.example.com/a?b=c&src=qr"
    );
}
