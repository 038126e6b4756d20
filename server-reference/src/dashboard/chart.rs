//! Charts, as SVG that stands in the page: the style sheet gives it the page's colours, in light and dark.

use plotters::prelude::*;

use super::page::number;
use crate::problem::Failure;

const SIZE: (u32, u32) = (960, 260);
/// Stand-ins for colours of the style sheet.
const BAR: RGBColor = RGBColor(11, 87, 208);
const LINE: RGBColor = RGBColor(136, 136, 136);
const FONT: (&str, i32) = ("system-ui", 13);

/// A bar for each value; `label` names the one at a place, `alt` says what there is to see.
pub fn bars(values: &[i64], label: impl Fn(usize) -> String, alt: &str) -> Result<String, Failure> {
    let mut svg = String::new();
    draw(&mut svg, values, label)
        .map_err(|error| Failure::Internal(format!("a chart cannot be drawn: {error}")))?;
    let opening = format!(
        "<svg class=\"chart\" role=\"img\" aria-label=\"{}\" ",
        escape(alt)
    );
    Ok(svg.replacen("<svg ", &opening, 1))
}

fn draw(
    svg: &mut String,
    values: &[i64],
    label: impl Fn(usize) -> String,
) -> Result<(), Box<dyn std::error::Error>> {
    let most = values.iter().copied().max().unwrap_or_default().max(1);
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let count = i32::try_from(values.len())?;
    let mut chart = ChartBuilder::on(&root)
        .margin_top(12)
        .margin_right(12)
        .x_label_area_size(28)
        .y_label_area_size(64)
        .build_cartesian_2d((0..count - 1).into_segmented(), 0..most + most / 20 + 1)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .axis_style(LINE)
        .bold_line_style(LINE.mix(0.4))
        .light_line_style(TRANSPARENT)
        .label_style(FONT)
        .x_labels(values.len().min(10))
        .y_labels(usize::try_from(most.min(5))? + 1)
        .x_label_formatter(&|place| match place {
            SegmentValue::CenterOf(index) | SegmentValue::Exact(index) => {
                usize::try_from(*index).map_or_else(|_| String::new(), &label)
            }
            SegmentValue::Last => String::new(),
        })
        .y_label_formatter(&|value| number(*value))
        .draw()?;
    let bars = values.iter().enumerate().map(|(index, value)| {
        let index = i32::try_from(index).unwrap_or(i32::MAX);
        let corners = [
            (SegmentValue::Exact(index), 0),
            (SegmentValue::Exact(index + 1), *value),
        ];
        let mut bar = Rectangle::new(corners, BAR.filled());
        bar.set_margin(0, 0, 1, 1);
        bar
    });
    chart.draw_series(bars)?;
    root.present()?;
    drop(chart);
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_for_each_value_and_no_style_that_a_page_would_refuse() {
        for values in [
            vec![0],
            vec![0, 1, 0],
            (0..90).collect(),
            vec![1_000_000, 3],
        ] {
            let svg = bars(&values, |index| format!("day {index}"), "a \"<b>\"").unwrap();
            assert!(
                svg.starts_with(
                    "<svg class=\"chart\" role=\"img\" aria-label=\"a &quot;&lt;b>&quot;\" "
                ),
                "{svg}"
            );
            let bars = svg.matches("fill=\"#0B57D0\"").count();
            assert_eq!(bars, values.len());
            assert!(!svg.contains("style="), "{svg}");
            assert!(svg.contains("day 0"), "{svg}");
        }
    }
}
