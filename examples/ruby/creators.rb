# frozen_string_literal: true

# Gives every creator of a CSV a link, by one batch, and prints the links with their clicks.
#
#   APPROUTE_API_KEY=… ruby creators.rb ../creators.csv
#
# Run it again: links that are there already are found by their external id, and nothing is made twice.
require "approute"
require "csv"
require "set"

PROGRAM = "creators-example-ruby"
# The most that one batch carries out.
BATCH_SIZE = 1000
COLUMNS = %w[external_id name platform slug sub_id destination app_store_id package_name].freeze

# A link of each row, by the names in the first one.
def read(path)
  rows = CSV.read(path, headers: true, encoding: "UTF-8")
  missing = COLUMNS - (rows.headers || [])
  abort "#{path} has no column #{missing.join(', ')}" unless missing.empty?
  rows.map do |row|
    {
      url: row["destination"], external_id: row["external_id"], slug: "ruby-#{row['slug']}", title: row["name"],
      tags: [row["platform"]], program_id: PROGRAM, sub_id: row["sub_id"],
      targets: {
        ios: row["app_store_id"] && { app_store_id: row["app_store_id"] },
        android: row["package_name"] && { package_name: row["package_name"] }
      }.compact
    }
  end
end

def links_of(client)
  client.links.list(program_id: PROGRAM, limit: 100)
end

def run(path)
  wanted = read(path)
  client = Approute::Client.new
  there = links_of(client).to_set(&:external_id)
  missing = wanted.reject { |link| there.include?(link[:external_id]) }
  missing.each_slice(BATCH_SIZE) do |chunk|
    # All or nothing: a broken row stops the batch and is named, and a retry of the SDK makes nothing twice.
    puts "#{client.links.batch(create: chunk, atomic: true).summary.succeeded} links made"
  end
  puts "all links are there" if missing.empty?
  links_of(client).each do |link|
    puts format("%-36<sub>s %6<clicks>d  %<url>s", sub: link.sub_id, clicks: link.click_count, url: link.short_url)
  end
end

abort "usage: ruby creators.rb CREATORS.csv" unless ARGV.size == 1
begin
  run(ARGV.first)
rescue Approute::AuthenticationError => e
  abort "creators: #{e.message}; is APPROUTE_API_KEY the key of your workspace?"
rescue Approute::APIConnectionError => e
  abort "creators: #{e.message}; is the server of APPROUTE_BASE_URL running?"
rescue Approute::UnprocessableEntityError => e
  abort ["creators: #{e.message}", *e.errors.first(5).map { |field| "  #{field.pointer}: #{field.message}" }].join("\n")
rescue Approute::ApprouteError, SystemCallError, CSV::MalformedCSVError => e
  abort "creators: #{e.message}"
end
