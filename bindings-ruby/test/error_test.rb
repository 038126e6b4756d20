# frozen_string_literal: true

require "helper"

# The tree of errors.
class ErrorTest < Test
  def test_a_refused_call_says_everything
    client = reference
    client.links.create(url: "https://example.com", slug: "taken-here")
    error = assert_raises(Approute::ConflictError) { client.links.create(url: "https://example.com", slug: "Taken-Here") }
    assert_equal [409, "slug_taken", "rejected", 1], [error.status, error.code, error.outcome, error.attempts]
    assert_equal ["/slug", "slug_taken"], [error.errors[0].pointer, error.errors[0].code]
    assert_match(/\Areq_/, error.request_id)
    assert_match(/\A\h{8}-/, error.idempotency_key)
    assert_equal error.request_id, error.headers["x-request-id"]
    assert_equal "slug_taken", JSON.parse(error.body)["code"]
    refute error.retryable?
    refute_includes error.message, "\n"
    assert_includes error.message, error.request_id
    refute_includes error.detail, error.request_id
    assert_kind_of Approute::APIError, error
    assert_kind_of Approute::ApprouteError, error
  end

  def test_errors_can_be_marshalled
    client = reference
    error = assert_raises(Approute::NotFoundError) { client.links.get("lnk_01HZX3T8Q4C7B5K2M9N6P1R0WV") }
    copy = Marshal.load(Marshal.dump(error))
    fields = %i[class message detail status code errors request_id headers body attempts outcome confirmation]
    assert_equal(fields.map { |name| error.public_send(name) }, fields.map { |name| copy.public_send(name) })
    assert_equal error.message, error.dup.message
  end

  def test_a_bad_argument_is_an_argument_error_and_one_of_ours
    client = reference
    [
      -> { client.links.create(url: 5) },
      -> { client.links.create(url: "https://example.com", targets: Object.new) },
      -> { client.links.list(limit: "many").page },
      -> { client.links.get("") },
      -> { client.links.get("..") },
      -> { client.links.get(nil) },
      -> { client.links.get("lnk_1", options: { timout: 1 }) },
      -> { client.links.get("lnk_1", options: 5) },
      -> { client.links.get("lnk_1", options: { timeout: "1" }) },
      -> { client.links.get("lnk_1", options: { timeout: -1 }) },
      -> { client.links.get("lnk_1", options: { headers: { "bad name" => "x" } }) },
      -> { client.with_options(nonsense: 1) },
      -> { Approute::Client.new(api_key: "k", base_url: "ftp://x") },
      -> { Approute::Client.new(api_key: "k", nonsense: 1) },
      -> { Approute::Client.new(api_key: "k", http_client: 5) },
      -> { Approute::Client.new(api_key: "k", logger: 5) },
      -> { Approute::Client.new(api_key: "k", on_retry: 5) },
      -> { Approute::Client.new(api_key: 5) }
    ].each_with_index do |call, index|
      error = assert_raises(Approute::ConfigurationError, index.to_s) { call.call }
      assert_kind_of ArgumentError, error
      assert error.is_a?(Approute::ApprouteError)
      assert error.is_a?(Approute::Error)
      assert_equal "not_sent", error.outcome
      refute_includes error.message, "\n"
      caught = begin
        raise error
      rescue Approute::ApprouteError
        :ours
      end
      assert_equal :ours, caught
    end
  end

  def test_other_errors_are_not_ours
    refute ArgumentError.new.is_a?(Approute::ApprouteError)
    refute Approute::ConfigurationError.new("x").is_a?(Approute::APIError)
    refute Approute::ConfigurationError.new("x").is_a?(Approute::APIError)
    assert_raises(ArgumentError) { reference.links.create(nonsense: 1) }
  end

  # On a server of its own: the others delete too, and deletes are counted by the hour.
  def test_a_person_has_to_confirm_many_deletes
    client = reference(Helper::Reference.start)
    ids = Array.new(30) { |index| client.links.create(url: "https://example.com/#{index}").id }
    error = assert_raises(Approute::ConfirmationRequiredError) { client.links.batch(delete: ids) }
    assert_kind_of Approute::ConflictError, error
    assert_equal 30, error.confirmation.delete_count
    assert_operator error.confirmation.expires_at, :>, Time.now
    refute_includes error.full_message + error.inspect + error.confirmation.inspect, error.confirmation.token
    done = client.links.batch(delete: ids, options: { confirmation: error.confirmation.token })
    assert_equal 30, done.summary.succeeded
  end

  def test_a_panic_is_an_ordinary_error_and_the_next_call_works
    output, status = ruby(<<~RUBY)
      require "approute"
      Approute::Native.load
      begin
        Approute::Native.panic
      rescue Approute::ApprouteError => e
        warn e.class, e.message
      end
      mock = Approute::MockTransport.new.problem(404, "not_found")
      begin
        mock.client.links.get("lnk_1")
      rescue Approute::NotFoundError
        puts "next works"
      end
    RUBY
    assert status.success?, output
    assert_includes output, "on purpose"
    assert_includes output, "next works"
  end

  def test_nobody_listens
    port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
    client = Approute::Client.new(api_key: "k", base_url: "http://127.0.0.1:#{port}", max_retries: 0)
    error = assert_raises(Approute::APIConnectionError) { client.links.get("lnk_1") }
    assert_equal ["not_sent", true, nil], [error.outcome, error.retryable?, error.status]
  end
end
