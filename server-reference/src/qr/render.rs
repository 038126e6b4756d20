//! From modules to files.
//!
//! All three formats draw the dark modules of a row as runs, in one path or one bitmap: adjacent shapes of a single path
//! leave no hairlines between them when a viewer smooths edges, separate ones do.

use std::fmt::Write as _;

use pdf_writer::{Content, Finish, Pdf, Rect, Ref};
use qrcode::{Color as Module, QrCode};

use super::{Error, MIN_PIXELS_PER_MODULE, Options};

/// Dark modules side by side, in modules from the top left corner of the image.
struct Run {
    x: u32,
    y: u32,
    width: u32,
}

/// A code and how it is to look.
pub(super) struct Drawing<'a> {
    runs: Vec<Run>,
    /// Modules across the whole image, margins included.
    across: u32,
    options: &'a Options,
}

impl<'a> Drawing<'a> {
    pub(super) fn new(code: &QrCode, options: &'a Options) -> Self {
        let modules = code.to_colors();
        let mut runs = Vec::new();
        for (row, y) in modules.chunks(code.width()).zip(options.margin..) {
            let mut x = options.margin;
            for run in row.chunk_by(|one, next| one == next) {
                let width = u32::try_from(run.len()).expect("a row has at most 177 modules");
                if run[0] == Module::Dark {
                    runs.push(Run { x, y, width });
                }
                x += width;
            }
        }
        let width = u32::try_from(code.width()).expect("a code is at most 177 modules wide");
        Self {
            runs,
            across: width + 2 * options.margin,
            options,
        }
    }

    pub(super) fn png(&self) -> Result<Vec<u8>, Error> {
        let size = self.options.size;
        let scale = size / self.across;
        if scale < MIN_PIXELS_PER_MODULE {
            return Err(Error::TooSmall {
                needed: self.across * MIN_PIXELS_PER_MODULE,
            });
        }
        let offset = (size - self.across * scale) / 2;

        let stride = size.div_ceil(8) as usize;
        let mut pixels = vec![0_u8; stride * size as usize];
        for run in &self.runs {
            let top = (offset + run.y * scale) as usize;
            let (left, right) = (offset + run.x * scale, offset + (run.x + run.width) * scale);
            let (first, rest) = pixels[top * stride..].split_at_mut(stride);
            for x in left..right {
                first[(x / 8) as usize] |= 0x80 >> (x % 8);
            }
            let bytes = (left / 8) as usize..right.div_ceil(8) as usize;
            for line in rest.chunks_mut(stride).take(scale as usize - 1) {
                // Other runs of the same row may share the first and the last byte.
                for byte in bytes.clone() {
                    line[byte] |= first[byte];
                }
            }
        }

        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, size, size);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::One);
        encoder.set_palette([self.options.background.rgb, self.options.foreground.rgb].concat());
        // Most lines repeat the one above, which this filter turns into zeros.
        encoder.set_filter(png::Filter::Up);
        encoder
            .write_header()
            .and_then(|mut writer| {
                writer
                    .write_image_data(&pixels)
                    .and_then(|()| writer.finish())
            })
            .expect("writing to memory does not fail, and the bitmap has the header's size");
        Ok(file)
    }

    pub(super) fn svg(&self) -> String {
        let Options {
            size,
            foreground,
            background,
            ..
        } = self.options;
        let across = self.across;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{size}\" height=\"{size}\" viewBox=\"0 0 {across} {across}\" \
             shape-rendering=\"crispEdges\"><path fill=\"#{background}\" d=\"M0 0h{across}v{across}H0z\"/>\
             <path fill=\"#{foreground}\" d=\""
        );
        for Run { x, y, width } in &self.runs {
            let _ = write!(svg, "M{x} {y}h{width}v1h-{width}z");
        }
        svg.push_str("\"/></svg>\n");
        svg
    }

    pub(super) fn pdf(&self) -> Vec<u8> {
        let [catalog, pages, page, drawing] = [1, 2, 3, 4].map(Ref::new);
        // Both are far below 2^24, so they are exact.
        let (size, across) = (self.options.size as f32, self.across as f32);
        let fraction = |channel: u8| f32::from(channel) / 255.0;

        let mut content = Content::new();
        let [red, green, blue] = self.options.background.rgb.map(fraction);
        content
            .set_fill_rgb(red, green, blue)
            .rect(0.0, 0.0, size, size)
            .fill_nonzero();
        // From here on one unit is one module, and y counts downwards from the top.
        let scale = size / across;
        content.transform([scale, 0.0, 0.0, -scale, 0.0, size]);
        let [red, green, blue] = self.options.foreground.rgb.map(fraction);
        content.set_fill_rgb(red, green, blue);
        for Run { x, y, width } in &self.runs {
            content.rect(*x as f32, *y as f32, *width as f32, 1.0);
        }
        content.fill_nonzero();

        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(pages);
        pdf.pages(pages).kids([page]).count(1);
        let mut only = pdf.page(page);
        only.parent(pages)
            .media_box(Rect::new(0.0, 0.0, size, size))
            .contents(drawing);
        only.resources();
        only.finish();
        pdf.stream(drawing, &content.finish());
        pdf.finish()
    }
}
