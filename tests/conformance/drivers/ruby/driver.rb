# frozen_string_literal: true

# The conformance driver of the Ruby SDK. `--faraday` runs the same calls over a Faraday connection.

require "approute"
require "json"
require "logger"
require "stringio"
require_relative "report"

# Performs the messages of the runner, one by one.
class Driver
  include Report

  SECONDS = %w[timeout attempt_timeout connect_timeout].freeze

  def initialize(faraday:)
    @faraday = faraday
    @hooks = []
    @told = +""
    @log = StringIO.new
  end

  def capabilities
    %w[api_key_function cancel extra_ca gauges hooks log prefetch proxy]
  end

  def perform(message)
    answer = send("do_#{message.fetch('do').tr('.', '_')}", message)
    answer.update(hooks: @hooks.slice!(0..), told: @told.slice!(0..)) unless @hooks.empty?
    answer[:log] = @log.string.dup.tap { @log.truncate(0) && @log.rewind } unless @log.string.empty?
    answer
  rescue Approute::ApprouteError => e
    failed(e)
  end

  private

  def do_client(message)
    @client = nil
    options = seconds(message["options"])
    keys = options.delete(:api_key_function)
    options[:api_key] = -> { keys.shift || raise("no key left") } if keys
    options[:http_client] = faraday(**options.slice(:proxy, :extra_ca)) if @faraday
    options = options.except(:proxy, :extra_ca) if @faraday
    hooks = %i[request response retry].to_h { |name| [:"on_#{name}", ->(notice) { note(notice) }] }
    logger = Logger.new(@log, level: ENV["APPROUTE_LOG"] == "debug" ? :debug : :info)
    @client = Approute::Client.new(**options, **hooks, logger:, script: message["script"])
    { printed: printed(@client) }
  rescue Approute::ApprouteError => e
    failed(e)
  end

  def note(notice)
    @hooks << hook(notice)
    @told << printed(notice) << "\n"
  end

  # A user's own connection, with what belongs to connections.
  def faraday(proxy: nil, extra_ca: nil)
    require "faraday"
    require "openssl"
    store = OpenSSL::X509::Store.new.tap(&:set_default_paths)
    extra_ca&.scan(/-----BEGIN CERT.*?-----END CERTIFICATE-----/m) do |pem|
      store.add_cert(OpenSSL::X509::Certificate.new(pem))
    end
    Faraday.new(proxy:, ssl: { cert_store: store })
  end

  def do_call(message)
    client = message["copy"] ? @client.with_options : @client
    resource, verb = message["call"].split(".")
    method = client.public_send(resource).method(verb)
    path, named = arguments(method, message)
    call = -> { finish(method.call(*path, **named), message) }
    message["cancel"] ? cancellable(message["cancel"], &call) : call.call
  rescue Approute::ApprouteError => e
    failed(e)
  end

  # What a leak would show in.
  def do_gauges(_)
    GC.start
    { gauges: { objects: GC.stat(:heap_live_slots) } }
  end

  # What stands in the path comes first, all else by its name.
  def arguments(method, message)
    args = message["args"].dup
    names = method.parameters.filter_map { |kind, name| name.to_s if kind == :req }
    path = names.map { |name| args.delete(name) }
    named = args.except("body").merge(args["body"] || {}).transform_keys(&:to_sym)
    [path, { **named, options: seconds(message["options"] || {}) }]
  end

  def seconds(options)
    options.to_h { |name, value| [name.to_sym, SECONDS.include?(name) ? value / 1000.0 : value] }
  end

  def finish(result, message)
    case result
    when Approute::List then message["list"] ? iterate(result, message["list"]) : value(result.page.to_model)
    when Approute::Binary
      result.write_to(message["file"])
      { bytes: { content_type: result.content_type, length: result.bytes.bytesize }, response: response(result.response) }
    when Approute::Response then { response: response(result), printed: printed(result) }
    else value(result)
    end
  end

  def value(result)
    { value: JSON.parse(result.to_json), response: response(result.response), printed: printed(result) }
  end

  def iterate(list, how)
    list = list.prefetch if how["prefetch"]
    items = []
    pages = []
    begin
      (how["by"] == "pages" ? list.each_page : list).each do |item|
        items.concat(item.is_a?(Approute::Page) ? item.items : [item])
        pages << item.size if item.is_a?(Approute::Page)
        break if how["stop_after"] && stop?(how, how["by"] == "pages" ? pages.size : items.size)
      end
    rescue Approute::ApprouteError => e
      error = failed(e)
    end
    { items: items.map { |item| JSON.parse(item.to_json) }, pages: (pages if how["by"] == "pages") }.compact.merge(error || {})
  end

  def stop?(how, count)
    return false if count < how["stop_after"]

    sleep(0.002) until how["until"].nil? || File.exist?(how["until"])
    true
  end

  # As a user's own code ends it.
  class Cancelled < StandardError; end

  def cancellable(file, &)
    thread = Thread.new(&)
    thread.report_on_exception = false
    until thread.join(0.002)
      next unless File.exist?(file)

      thread.raise(Cancelled)
      break
    end
    thread.value
  rescue Cancelled
    { cancelled: true }
  end

  def delivery(message)
    secrets = message["secrets"]
    [message["payload"].unpack1("m"), message["headers"] || message["signature"], secrets.size == 1 ? secrets.first : secrets]
  end

  def rules(message)
    { tolerance: message["tolerance"], now: message["now"] }
  end

  def do_webhook_verify(message)
    Approute::Webhooks.verify(*delivery(message), **rules(message))
    {}
  end

  def do_webhook_unwrap(message)
    event = Approute::Webhooks.unwrap(*delivery(message), **rules(message))
    known = !event.is_a?(Approute::Models::UnknownEvent)
    { event: { known:, value: JSON.parse(event.to_json) }, printed: printed(event) }
  end

  def do_webhook_sign(message)
    payload, _, secret = delivery(message)
    { headers: Approute::Webhooks.sign(payload, secret, id: message["id"], timestamp: message["timestamp"]) }
  end
end

driver = Driver.new(faraday: ARGV.include?("--faraday"))
$stdout.sync = true
puts JSON.generate({ protocol: 2, capabilities: driver.capabilities, zero_is_null: false })
$stdin.each_line do |line|
  answer =
    begin
      driver.perform(JSON.parse(line))
    rescue StandardError => e
      { problem: e.full_message(highlight: false) }
    end
  puts JSON.generate(answer)
end
