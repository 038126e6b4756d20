# frozen_string_literal: true

require "helper"

# HTTP clients of the user's own, and the mock.
class TransportTest < Test
  def faraday
    require "faraday"
    Faraday
  rescue LoadError
    skip "Faraday is not installed: apt-get install ruby-faraday"
  end

  def over_faraday(url, **options)
    Approute::Client.new(api_key: "k", base_url: url, http_client: faraday.new, max_retries: 1, **options)
  end

  def test_the_mock_answers_from_its_script
    mock = Approute::MockTransport.new.reply(503).problem(404, "not_found", "There is no such link.")
    error = assert_raises(Approute::NotFoundError) { mock.client.links.get("lnk_1") }
    assert_equal ["not_found", 2], [error.code, error.attempts]
    assert_equal ["GET /v1/links/lnk_1"] * 2, mock.sent
    assert_equal 1, mock.waits.size
    assert_in_delta 0.375, mock.waits.first, 0.126
    assert mock.done?
    mock.reply(201, json: link)
    mock.client.links.create(url: "https://example.com", title: nil)
    assert_equal({ "url" => "https://example.com" }, mock.requests.last.json)
    mock.on("GET", "/v1/links", 200, json: { items: [link], next_cursor: nil, has_more: false })
    assert_equal 1, mock.client.links.list(limit: 5).count
    assert_equal "GET /v1/links?limit=5", mock.sent.last
    mock.failure(:connect)
    assert_equal "not_sent", assert_raises(Approute::APIConnectionError) { mock.client(max_retries: 0).links.get("x") }.outcome
    error = assert_raises(Approute::ConfigurationError) { mock.client.links.get("lnk_9") }
    assert_includes error.message, "no reply left for GET /v1/links/lnk_9"
  end

  def test_the_mock_waits_for_nobody
    mock = Approute::MockTransport.new
    2.times { mock.reply(429, headers: { "retry-after" => "25" }) }
    mock.reply(200, json: link)
    before = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    assert_equal 3, mock.client.links.get("lnk_1").response.attempts
    assert_operator Process.clock_gettime(Process::CLOCK_MONOTONIC) - before, :<, 20
    assert(mock.waits.all? { |wait| wait.between?(25, 27.5) })
  end

  def test_a_transport_of_ones_own
    transport = Object.new
    link_json = JSON.generate(link)
    transport.define_singleton_method(:perform) do |request|
      raise Approute::Transport::Failure.new(:interrupted, "broken pipe") if request.method == "DELETE"

      Approute::Transport::Reply.new(200, { "Content-Type" => "application/json", "X-Request-Id" => ["req_1"] }, link_json)
    end
    client = Approute::Client.new(api_key: "k", http_client: transport, max_retries: 0)
    assert_equal "req_1", client.links.get("lnk_1").response.request_id
    error = assert_raises(Approute::APIConnectionError) { client.links.delete("lnk_1") }
    assert_instance_of Approute::Transport::Failure, error.cause
    assert_equal "unknown", error.outcome
  end

  def test_faraday_against_the_reference_server
    info = Helper::Reference.info
    client = Approute::Client.new(api_key: info[:api_key], base_url: info[:base_url], http_client: faraday.new)
    made = client.links.create(url: "https://example.com/faraday", tags: %w[b a])
    assert_equal made, client.links.get(made.id)
    assert_includes client.links.list(tag: %w[b a], q: "faraday").map(&:id), made.id
    assert_raises(Approute::NotFoundError) { client.links.get("lnk_nope") }
  end

  def test_faraday_sends_the_query_as_it_is_and_its_own_headers
    server = Scripted.new { |socket, _| socket.write(Scripted.answer(200, { items: [], next_cursor: nil, has_more: false })) }
    servers << server
    connection = faraday.new(headers: { "X-Mine" => "1" }, params: { "mine" => "2" })
    client = Approute::Client.new(api_key: "k", base_url: server.url, http_client: connection)
    client.links.list(tag: %w[z a], q: "a b&c").to_a
    request = server.requests.pop
    assert_equal "GET /v1/links?mine=2&q=a+b%26c&tag=z&tag=a HTTP/1.1", request[:line].sub("q=a%20b", "q=a+b")
    assert_equal "1", request[:headers]["x-mine"]
    assert_match(/\Aapproute-ruby/, request[:headers]["user-agent"])
  end

  def test_faraday_errors_stay_the_cause
    port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
    client = over_faraday("http://127.0.0.1:#{port}", max_retries: 0)
    error = assert_raises(Approute::APIConnectionError) { client.links.get("lnk_1") }
    assert_instance_of Faraday::ConnectionFailed, error.cause
    assert_equal "not_sent", error.outcome
  end

  def test_faraday_is_given_up_in_time
    server = Scripted.new { |socket, _| socket.write("HTTP/1.1 200 OK\r\n") && loop { socket.write("x: y\r\n") && sleep(0.02) } }
    servers << server
    client = over_faraday(server.url, attempt_timeout: 0.3, max_retries: 0)
    assert_raises(Approute::APITimeoutError) { client.links.get("lnk_1") }
    thread = Thread.new { over_faraday(server.url).links.get("lnk_1") }
    2.times { server.requests.pop }
    thread.kill
    assert thread.join(20)
  end

  def test_connections_that_would_meddle_are_refused
    [
      faraday.new { |builder| builder.request(:retry) },
      faraday.new { |builder| builder.response(:raise_error) }
    ].each do |connection|
      error = assert_raises(Approute::ConfigurationError) { Approute::Client.new(api_key: "k", http_client: connection) }
      assert_match(/has the middleware Faraday::/, error.message)
    end
    assert_raises(Approute::ConfigurationError) do
      Approute::Client.new(api_key: "k", http_client: faraday.new, proxy: "http://127.0.0.1:1")
    end
  end

  def test_webmock
    faraday
    begin
      verbose = $VERBOSE
      $VERBOSE = nil
      require "webmock"
    rescue LoadError
      skip "WebMock is not installed: apt-get install ruby-webmock"
    ensure
      $VERBOSE = verbose
    end
    WebMock.enable!
    stub = WebMock::API.stub_request(:get, "https://api.example/v1/links/lnk_1")
                       .with(headers: { "Authorization" => "Bearer k" })
                       .to_return({ status: 503 }, { status: 200, body: JSON.generate(link) })
    client = over_faraday("https://api.example")
    assert_equal 2, client.links.get("lnk_1").response.attempts
    WebMock::API.assert_requested(stub, times: 2)
  ensure
    WebMock.disable! if defined?(WebMock)
  end
end
