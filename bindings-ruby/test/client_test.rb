# frozen_string_literal: true

require "helper"

# Calls against the reference server.
class ClientTest < Test
  def test_links_are_made_read_changed_deleted_and_restored
    client = reference
    made = client.links.create(url: "https://example.com/a", tags: %w[a b], expires_at: Time.now + 3600,
                               targets: { ios: { app_store_id: "123456" } })
    assert_equal 201, made.response.status
    assert_equal "123456", made.targets.ios.app_store_id
    assert_equal made, client.links.get(made.id)
    changed = client.links.update(made.id, title: "new", expires_at: nil)
    assert_equal ["new", nil, 2], [changed.title, changed.expires_at, changed.version]
    same = client.links.update(made.id, notes: "n", if_match: '"2"')
    assert_equal "new", same.title
    assert_raises(Approute::PreconditionFailedError) { client.links.update(made.id, notes: "m", if_match: '"1"') }
    assert client.links.delete(made.id).deleted_at
    assert_equal "active", client.links.restore(made.id).status
  end

  def test_a_batch_tells_each_item
    result = reference.links.batch(create: [{ url: "https://example.com/1" }, { url: "nonsense" }])
    assert_equal [1, 1], [result.summary.succeeded, result.summary.failed]
    assert_equal "https://example.com/1", result.create[0].link.url
    assert_equal 422, result.create[1].status
  end

  def test_an_answer_without_a_body_is_its_facts
    client = reference
    webhook = client.webhooks.create(url: "http://127.0.0.1:9/x", events: ["link.created"])
    assert_match(/\Awhsec_/, webhook.secret)
    refute_includes webhook.inspect, webhook.secret
    answer = client.webhooks.delete(webhook.id)
    assert_instance_of Approute::Response, answer
    assert_equal 204, answer.status
  end

  def test_a_qr_code_is_written_to_a_file_and_a_stream
    client = reference
    made = client.links.create(url: "https://example.com/qr")
    code = client.qr.get(made.id, format: :svg, size: 200)
    assert_equal "image/svg+xml", code.content_type
    Dir.mktmpdir do |folder|
      path = File.join(folder, "code.svg")
      assert_equal code.bytes.bytesize, code.write_to(path)
      assert_equal code.bytes, File.binread(path)
      assert_equal [path], Dir[File.join(folder, "*"), File.join(folder, ".*.partial")]
    end
    stream = StringIO.new("".b)
    code.write_to(stream)
    assert_equal code.bytes, stream.string
  end

  def test_facts_of_an_answer
    answer = reference.links.create(url: "https://example.com").response
    assert_match(/\Areq_/, answer.request_id)
    assert_equal 1, answer.attempts
    refute answer.replayed?
    assert_equal 1_000_000, answer.rate_limit.limit
    assert_equal answer.request_id, answer.headers["x-request-id"]
  end

  def test_options_of_a_call_and_of_a_copy
    client, server = scripted { |socket, _| socket.write(Scripted.answer(200, link)) }
    copy = client.with_options(headers: { "X-One" => "1" }, idempotency_key: "k1")
    copy.links.update("lnk_1", title: "x", options: { headers: { "X-Two" => 2 }, query: { a: %w[b c] } })
    seen = server.requests.pop
    assert_equal %w[1 2 k1], seen[:headers].values_at("x-one", "x-two", "idempotency-key")
    assert_equal "PATCH /v1/links/lnk_1?a=b&a=c HTTP/1.1", seen[:line]
    client.links.update("lnk_1", title: "x")
    assert_nil server.requests.pop[:headers]["x-one"]
  end

  def test_a_key_can_be_a_function
    keys = %w[one two]
    server = Scripted.new { |socket, _| socket.write(Scripted.answer(200, link)) }
    servers << server
    client = Approute::Client.new(api_key: -> { keys.shift }, base_url: server.url)
    2.times { client.links.get("lnk_1") }
    assert_equal ["Bearer one", "Bearer two"], Array.new(2) { server.requests.pop[:headers]["authorization"] }
  end

  def test_the_environment
    server = Scripted.new { |socket, _| socket.write(Scripted.answer(200, link)) }
    servers << server
    output, status = ruby("require 'approute'; print Approute::Client.new.links.get('lnk_1').id",
                          env: { APPROUTE_API_KEY: "from-env", APPROUTE_BASE_URL: server.url })
    assert status.success?, output
    assert_equal link["id"], output
    seen = server.requests.pop[:headers]
    assert_equal "Bearer from-env", seen["authorization"]
    assert_match(%r{\Aapproute-ruby/#{Approute::VERSION} \(ruby #{RUBY_VERSION}; linux; }, seen["user-agent"])
  end

  def test_hooks_and_log_are_told_on_the_calling_thread
    told = []
    log = StringIO.new
    answers = [Scripted.answer(503, "", "x-request-id" => "req_1"), Scripted.answer(200, link)]
    client, = scripted(
      max_retries: 1, log_level: :debug, logger: Logger.new(log),
      **%i[on_request on_response on_retry].to_h { |name| [name, ->(notice) { told << [notice, Thread.current] }] }
    ) { |socket, _| socket.write(answers.shift) }
    client.links.get("lnk_1")
    assert_equal(%w[request response retry request response], told.map { |notice, _| notice.hook })
    assert(told.all? { |_, thread| thread == Thread.current })
    first, answered, again = told.map(&:first)
    assert_equal ["links.get", "GET", 1], [first.operation, first.method, first.attempt]
    refute first.headers.key?("authorization")
    assert_equal [503, "req_1"], [answered.status, answered.request_id]
    assert_in_delta 0.4, again.wait, 0.2
    assert_includes log.string, "links.get"
    refute_includes log.string, "Bearer"
  end

  def test_an_error_in_a_hook_ends_the_call_and_the_next_one_works
    fails = true
    client, = scripted(on_request: ->(_) { raise "no" if fails }) { |socket, _| socket.write(Scripted.answer(200, link)) }
    assert_equal "no", assert_raises(RuntimeError) { client.links.get("lnk_1") }.message
    fails = false
    assert_equal link["id"], client.links.get("lnk_1").id
  end

  def test_a_hook_may_make_calls_itself
    inner = reference
    seen = nil
    client, = scripted(on_request: ->(_) { seen ||= inner.links.list(limit: 1).page }) do |socket, _|
      socket.write(Scripted.answer(200, link))
    end
    client.links.get("lnk_1")
    assert_instance_of Approute::Page, seen
  end

  def test_nothing_shows_the_key
    client = Approute::Client.new(api_key: "very-secret", base_url: "http://127.0.0.1:9", max_retries: 0)
    texts = [client.inspect, client.to_s, client.links.inspect, client.instance_variables.map do |name|
      client.instance_variable_get(name).inspect
    end.join]
    error = assert_raises(Approute::APIConnectionError) { client.links.get("lnk_1") }
    texts << error.full_message << error.inspect
    texts.each { |text| refute_includes text, "very-secret" }
  end

  def test_many_threads_share_a_client
    client = reference
    made = client.links.create(url: "https://example.com")
    ids = Array.new(32) { Thread.new { Array.new(10) { client.links.get(made.id).id } } }.flat_map(&:value)
    assert_equal [made.id] * 320, ids
  end
end
