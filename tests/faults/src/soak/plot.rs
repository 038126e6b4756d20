//! The measures as curves.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::level::Series;
use crate::sample::Key;

const SIZE: (u32, u32) = (1200, 1360);
/// A curve needs no more points than it has pixels.
const POINTS: usize = 150;
const FONT: &str = "sans-serif";

/// A panel: its title, whose measures, which, and what a unit is.
struct Panel {
    title: &'static str,
    of_server: bool,
    measures: &'static [&'static str],
    unit: f64,
}

const MEGABYTE: f64 = 1_048_576.0;
const PANELS: [Panel; 7] = [
    Panel {
        title: "memory (RSS) of each driver, MiB",
        of_server: false,
        measures: &["memory"],
        unit: MEGABYTE,
    },
    Panel {
        title: "open files of each driver",
        of_server: false,
        measures: &["files"],
        unit: 1.0,
    },
    Panel {
        title: "threads of each driver",
        of_server: false,
        measures: &["threads"],
        unit: 1.0,
    },
    Panel {
        title: "what each language counts, in thousands of objects, MiB of heap, goroutines",
        of_server: false,
        measures: &["objects", "heap", "goroutines"],
        unit: 1.0,
    },
    Panel {
        title: "memory (RSS) of the server, MiB",
        of_server: true,
        measures: &["memory"],
        unit: MEGABYTE,
    },
    Panel {
        title: "database, MiB",
        of_server: true,
        measures: &["database"],
        unit: MEGABYTE,
    },
    Panel {
        title: "links, in thousands",
        of_server: true,
        measures: &["links"],
        unit: 1000.0,
    },
];

/// Draws everything into an SVG.
///
/// # Errors
/// When the file cannot be written.
pub fn draw(
    file: &Path,
    drivers: &[String],
    all: &BTreeMap<Key, Series>,
) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let parts = area.split_evenly((4, 2));
    let end = all
        .values()
        .filter_map(|series| series.last())
        .map(|(time, _)| *time);
    let minutes = end.fold(0.0, f64::max) / 60.0;
    for (panel, part) in PANELS.iter().zip(&parts) {
        let curves = curves(panel, drivers, all);
        let values = curves
            .iter()
            .flat_map(|(_, curve)| curve)
            .map(|(_, value)| *value);
        let top = values.fold(0.0, f64::max).max(1.0) * 1.1;
        let mut chart = ChartBuilder::on(part)
            .caption(panel.title, (FONT, 17))
            .margin(12)
            .x_label_area_size(34)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..minutes, 0.0..top)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc("minutes")
            .label_style((FONT, 13))
            .draw()?;
        for (color, curve) in curves {
            chart.draw_series(LineSeries::new(curve, color.stroke_width(2)))?;
        }
    }
    if let Some(part) = parts.last() {
        for (index, name) in drivers.iter().enumerate() {
            let y = 50 + 22 * i32::try_from(index)?;
            let line = PathElement::new([(70, y), (110, y)], color(index).stroke_width(3));
            part.draw(&line)?;
            part.draw(&Text::new(name.clone(), (120, y - 7), (FONT, 15)))?;
        }
    }
    area.present()?;
    Ok(())
}

fn curves(
    panel: &Panel,
    drivers: &[String],
    all: &BTreeMap<Key, Series>,
) -> Vec<(RGBColor, Series)> {
    let subjects: Vec<(RGBColor, &str)> = if panel.of_server {
        vec![(BLACK, "server")]
    } else {
        let names = drivers.iter().enumerate();
        names
            .map(|(index, name)| (color(index), name.as_str()))
            .collect()
    };
    let mut curves = Vec::new();
    for (color, subject) in subjects {
        for measure in panel.measures {
            if let Some(series) = all.get(&(subject.to_owned(), (*measure).to_owned())) {
                let unit = match *measure {
                    "objects" => 1000.0,
                    "heap" => MEGABYTE,
                    _ => panel.unit,
                };
                curves.push((color, thinned(series, unit)));
            }
        }
    }
    curves
}

/// Minutes and units, in as many points as are seen.
fn thinned(series: &Series, unit: f64) -> Series {
    let step = series.len().div_ceil(POINTS).max(1);
    let points = series.iter().step_by(step).chain(series.last());
    points
        .map(|(time, value)| (time / 60.0, value / unit))
        .collect()
}

/// Colours that can be told apart side by side.
fn color(index: usize) -> RGBColor {
    const COLORS: [RGBColor; 12] = [
        RGBColor(214, 39, 40),
        RGBColor(31, 119, 180),
        RGBColor(44, 160, 44),
        RGBColor(255, 127, 14),
        RGBColor(148, 103, 189),
        RGBColor(140, 86, 75),
        RGBColor(227, 119, 194),
        RGBColor(127, 127, 127),
        RGBColor(188, 189, 34),
        RGBColor(23, 190, 207),
        RGBColor(0, 0, 0),
        RGBColor(174, 199, 232),
    ];
    COLORS[index % COLORS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_drawn() {
        let series: Series = (0..1000).map(|second| (f64::from(second), 5e7)).collect();
        let mut all = BTreeMap::new();
        for (subject, measure) in [
            ("go", "memory"),
            ("go", "goroutines"),
            ("server", "database"),
        ] {
            all.insert((subject.to_owned(), measure.to_owned()), series.clone());
        }
        let name = format!("approute-soak-plot-{}.svg", std::process::id());
        let file = std::env::temp_dir().join(name);
        draw(&file, &["go".to_owned()], &all).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        for part in [
            "<svg",
            "memory (RSS) of each driver",
            "goroutines",
            "polyline",
            "go",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(text.len() < 200_000, "{} bytes", text.len());
    }
}
