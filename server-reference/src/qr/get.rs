//! `qr.get`.

use approute::models::{QrErrorCorrection, QrFormat};
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};

use super::color::Color;
use super::{Error, ErrorCorrection, Format, Image, Options, negotiate};
use crate::api::{Answer, Read};
use crate::generated::api::QrGetParams;
use crate::problem::{Code, Failure, FieldCode, Problem};
use crate::store::links as store;

/// Draws the code of a link, deleted ones too until they are purged, as `links.get` shows them.
pub async fn get(
    cx: &mut Read<'_>,
    link_id: String,
    params: QrGetParams,
) -> Result<Answer<Bytes>, Failure> {
    let found = store::get(cx.connection, &cx.caller.workspace_id, &link_id, cx.now).await?;
    let record = found.ok_or_else(|| Problem::not_found("link"))?;
    let format = negotiate::choose(params.format.as_ref().map(format), cx.headers)
        .map_err(|_| not_acceptable())?;
    let options = options(&params)?;
    let short_url = cx.app.addresses.short_url(&record.domain, &record.slug);
    // A large image takes its time, which visitors should not wait for.
    let drawn = tokio::task::spawn_blocking(move || super::draw(&short_url, format, &options));
    let drawn = drawn
        .await
        .map_err(|error| Failure::Internal(format!("cannot draw a QR code: {error}")))?;
    let Image { bytes, etag, .. } = drawn.map_err(|error| invalid(&error))?;
    let current = negotiate::not_modified(&etag, cx.headers);
    let etag = HeaderValue::try_from(etag)
        .map_err(|error| Failure::Internal(format!("an entity tag is no header: {error}")))?;
    let headers = [
        (ETAG, etag),
        (VARY, HeaderValue::from_static("Accept")),
        // It is the caller's own, and costs nothing to check.
        (CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    if current {
        return Ok(Answer::not_modified(headers));
    }
    let media_type = HeaderValue::from_static(format.media_type());
    Ok(Answer::new(Bytes::from(bytes))
        .with_headers(headers)
        .with_headers([(CONTENT_TYPE, media_type)]))
}

fn format(name: &QrFormat) -> Format {
    Format::from_name(name.as_str()).unwrap_or(Format::Png)
}

/// The options that the parameters ask for; the schema has checked each by itself.
fn options(params: &QrGetParams) -> Result<Options, Problem> {
    let fallback = Options::default();
    let number = |value: Option<i64>, fallback| {
        // What does not fit is out of every range.
        value.map_or(fallback, |value| u32::try_from(value).unwrap_or(u32::MAX))
    };
    let color = |value: &Option<String>, name, fallback| match value {
        None => Ok(fallback),
        Some(digits) => Color::from_hex(digits).ok_or_else(|| {
            let message = format!("{name} is six hexadecimal digits without #, such as 1a2b3c.");
            Problem::field(&format!("query:{name}"), FieldCode::InvalidFormat, message)
        }),
    };
    let level = params.error_correction.as_ref();
    let level = level.map(QrErrorCorrection::as_str);
    Ok(Options {
        size: number(params.size, fallback.size),
        margin: number(params.margin, fallback.margin),
        error_correction: level
            .and_then(ErrorCorrection::from_name)
            .unwrap_or(fallback.error_correction),
        foreground: color(&params.foreground, "foreground", fallback.foreground)?,
        background: color(&params.background, "background", fallback.background)?,
    })
}

fn invalid(error: &Error) -> Problem {
    let code = match error {
        Error::TooSmall { .. } => FieldCode::TooSmall,
        Error::Contrast(_) | Error::TooLong => FieldCode::InvalidCombination,
        Error::Size | Error::Margin => FieldCode::InvalidValue,
    };
    let pointer = format!("query:{}", error.parameter());
    Problem::field(&pointer, code, error.to_string())
}

fn not_acceptable() -> Problem {
    let detail = "A QR code is image/png, image/svg+xml or application/pdf. Send one of them, or */*, in Accept; \
                  or name a format in the query.";
    Problem::new(Code::NotAcceptable, detail).with_header(VARY, HeaderValue::from_static("Accept"))
}
