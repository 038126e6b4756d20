# frozen_string_literal: true

require "helper"

# Signatures of webhooks.
class WebhookTest < Test
  SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

  def event(**changes)
    JSON.generate({ id: "evt_1", type: "link.created", created_at: Time.now.utc.strftime("%FT%TZ"),
                    sent_at: Time.now.utc.strftime("%FT%TZ"), attempt: 1, api_version: "2026-11-01",
                    workspace_id: "wsp_1", data: { link: } }.merge(changes))
  end

  def test_the_public_vector
    payload = '{"test": 2432232314}'
    headers = { "webhook-id" => "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp" => "1614265330",
                "webhook-signature" => "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" }
    assert_nil Approute::Webhooks.verify(payload, headers, SECRET, now: 1_614_265_330)
    assert_equal "too_old", reason { Approute::Webhooks.verify(payload, headers, SECRET) }
  end

  def reason(&)
    assert_raises(Approute::WebhookVerificationError, &).reason
  end

  def test_an_event_becomes_its_class
    payload = event
    got = Approute::Webhooks.unwrap(payload, Approute::Webhooks.sign(payload, SECRET, id: "evt_1"), SECRET)
    assert_instance_of Approute::Models::LinkCreatedEvent, got
    assert_equal link["id"], got.data.link.id
    assert_nil got.response
    assert_equal got, Marshal.load(Marshal.dump(got))
  end

  def test_an_unknown_event_is_kept
    payload = event(type: "link.sold", data: { price: 5 })
    got = Approute::Webhooks.unwrap(payload, Approute::Webhooks.sign(payload, SECRET, id: "evt_1"), SECRET)
    assert_instance_of Approute::Models::UnknownEvent, got
    assert_equal ["link.sold", { "price" => 5 }], [got.type, got.extra["data"]]
    assert_equal JSON.parse(payload), JSON.parse(got.to_json)
    assert_equal got, Marshal.load(Marshal.dump(got))
    case got
    in { type: "link.sold" } then pass
    end
  end

  def test_headers_in_every_shape
    payload = event
    signed = Approute::Webhooks.sign(payload, SECRET, id: "evt_1")
    rack = signed.transform_keys { |name| "HTTP_#{name.upcase.tr('-', '_')}" }.merge("rack.input" => nil)
    [
      signed, signed.transform_keys(&:upcase), signed.transform_keys(&:to_sym), signed.transform_values { |value| [value] },
      signed.to_a, rack, signed["x-approute-signature"]
    ].each { |headers| assert_nil Approute::Webhooks.verify(payload, headers, SECRET), headers.inspect }
  end

  def test_why_a_delivery_is_refused
    payload = event
    signed = Approute::Webhooks.sign(payload, SECRET, id: "evt_1")
    assert_equal "no_match", reason { Approute::Webhooks.verify("#{payload} ", signed, SECRET) }
    assert_equal "no_signature", reason { Approute::Webhooks.verify(payload, {}, SECRET) }
    assert_equal "malformed", reason { Approute::Webhooks.verify(payload, "nonsense", SECRET) }
    assert_equal "too_old", reason { Approute::Webhooks.verify(payload, signed, SECRET, now: Time.now + 301) }
    assert_equal "in_future", reason { Approute::Webhooks.verify(payload, signed, SECRET, now: Time.now - 301) }
    assert_nil Approute::Webhooks.verify(payload, signed, SECRET, now: Time.now + 301, tolerance: 400)
    assert_nil Approute::Webhooks.verify(payload, signed, ["whsec_#{['x' * 32].pack('m0')}", SECRET])
  end

  def test_wrong_arguments
    [
      -> { Approute::Webhooks.verify(nil, {}, SECRET) }, -> { Approute::Webhooks.verify("{}", 5, SECRET) },
      -> { Approute::Webhooks.verify("{}", {}, nil) }, -> { Approute::Webhooks.verify("{}", {}, []) },
      -> { Approute::Webhooks.verify("{}", {}, 5) }, -> { Approute::Webhooks.verify("{}", {}, "") },
      -> { Approute::Webhooks.verify("{}", "x", SECRET, tolerance: "5") },
      -> { Approute::Webhooks.verify("{}", "x", SECRET, tolerance: -1) },
      -> { Approute::Webhooks.sign("{}", nil, id: "x") }, -> { Approute::Webhooks.sign("{}", "", id: "x") }
    ].each_with_index do |call, index|
      assert_kind_of ArgumentError,
                     assert_raises(Approute::ConfigurationError, index.to_s, &call)
    end
  end

  # What the reference server sends, received as a Rack application would.
  def test_a_delivery_of_the_server
    received = Queue.new
    server = Scripted.new do |socket, request|
      received << request
      socket.write(Scripted.answer(200, "ok"))
    end
    servers << server
    client = reference
    webhook = client.webhooks.create(url: "#{server.url}/hook", events: ["link.created"])
    made = client.links.create(url: "https://example.com/hooked")
    request = Timeout.timeout(30) { received.pop }
    got = Approute::Webhooks.unwrap(request[:body], request[:headers], webhook.secret)
    assert_equal made.id, got.data.link.id
    assert_equal "no_match", reason { Approute::Webhooks.verify(request[:body], request[:headers], SECRET) }
  ensure
    client&.webhooks&.delete(webhook.id) if webhook
  end
end
