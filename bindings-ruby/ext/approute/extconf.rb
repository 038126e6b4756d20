# frozen_string_literal: true

# Builds the native library with cargo. No gem and no network is needed: the crates are in `crates`, beside this file.
require "mkmf"

needed = "1.95"
cargo = ENV.fetch("CARGO", "cargo")
found = IO.popen([cargo, "--version"], err: File::NULL, &:read)[/\d+\.\d+(\.\d+)?/] if find_executable0(cargo)
abort "approute: cargo is missing. Install Rust #{needed} or newer from https://rustup.rs and try again." unless found
if Gem::Version.new(found) < Gem::Version.new(needed)
  abort "approute: cargo #{found} is too old; Rust #{needed} or newer is needed. Run `rustup update stable` and try again."
end

# Where the gem is built from an unpacked gem, its sources are a workspace of their own; in the repository, the repository.
workspace = if File.directory?(File.join(__dir__,
                                         "workspace"))
              File.join(__dir__, "workspace")
            else
              File.expand_path("../../..", __dir__)
            end
offline = File.directory?(File.join(__dir__, "crates")) ? "--offline" : ""
library = "libapproute_ruby.#{RbConfig::CONFIG['host_os'].include?('darwin') ? 'dylib' : 'so'}"

File.write("Makefile", <<~MAKEFILE)
  target = #{File.join(Dir.pwd, 'target')}
  sitearchdir = #{RbConfig::CONFIG['sitearchdir']}
  DESTDIR =
  RUBY = #{RbConfig.ruby}

  all:
  \tcd "#{workspace}" && CARGO_TARGET_DIR="$(target)" RUBY="$(RUBY)" #{cargo} build --release --locked #{offline} --package approute-ruby
  \tcp "$(target)/release/#{library}" approute_ruby.#{RbConfig::CONFIG['DLEXT']}

  install: all
  \tmkdir -p "$(DESTDIR)$(sitearchdir)/approute"
  \tcp approute_ruby.#{RbConfig::CONFIG['DLEXT']} "$(DESTDIR)$(sitearchdir)/approute/"
  \trm -rf "$(target)"

  clean:
  \trm -rf "$(target)"
MAKEFILE
