# frozen_string_literal: true

require "helper"
require "pp" # rubocop:disable Lint/RedundantRequireStatement -- Ruby 3.1 loads it with the first `pp` only

# Models as values.
class ModelTest < Test
  def parse(**changes)
    Approute::Models::Link.parse(JSON.generate(link(**changes)))
  end

  def test_they_compare_by_value
    assert_equal parse, parse
    assert parse.eql?(parse)
    assert_equal parse.hash, parse.hash
    assert_equal 1, [parse, parse].uniq.size
    refute_equal parse, parse(title: "another")
    refute_equal parse, "text"
    refute_equal parse.utm, parse
  end

  def test_they_and_all_they_give_are_frozen
    model = parse(tags: ["a"], geo: { "DE" => "https://example.de" })
    [model, model.id, model.tags, model.tags.first, model.geo, model.geo["DE"], model.utm, model.created_at,
     model.extra].each { |value| assert value.frozen?, value.inspect }
    assert_same model, model.dup
    assert_same model, model.clone
  end

  def test_lists_of_every_length_are_whole_and_frozen
    [0, 1, 15, 16, 17, 32, 33, 100].each do |length|
      tags = Array.new(length) { |at| "tag-#{at}" }
      model = parse(tags:)
      GC.compact if length == 33
      assert_equal tags, model.tags
      assert model.tags.frozen?
    end
    empty = parse(tags: [], geo: {}, variants: [])
    [empty.tags, empty.geo, empty.variants].each { |value| assert value.frozen? && value.empty? }
  end

  def test_times_are_utc_to_the_nanosecond
    model = parse(created_at: "2026-11-25T22:00:00.123456789Z", updated_at: "2026-11-25T23:00:00+01:00",
                  expires_at: "2016-12-31T23:59:60Z", starts_at: "1969-12-31T23:59:59.5Z")
    assert_equal Time.utc(2026, 11, 25, 22, 0, Rational(123_456_789, 1_000_000_000)), model.created_at
    assert_equal Time.utc(2026, 11, 25, 22), model.updated_at
    assert_equal Time.utc(2017, 1, 1), model.expires_at
    assert_equal(-0.5, model.starts_at.to_f)
    assert [model.created_at, model.updated_at].all?(&:utc?)
  end

  def test_unknown_fields_and_values_are_kept
    model = parse(colour: { "r" => [1, 2.5, nil, true] }, status: "sleeping")
    assert_equal({ "colour" => { "r" => [1, 2.5, nil, true] } }, model.extra)
    assert_equal "sleeping", model.status
    assert_equal({ "r" => [1, 2.5, nil, true] }, model.to_h[:colour])
    assert_equal model, Approute::Models::Link.parse(model.to_json)
  end

  def test_they_are_written_back_as_they_came
    assert_equal link.compact, JSON.parse(parse.to_json).compact
    assert_equal parse.to_json, JSON.generate(parse)
    assert_equal "[#{parse.to_json}]", JSON.generate([parse])
  end

  def test_to_h_goes_all_the_way_down
    hash = parse(utm: { source: "x" }).to_h
    assert_equal "x", hash[:utm][:source]
    assert_kind_of Time, hash[:created_at]
    assert_equal Approute::Models::Link::FIELDS.values, hash.keys.first(Approute::Models::Link::FIELDS.size)
  end

  def test_they_match_patterns
    case parse(click_count: 12)
    in { status: String => status, click_count: 10.., utm: { source: } }
      assert_equal [link["status"], link["utm"]["source"]], [status, source]
    end
    assert_nil((parse in { nonsense: _ }) ? true : nil)
  end

  def test_marshal
    model = parse(colour: 1)
    copy = Marshal.load(Marshal.dump([model, model.targets]))
    assert_equal [model, model.targets], copy
    assert copy.first.frozen?
  end

  def test_times_are_utc_with_all_their_digits
    time = parse(created_at: "2026-11-01T01:30:00.123456789+02:00").created_at
    assert_equal Time.utc(2026, 10, 31, 23, 30, 0 + Rational(123_456_789, 1_000_000_000)), time
    assert time.utc?
  end

  def test_inspect_leaves_out_nil_and_secrets
    text = Approute::Models::Webhook.parse(JSON.generate(webhook)).inspect
    assert_includes text, 'events=["link.created"]'
    assert_includes text, "secret=[hidden]"
    refute_includes text, "whsec_"
    refute_includes text, "nil"
    assert_equal text, Approute::Models::Webhook.parse(JSON.generate(webhook)).pretty_inspect.chomp
  end

  def webhook
    { id: "whk_1", url: "https://example.com", events: ["link.created"], status: "active", consecutive_failures: 0,
      secret_hint: "abcd", api_version: "2026-11-01", created_at: "2026-11-01T00:00:00Z", secret: "whsec_abc" }
  end

  def test_what_is_no_such_model
    error = assert_raises(ArgumentError) { Approute::Models::Link.parse("{}") }
    assert_includes error.message, "missing field"
    assert_raises(ArgumentError) { Approute::Models::Link.parse("nonsense") }
    assert_raises(NoMethodError) { Approute::Models::Link.new }
    assert_raises(TypeError) { Approute::Models::Link.instance_method(:id).bind_call(parse.utm) }
  end

  def test_enums_are_listed
    assert_equal "active", Approute::Enums::LinkStatus::ACTIVE
    assert_includes Approute::Enums::RedirectStatus::ALL, 307
  end
end
