//! Bodies that are not JSON, such as QR codes.

use std::fmt;
use std::path::Path;

use bytes::Bytes;

/// A body with its content type, such as the image of a QR code.
///
/// ```no_run
/// # async fn example(client: approute::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let code = client.qr().get("lnk_01HZX").await?;
/// assert_eq!(code.content_type(), "image/png");
/// code.write_to("code.png")?;
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Binary {
    content_type: String,
    bytes: Bytes,
}

impl Binary {
    /// Puts bytes and their content type together, as a test of your own code may want.
    pub fn new(content_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self {
            content_type: content_type.into(),
            bytes: bytes.into(),
        }
    }

    /// The media type, such as `image/png`, as the server sent it; `application/octet-stream` when it sent none.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, without a copy.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Writes the bytes to a file, which is created or replaced.
    ///
    /// The bytes go to a new file beside it first, which then takes its place: a full disk leaves what was there.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_to(&self, path: impl AsRef<Path>) -> std::io::Result<()> {
        let path = path.as_ref();
        let name = path.file_name().ok_or_else(|| {
            std::io::Error::new(
                std::io::ErrorKind::InvalidInput,
                "the path does not end in a file name",
            )
        })?;
        let mut partial = std::ffi::OsString::from(".");
        partial.push(name);
        partial.push(format!(".{}.partial", std::process::id()));
        let partial = path.with_file_name(partial);
        let written =
            std::fs::write(&partial, &self.bytes).and_then(|()| std::fs::rename(&partial, path));
        if written.is_err() {
            // What is left of a failed write is of no use, and the first error is the one that counts.
            let _ = std::fs::remove_file(&partial);
        }
        written
    }

    /// Writes the bytes to a stream.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn write_into(&self, mut stream: impl std::io::Write) -> std::io::Result<()> {
        stream.write_all(&self.bytes)
    }
}

impl AsRef<[u8]> for Binary {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binary")
            .field("content_type", &self.content_type)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}
