# frozen_string_literal: true

require "helper"

# Ruby's garbage collector, and what thousands of calls leave behind.
class MemoryTest < Test
  def mock
    @mock ||= Approute::MockTransport.new.tap do |mock|
      mock.on("GET", "/v1/links/lnk_1", 200, json: link(colour: [1]))
      mock.on("GET", "/v1/links", 200, json: { items: [link, link], next_cursor: nil, has_more: false })
    end
  end

  def use(client)
    model = client.links.get("lnk_1")
    assert_equal 6, [model.to_h, model.inspect, model.to_json, model.hash, model.response.headers, model.extra].size
    client.links.list.map { |item| [item.utm.source, item.tags, item.created_at] }
    begin
      client.links.get("lnk_2")
    rescue Approute::APIConnectionError, Approute::ConfigurationError => e
      e.message
    end
  end

  # In a process of its own: the less there is, the quicker each collection.
  def test_collecting_at_every_chance
    _, server = scripted do |socket, request|
      body = request[:line].include?("/lnk_") ? link(colour: [1]) : { items: [link, link], next_cursor: nil, has_more: false }
      socket.write(request[:line].include?("lnk_no") ? Scripted.answer(404, {}) : Scripted.answer(200, body))
    end
    output, status = ruby(<<~RUBY, "--disable-gems", env: { URL: server.url }, timeout: 300)
      require "approute"
      client = Approute::Client.new(api_key: "k", base_url: ENV.fetch("URL"), max_retries: 0)
      work = lambda do
        model = client.links.get("lnk_1")
        parts = [model.to_json, model.created_at, model.tags, model.response.headers, model.extra, model.inspect, model.hash]
        items = client.links.list.map { |item| [item.utm.source, item.id] }
        begin
          client.links.get("lnk_no")
        rescue Approute::NotFoundError => e
          message = e.message
        end
        headers = Approute::Webhooks.sign("{}", "#{SECRET}", id: "evt_1")
        begin
          Approute::Webhooks.verify("[]", headers, "#{SECRET}")
        rescue Approute::WebhookVerificationError => e
          reason = e.reason
        end
        [parts, items, message, reason]
      end
      expected = work.call
      GC.stress = true
      got = work.call
      GC.stress = false
      expected.zip(got) { |a, b| abort "\#{a} \#{b}" unless a == b || a.flatten.first(3) == b.flatten.first(3) }
      puts got.last
    RUBY
    assert status.success?, output
    assert_equal "no_match\n", output
  end

  SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

  def test_compacting
    skip "this Ruby cannot compact" unless GC.respond_to?(:compact)
    client = mock.client
    models = Array.new(500) { client.links.get("lnk_1") }
    links = Array.new(50) { client.links.list.to_a }.flatten
    if GC.respond_to?(:verify_compaction_references)
      GC.verify_compaction_references(double_heap: true,
                                      toward: :empty)
    else
      GC.compact
    end
    assert_equal [link["id"]], models.map(&:id).uniq
    assert_equal [link["utm"]["source"]], links.map { |item| item.utm.source }.uniq
    use(client)
  end

  CALLS = ENV.fetch("APPROUTE_CALLS", "5000").to_i

  def state
    GC.start
    {
      memory: File.read("/proc/self/status")[/VmRSS:\s+(\d+)/, 1].to_i / 1024,
      descriptors: Dir["/proc/self/fd/*"].size,
      threads: Dir["/proc/self/task/*"].size
    }
  end

  # A third of them succeed, a third are refused, a third are given up.
  def test_calls_by_the_thousand_leave_everything_level
    skip "there is no /proc here" unless File.directory?("/proc/self/fd")
    client, = scripted do |socket, request|
      case request[:line]
      when /lnk_ok/ then socket.write(Scripted.answer(200, link))
      when /lnk_no/ then socket.write(Scripted.answer(404, { code: "not_found", title: "x", status: 404 }))
      else socket.read(1)
      end
    end
    round = lambda do |count|
      (count / 150).times do
        50.times { client.links.get("lnk_ok") }
        50.times { assert_raises(Approute::NotFoundError) { client.links.get("lnk_no") } }
        servers.first.requests.clear
        give_up(Array.new(50) { Thread.new { client.links.get("lnk_slow") } })
      end
    end
    round.call(CALLS / 5)
    before = state
    round.call(CALLS)
    after = nil
    eventually(30) { (after = state)[:descriptors] <= before[:descriptors] + 10 && after[:threads] <= before[:threads] + 5 }
    assert_operator after[:memory], :<, before[:memory] + 25, "MiB: #{before} #{after}"
  end

  def give_up(threads)
    threads.each { servers.first.requests.pop }
    threads.each(&:kill)
    threads.each { |thread| assert thread.join(20) }
  end
end
