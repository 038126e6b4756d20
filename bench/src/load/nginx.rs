//! nginx, which answers every request with one redirect: the ceiling.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Result;
use super::process::{Process, free_address};

/// One process, no log, nothing but the redirect.
fn config(address: SocketAddr) -> String {
    format!(
        "daemon off;\n\
         master_process off;\n\
         pid nginx.pid;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n\
         \x20 access_log off;\n\
         \x20 keepalive_requests 1000000000;\n\
         \x20 client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n\
         \x20 uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n\
         \x20 server {{ listen {address}; location / {{ return 302 https://example.com/shop?creator=1; }} }}\n\
         }}\n"
    )
}

/// Starts nginx with its files in `folder`.
///
/// # Errors
/// When it does not start.
pub fn start(program: &Path, folder: &Path) -> Result<(Process, SocketAddr)> {
    let address = free_address()?;
    let file = folder.join("nginx.conf");
    std::fs::write(&file, config(address))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let mut command = Command::new(program);
    command
        .args(["-e", "stderr", "-p"])
        .arg(folder)
        .arg("-c")
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok((Process::listening(command, address)?, address))
}
