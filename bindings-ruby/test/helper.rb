# frozen_string_literal: true

require "minitest/autorun"
require "date"
require "fileutils"
require "json"
require "open3"
require "rbconfig"
require "logger"
require "set"
require "socket"
require "stringio"
require "timeout"
require "tmpdir"
require "uri"
require "approute"

# A warning about a file of ours is an error.
module Warning
  def self.warn(message, **)
    raise message if message.include?(File.expand_path("..", __dir__))

    super
  end
end

# What the tests have in common.
module Helper
  ROOT = File.expand_path("../..", __dir__)
  LIB = File.expand_path("../lib", __dir__)

  # The reference server, started once for all tests, with its data in memory.
  module Reference
    def self.info
      @info ||= start
    end

    def self.start
      path = ENV.fetch("APPROUTE_SERVER", File.join(ROOT, "target/debug/approute-server"))
      abort "#{path} is missing; run: cargo build --package approute-server" unless File.executable?(path)
      output = IO.popen([path, "serve", "--dev", "--listen", "127.0.0.1:0"], err: File::NULL)
      (@outputs ||= []) << output
      pid = output.pid
      owner = Process.pid
      Minitest.after_run { Process.kill("TERM", pid) if Process.pid == owner }
      JSON.parse(output.gets, symbolize_names: true)
    end
  end

  # A server that does what a block says with each connection.
  class Scripted
    attr_reader :requests, :port

    def initialize(&block)
      @listener = TCPServer.new("127.0.0.1", 0)
      @port = @listener.addr[1]
      @requests = Queue.new
      @block = block
      @thread = Thread.new { serve }
      @thread.report_on_exception = false
    end

    def url
      "http://127.0.0.1:#{port}"
    end

    def close
      @thread.kill
      @listener.close
    end

    # Reads a request: its first line, its headers and its body.
    def self.read(socket)
      first = socket.gets or return
      headers = {}
      while (line = socket.gets) && line != "\r\n"
        name, value = line.chomp.split(": ", 2)
        headers[name.downcase] = value
      end
      { line: first.chomp, headers:, body: socket.read(headers["content-length"].to_i) }
    end

    def self.answer(status, body, headers = {})
      body = body.is_a?(String) ? body : JSON.generate(body)
      head = { "content-type" => "application/json", "content-length" => body.bytesize }.merge(headers).compact
      "HTTP/1.1 #{status} X\r\n#{head.map { |name, value| "#{name}: #{value}\r\n" }.join}\r\n#{body}"
    end

    private

    def serve
      loop do
        socket = @listener.accept
        Thread.new do
          while (request = Scripted.read(socket))
            @requests << request
            @block.call(socket, request)
          end
        rescue SystemCallError, IOError
          nil # the client went away
        ensure
          socket.close
        end
      end
    end
  end

  def reference(info = Reference.info, **options)
    Approute::Client.new(api_key: info[:api_key], base_url: info[:base_url], **options)
  end

  # A client of a scripted server.
  def scripted(**options, &)
    server = Scripted.new(&)
    servers << server
    [Approute::Client.new(api_key: "key", base_url: server.url, max_retries: 0, **options), server]
  end

  def servers
    @servers ||= []
  end

  def teardown
    servers.each(&:close)
    super
  end

  # A link as the documentation shows one.
  def link(**changes)
    @examples ||= JSON.parse(File.read(File.join(ROOT, "spec/openapi.json")))
    schema = @examples["components"]["schemas"]["Link"]
    (schema["example"] || schema["examples"].first).merge(changes.transform_keys(&:to_s))
  end

  # Runs Ruby code in a process of its own: output, status.
  def ruby(code, *flags, env: {}, timeout: 60)
    command = [RbConfig.ruby, "-w", "-I#{LIB}", *flags, "-e", code]
    Timeout.timeout(timeout) { Open3.capture2e(env.transform_keys(&:to_s), *command) }
  end

  # Waits until something holds; generous, since the machine may be busy.
  def eventually(seconds = 20)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
    until (value = yield)
      flunk "it did not come to hold within #{seconds} s" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
      sleep 0.005
    end
    value
  end
end

# The base of all tests.
class Test < Minitest::Test
  include Helper
end
