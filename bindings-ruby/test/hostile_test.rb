# frozen_string_literal: true

require "helper"

# Servers and callers that do what they should not.
class HostileTest < Test
  def get(raw, **options)
    client, = scripted(**options) do |socket, _|
      socket.write(raw)
      socket.close
    end
    client.links.get("lnk_1")
  end

  def test_bodies_that_are_no_link
    {
      "cut short" => ["HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{\"id\":", Approute::APIConnectionError, "unknown"],
      "no JSON" => [Scripted.answer(200, "<html>"), Approute::DecodeError, "applied"],
      "empty" => [Scripted.answer(200, ""), Approute::DecodeError, "applied"],
      "bad UTF-8" => [Scripted.answer(200, "{\"id\":\"\xff\"}".b), Approute::DecodeError, "applied"],
      "deep" => [Scripted.answer(200, "[" * 100_000), Approute::DecodeError, "applied"],
      "wrong types" => [Scripted.answer(200, link(tags: 5)), Approute::DecodeError, "applied"],
      "garbage" => ["\x00\xff\r\n\r\n", Approute::APIConnectionError, "unknown"],
      "endless headers" => ["HTTP/1.1 200 OK\r\n#{'x: y\r\n' * 100_000}", Approute::APIConnectionError, "unknown"],
      "problem that is none" => [Scripted.answer(404, "\xff".b), Approute::NotFoundError, "rejected"]
    }.each do |what, (raw, expected, outcome)|
      error = assert_raises(expected, what) { get(raw) }
      assert_equal outcome, error.outcome, what
      refute_includes error.message, "\n", what
      assert error.message.valid_encoding?
    end
  end

  def test_what_does_not_decode_is_in_the_error
    error = assert_raises(Approute::DecodeError) { get(Scripted.answer(200, "{\"id\":\"\xff\"}".b, "x-request-id" => "req_1")) }
    assert_equal [200, "req_1", "{\"id\":\"\xff\"}".b], [error.status, error.request_id, error.body]
    assert_equal Encoding::BINARY, error.body.encoding
  end

  def test_an_answer_that_is_too_large
    error = assert_raises(Approute::DecodeError) { get(Scripted.answer(200, link(notes: "x" * 5000)), max_response_bytes: 4000) }
    assert_match(/max_response_bytes/, error.message)
  end

  def test_a_slow_answer_is_given_up
    client, = scripted(attempt_timeout: 0.3) do |socket, _|
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
      loop do
        socket.write(" ")
        sleep 0.02
      end
    end
    assert_raises(Approute::APITimeoutError) { client.links.get("lnk_1") }
  end

  def test_texts_that_cannot_be_sent
    client, server = scripted { |socket, _| socket.write(Scripted.answer(201, link)) }
    cyclic = []
    cyclic << cyclic
    [
      "\xff", "\xff".b, "a\xc3".dup.force_encoding("UTF-8"), Object.new, Float::NAN, Float::INFINITY, cyclic, BasicObject,
      { a: { b: Object.new } }, 2**70, Class
    ].each do |value|
      error = assert_raises(Approute::ConfigurationError) { client.links.create(url: value) }
      assert_kind_of ArgumentError, error
    end
    assert_equal 0, server.requests.size
    deep = 200.times.reduce("x") { |inner, _| [inner] }
    assert_raises(Approute::ConfigurationError) { client.links.create(url: "https://example.com", tags: deep) }
  end

  def test_texts_that_can
    client, server = scripted { |socket, _| socket.write(Scripted.answer(201, link)) }
    {
      "a\u0000b" => "a\u0000b", :symbol => "symbol", "ü".encode("ISO-8859-1") => "ü", "x" * 1_000_000 => "x" * 1_000_000,
      "\u{1F600}\u2028" => "\u{1F600}\u2028", URI("https://example.com/a") => "https://example.com/a"
    }.each do |given, sent|
      client.links.create(url: given)
      assert_equal sent, JSON.parse(server.requests.pop[:body])["url"]
    end
  end

  def test_values_of_other_classes
    client, server = scripted { |socket, _| socket.write(Scripted.answer(201, link)) }
    pair = Struct.new(:url, :weight)
    client.links.create(url: "https://example.com", starts_at: Time.new(2026, 11, 1, 12, 30, 15.25r, "+02:00"),
                        expires_at: DateTime.new(2026, 12, 1, 0, 0, 0), tags: Set["a"], geo: { DE: "https://example.de" },
                        variants: [{ "url" => "https://example.com/1", weight: 1 }],
                        utm: Approute::Models::Utm.parse('{"source":"s"}'))
    body = JSON.parse(server.requests.pop[:body])
    assert_equal ["2026-11-01T10:30:15.250Z", "2026-12-01T00:00:00Z", ["a"]].map(&:to_s),
                 body.values_at("starts_at", "expires_at", "tags").map { |value|
                   value.is_a?(String) ? value.sub(".25Z", ".250Z") : value.to_s
                 }
    assert_equal({ "DE" => "https://example.de" }, body["geo"])
    assert_equal({ "source" => "s" }, body["utm"])
    assert_raises(Approute::ConfigurationError) { client.links.create(url: "https://example.com", variants: [pair.new("u", 1)]) }
  end

  def test_ids_stay_in_their_place
    client, server = scripted { |socket, _| socket.write(Scripted.answer(200, link)) }
    client.links.get("a/../b?c#d e\u00e9")
    assert_equal "GET /v1/links/a%2F..%2Fb%3Fc%23d%20e%C3%A9 HTTP/1.1", server.requests.pop[:line]
    ["", ".", "..", nil, 5, "\xff"].each do |id|
      assert_raises(Approute::ConfigurationError, id.inspect) { client.links.get(id) }
    end
  end
end
