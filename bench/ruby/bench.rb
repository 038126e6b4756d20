# frozen_string_literal: true

# Ruby: approute beside Net::HTTP with kept connections and Faraday, in one process, in turn, so that whatever else the
# machine does hits all of them alike. Prints the medians of wall and CPU time and the ratios.
#
#   ruby -Ibindings-ruby/lib bench/ruby/bench.rb [--rounds=15] [--json=FILE]

require "approute"
require "faraday"
require "json"
require "net/http"
require "openssl"
require "time"

ROUNDS = Integer(ARGV.find { |argument| argument.start_with?("--rounds=") }&.split("=")&.last || 15)
ROOT = File.expand_path("../..", __dir__)
TARGET = ENV.fetch("CARGO_TARGET_DIR", "#{ROOT}/target")
HEADERS = { "authorization" => "Bearer apr_bench_key", "accept" => "application/json" }.freeze
ID = "lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC"
PATH = "/v1/links/#{ID}".freeze
THREADS = 64

server = IO.popen([ENV.fetch("APPROUTE_BENCH_SERVER", "#{TARGET}/release/bench-server")], "r+")
URLS = JSON.parse(server.gets)

# --- the contestants ----------------------------------------------------------------------------------------------------

# A client of ours.
def ours(base)
  Approute::Client.new(api_key: "apr_bench_key", base_url: base)
end

# A connection that is kept: as a user who cares for speed writes it, one for each thread.
class Persistent
  def initialize(base)
    uri = URI(base)
    @http = Net::HTTP.start(uri.host, uri.port)
    @http.keep_alive_timeout = 30
  end

  def get(path)
    JSON.parse(@http.request(Net::HTTP::Get.new(path, HEADERS)).body)
  end
end

def faraday(base)
  connection = Faraday.new(base, headers: HEADERS)
  ->(path) { JSON.parse(connection.get(path).body) }
end

def cpu
  Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
end

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

# Microseconds of wall and CPU for each of `count`.
def measure(run, count)
  cpu_before = cpu
  before = now
  run.call(count)
  [(now - before) * 1e6 / count, (cpu - cpu_before) * 1e6 / count]
end

def median(values)
  values.sort[values.size / 2]
end

# Runs every contestant in each round, in turn, and takes the medians.
def contest(contestants, count, rounds = ROUNDS)
  contestants.each_value { |run| measure(run, (count / 2.0).ceil) }
  measured = contestants.transform_values { [] }
  rounds.times do |round|
    contestants.keys.rotate(round).each do |name|
      GC.start
      measured[name] << measure(contestants[name], count)
    end
  end
  measured.transform_values { |pairs| pairs.transpose.map { |values| median(values) } }
end

RESULTS = {} # rubocop:disable Style/MutableConstant

# --- calls --------------------------------------------------------------------------------------------------------------

client = ours(URLS["link"])
persistent = Persistent.new(URLS["link"])
via_faraday = faraday(URLS["link"])

RESULTS["one after the other"] = contest(
  {
    "approute" => ->(count) { count.times { client.links.get(ID).short_url } },
    "Net::HTTP persistent" => ->(count) { count.times { persistent.get(PATH)["short_url"] } },
    "Faraday" => ->(count) { count.times { via_faraday.call(PATH)["short_url"] } }
  }, 400
)

# Threads that are there already; each has its own connection, where connections are the user's.
def crowd(&each)
  jobs = Queue.new
  done = Queue.new
  THREADS.times do
    Thread.new do
      call = each.call
      while (count = jobs.pop)
        count.times { call.call }
        done << true
      end
    end
  end
  lambda do |count|
    THREADS.times { jobs << (count / THREADS) }
    THREADS.times { done.pop }
  end
end

RESULTS["64 threads"] = contest(
  {
    "approute" => crowd { -> { client.links.get(ID).short_url } },
    "Net::HTTP persistent" => crowd { Persistent.new(URLS["link"]).then { |http| -> { http.get(PATH)["short_url"] } } },
    "Faraday" => crowd { faraday(URLS["link"]).then { |call| -> { call.call(PATH)["short_url"] } } }
  }, 64 * 20
)

# --- a page, every field of every item read -----------------------------------------------------------------------------

# As one writes it: each field by its name.
def reader(names, &)
  # ->(items) { items.each { |item| item.id; item.domain } }
  eval("->(items) { items.each { |item| #{names.map(&).join('; ')} } }", binding, __FILE__, __LINE__) # rubocop:disable Security/Eval
end

