//! The Ruby that the torture spec gives: it loads without a warning, beside the gem's own parts, and its types are valid.
//!
//! Where Ruby is not installed there is nothing to ask; CI has it.

use std::fs;
use std::path::Path;
use std::process::Command;

mod stage;

use stage::{generated, repository, run};

/// Stands in for the native library, and loads everything that is generated.
const LOADS: &str = r#"
require "approute"
module Approute
  module Native
    singleton_class.undef_method(:link)
    def self.link = nil
  end
end
Approute::Models.constants.each { |name| Approute::Models.const_get(name)::FIELDS.each_key(&:to_proc) }
Approute::Enums.constants.each { |name| Approute::Enums.const_get(name)::ALL.each(&:itself) }
client = Class.new { def call(*arguments) = arguments }.new
called = Approute::Resources::ALL.values.sum do |resource|
  made = resource.new(client)
  resource.instance_methods(false).each do |name|
    kinds = made.method(name).parameters.group_by(&:first).transform_values { |all| all.map(&:last) }
    given = (kinds[:keyreq] || []).to_h { |key| [key, "x"] }
    made.public_send(name, *(kinds[:req] || []).map(&:to_s), **given)
  end.size
end
print called
"#;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if path
            .extension()
            .is_some_and(|end| end == "rb" || end == "rbs")
        {
            fs::copy(&path, target).unwrap();
        }
    }
}

#[test]
fn loads_without_warnings() {
    if Command::new("ruby").arg("--version").output().is_err() {
        eprintln!("skip: Ruby is not installed");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("torture-ruby");
    let _ = fs::remove_dir_all(&folder);
    let gem = repository().join("bindings-ruby");
    copy(&gem.join("lib"), &folder.join("lib"));
    copy(&gem.join("sig"), &folder.join("sig"));

    let mut operations = 0;
    for output in generated("ruby") {
        operations += output.text.matches("\n      def ").count()
            * usize::from(output.path.ends_with("/resources.rb"));
        let path = output.path.strip_prefix("bindings-ruby/").unwrap();
        if path.ends_with(".rb") || path.ends_with(".rbs") {
            fs::write(folder.join(path), output.text).unwrap();
        }
    }

    let told = run("ruby", &["-w", "-Ilib", "-e", LOADS], &folder);
    let called: usize = told.parse().unwrap_or_else(|_| panic!("{told}"));
    // The accessors of the resources are methods too.
    assert!(called > 0 && called < operations, "{called} {operations}");
    let types = r#"load Gem.bin_path("rbs", "rbs")"#;
    assert_eq!(
        run(
            "ruby",
            &[
                "-e", types, "--", "-r", "date", "-I", "sig", "validate", "--silent"
            ],
            &folder
        ),
        ""
    );
}
