# frozen_string_literal: true

require "helper"

# Loading the gem.
class LoadTest < Test
  def test_requiring_it_loads_next_to_nothing
    output, = ruby(<<~RUBY)
      before = $LOADED_FEATURES.dup
      require "approute"
      puts ($LOADED_FEATURES - before).map { |path| File.basename(path) }.sort.join(" ")
    RUBY
    assert_equal "approute.rb version.rb\n", output
  end

  def test_a_webhook_needs_no_client
    output, = ruby(<<~RUBY)
      require "approute"
      Approute::Webhooks.sign("{}", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id: "evt_1")
      puts $LOADED_FEATURES.grep(/approute.client/).size
    RUBY
    assert_equal "0\n", output
  end

  def test_everything_can_be_loaded_first_in_any_order
    names = Dir[File.join(LIB, "approute/*.rb")].map { |path| File.basename(path, ".rb") } - %w[version]
    names.each do |name|
      output, status = ruby("require 'approute'; require 'approute/#{name}'; Approute.eager_load!")
      assert status.success?, output
      assert_equal "", output, name
    end
  end

  def test_threads_that_load_it_at_once
    output, = ruby(<<~RUBY)
      require "approute"
      uses = [
        -> { Approute::Client.new(api_key: "k") }, -> { Approute::Models::Link.name }, -> { Approute::Response.name },
        -> { Approute::Webhooks.sign("{}", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id: "e") }, -> { Approute.eager_load! }
      ]
      puts Array.new(20) { |i| Thread.new { uses[i % uses.size].call && nil; i } }.map(&:value).sum
    RUBY
    assert_equal "190\n", output
  end

  def test_zeitwerk_finds_what_its_rules_expect
    output, = ruby(<<~RUBY.gsub(/^/, ""))
      begin
        $VERBOSE = nil
        require "zeitwerk"
      rescue LoadError
        puts "skip"
        exit
      end
      $VERBOSE = true
      loader = Zeitwerk::Loader.new
      loader.push_dir(#{LIB.inspect})
      loader.inflector.inflect("version" => "VERSION")
      loader.setup
      loader.eager_load
      puts Approute::Client.new(api_key: "k").inspect
    RUBY
    skip "zeitwerk is not installed: apt-get install ruby-zeitwerk" if output == "skip\n"
    assert_equal "#<Approute::Client base_url=\"https://getapproute.com\">\n", output
  end

  def test_ractors
    output, = ruby(<<~RUBY)
      require "approute"
      Approute.eager_load!
      $VERBOSE = nil
      ractor = Ractor.new do
        Approute::Client.new(api_key: "k")
      rescue StandardError => e
        "\#{e.class}: \#{e.message}"
      end
      puts ractor.take
      begin
        Ractor.make_shareable(Approute::Client.new(api_key: "k"))
      rescue Ractor::Error => e
        puts e.class
      end
    RUBY
    assert_match(/\A(Approute::ConfigurationError: a client works in the main ractor only|Ractor::\w+Error: .*)/, output)
    assert_match(/^Ractor::Error$/, output)
  end

  def test_a_native_library_of_another_version_is_refused
    Dir.mktmpdir do |folder|
      FileUtils.cp_r(LIB, folder)
      File.write(File.join(folder, "lib/approute/version.rb"), "module Approute\n  VERSION = \"9.9.9\"\nend\n")
      output, = Open3.capture2e(RbConfig.ruby, "-I#{folder}/lib", "-e", "require 'approute'; Approute::Client.new(api_key: 'k')")
      assert_match(/is of version #{Approute::VERSION}, the gem of 9.9.9; install the gem again/, output)
      FileUtils.rm(Dir[File.join(folder, "lib/approute/*.so")])
      output, = Open3.capture2e(RbConfig.ruby, "-I#{folder}/lib", "-e", "require 'approute'; Approute::Client.new(api_key: 'k')")
      assert_match(/approute: the native library for Ruby #{RUBY_VERSION} on .* cannot be loaded/, output)
    end
  end
end