READ_MODELS = reader(Approute::Models::Link::FIELDS.keys) { |name| "item.#{name}" }
READ_HASHES = reader(Approute::Models::Link::FIELDS.values) { |name| "item['#{name}']" }

lists = ours(URLS["page"])
page_http = Persistent.new(URLS["page"])
page_faraday = faraday(URLS["page"])
RESULTS["page of 1,000 links, every field read"] = contest(
  {
    "approute" => ->(count) { count.times { READ_MODELS.call(lists.links.list(limit: 100).page.items) } },
    "Net::HTTP persistent" => ->(count) { count.times { READ_HASHES.call(page_http.get("/v1/links?limit=100")["items"]) } },
    "Faraday" => ->(count) { count.times { READ_HASHES.call(page_faraday.call("/v1/links?limit=100")["items"]) } }
  }, 10
)

# --- webhooks -----------------------------------------------------------------------------------------------------------

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
moment = Time.now.utc.iso8601
payload = JSON.generate(
  id: "evt_1", type: "link.click_threshold", created_at: moment, sent_at: moment, attempt: 1, api_version: "2026-11-01",
  workspace_id: "wsp_1",
  data: { link: JSON.parse(client.links.get(ID).to_json), threshold: 100, click_count: 100, crossed_at: moment }
)
signed = Approute::Webhooks.sign(payload, SECRET, id: "evt_1")
# What one writes by hand: the signature, its time, the JSON.
by_hand = lambda do
  expected = "sha256=#{OpenSSL::HMAC.hexdigest('SHA256', SECRET, payload)}"
  given = signed["x-approute-signature"].split(",").map(&:strip)
  raise "no match" unless given.any? { |one| OpenSSL.secure_compare(one, expected) }

  event = JSON.parse(payload)
  raise "too old" if (Time.now - Time.iso8601(event["sent_at"])).abs > 300

  event
end
RESULTS["verify a webhook and parse it"] = contest(
  {
    "approute" => ->(count) { count.times { Approute::Webhooks.unwrap(payload, signed, SECRET).type } },
    "OpenSSL and JSON.parse" => ->(count) { count.times { by_hand.call["type"] } }
  }, 1000
)

# --- what happens once --------------------------------------------------------------------------------------------------

def fresh(code)
  times = Array.new(11) do
    script = "b = Process.clock_gettime(Process::CLOCK_MONOTONIC); #{code}; " \
             "print Process.clock_gettime(Process::CLOCK_MONOTONIC) - b"
    IO.popen(["ruby", "-I#{ROOT}/bindings-ruby/lib", "-e", script], &:read).to_f * 1000
  end
  median(times)
end

once = {
  "require" => { "approute" => fresh("require 'approute'"), "Net::HTTP" => fresh("require 'net/http'; require 'json'"),
                 "Faraday" => fresh("require 'faraday'") },
  "require, client, first call" => {
    "approute" => fresh("require 'approute'; Approute::Client.new(api_key: 'k', base_url: '#{URLS['link']}').links.get('x')"),
    "Net::HTTP" => fresh("require 'net/http'; require 'json'; JSON.parse(Net::HTTP.get(URI('#{URLS['link']}#{PATH}')))"),
    "Faraday" => fresh("require 'faraday'; require 'json'; JSON.parse(Faraday.get('#{URLS['link']}#{PATH}').body)")
  }
}

# --- the table ----------------------------------------------------------------------------------------------------------

puts "Ruby #{RUBY_VERSION}, approute #{Approute::VERSION}, Faraday #{Faraday::VERSION}; median of #{ROUNDS} rounds", ""
puts "| µs | wall | CPU | approute ÷ it (wall) |", "|---|---|---|---|"
RESULTS.each do |title, row|
  mine = row["approute"].first
  row.each do |name, (wall, processor)|
    ratio = name == "approute" ? "" : format("%.2f", mine / wall)
    puts format("| %<title>s: %<name>s | %<wall>.1f | %<cpu>.1f | %<ratio>s |", title:, name:, wall:,
                                                                                cpu: processor, ratio:)
  end
end
puts "", "| ms, once in a new process | approute | Net::HTTP | Faraday |", "|---|---|---|---|"
once.each { |title, row| puts "| #{title} | #{row.values.map { |value| format('%.1f', value) }.join(' | ')} |" }

if (file = ARGV.find { |argument| argument.start_with?("--json=") }&.split("=")&.last)
  File.write(file, JSON.pretty_generate(RESULTS.transform_values { |row| row.transform_values { |wall, cpu| { wall:, cpu: } } }))
end
server.close_write
