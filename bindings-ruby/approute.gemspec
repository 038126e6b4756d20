# frozen_string_literal: true

require_relative "lib/approute/version"

# The gem as source. `bindings-ruby/package` packs it, together with the crates that its native library is built from, and
# as a gem for this platform with the library in it.
Gem::Specification.new do |spec|
  spec.name = "approute"
  spec.version = Approute::VERSION
  spec.authors = ["AppRoute"]
  spec.summary = "The official AppRoute SDK for Ruby: links, clicks, QR codes and webhooks"
  spec.description = "Short links, deep links, clicks, QR codes and signed webhooks, on the AppRoute SDKs' Rust core."
  spec.homepage = "https://getapproute.com"
  spec.license = "MIT"
  spec.required_ruby_version = ">= 3.1"
  spec.metadata = {
    "source_code_uri" => "https://github.com/approute/approute-sdks",
    "changelog_uri" => "https://github.com/approute/approute-sdks/blob/main/CHANGELOG.md",
    "rubygems_mfa_required" => "true"
  }
  spec.files = Dir["lib/**/*.rb", "sig/**/*.rbs", "ext/**/*", "README.md", "LICENSE", "THIRD_PARTY_NOTICES.md", ".yardopts",
                   base: __dir__].select { |path| File.file?(File.join(__dir__, path)) }
  spec.require_paths = ["lib"]
  spec.extensions = ["ext/approute/extconf.rb"]
end
