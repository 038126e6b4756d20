//! The server that the benches of Node.js, Python and Ruby talk to: a process of its own that costs next to nothing.
//!
//! It prints one line of JSON with base URLs, each of which answers every GET with the same body: `link` with the link
//! of the documentation, `page` with a page of 1,000 links. It ends when its stdin does.

use std::io::Read;

use approute_bench::{link_json, page_json, server};

fn main() -> std::io::Result<()> {
    let link = server::start(link_json())?;
    let page = server::start(&page_json(1_000))?;
    println!(r#"{{"link":"http://{link}","page":"http://{page}"}}"#);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
