//! An HTTP server that does as little as one can: it finds the end of a request and writes a prepared answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// Serves `body` to every GET on a thread per connection, until the process ends.
///
/// # Errors
/// When no port can be had.
pub fn start(body: &str) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-request-id: req_01JD7Z3V8M6Q4W2K9T5R1X0YBC\r\nratelimit: \"default\";r=99;t=30\r\nratelimit-policy: \"default\";q=100;w=60\r\ndate: Sun, 01 Nov 2026 00:00:00 GMT\r\n\r\n{body}",
        body.len()
    );
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            // A client that goes away ends its thread.
            std::thread::spawn(move || serve(stream, answer.as_bytes()));
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 8192];
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..])?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        if buffer[..filled].ends_with(b"\r\n\r\n") {
            filled = 0;
            stream.write_all(answer)?;
        }
    }
}
