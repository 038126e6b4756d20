# frozen_string_literal: true

require "helper"

# Lists and their pages.
class ListTest < Test
  def page(items, next_cursor)
    Scripted.answer(200, { items: items.map { |id| link(id:) }, next_cursor:, has_more: !next_cursor.nil? })
  end

  # Pages of two items each; the cursor is the page's number.
  def pages(count, **options)
    scripted(**options) do |socket, request|
      number = request[:line][/cursor=(\d+)/, 1].to_i
      socket.write(page(["lnk_#{number}a", "lnk_#{number}b"], number + 1 < count ? (number + 1).to_s : nil))
    end
  end

  def test_all_items_come_and_pages_are_fetched_as_needed
    client, server = pages(3)
    list = client.links.list(tag: %w[a b], limit: 2)
    assert_equal 0, server.requests.size
    assert_equal %w[lnk_0a lnk_0b lnk_1a lnk_1b lnk_2a lnk_2b], list.map(&:id)
    assert_equal ["GET /v1/links?limit=2&tag=a&tag=b HTTP/1.1", "GET /v1/links?cursor=1&limit=2&tag=a&tag=b HTTP/1.1",
                  "GET /v1/links?cursor=2&limit=2&tag=a&tag=b HTTP/1.1"], (Array.new(3) { server.requests.pop[:line] })
    assert_equal 6, list.count
  end

  def test_an_iteration_that_stops_fetches_no_more
    client, server = pages(3)
    assert_equal %w[lnk_0a lnk_0b lnk_1a], client.links.list.lazy.map(&:id).first(3)
    assert_equal %w[lnk_0a], client.links.list.first(1).map(&:id)
    assert_equal 3, server.requests.size
    each = client.links.list.each
    assert_equal %w[lnk_0a lnk_0b lnk_1a], Array.new(3) { each.next.id }
  end

  def test_page_by_page
    client, = pages(2)
    first = client.links.list.page
    assert_equal [2, "1", true], [first.size, first.next_cursor, first.next_page?]
    assert_equal 200, first.response.status
    last = first.next_page
    assert_equal %w[lnk_1a lnk_1b], last.map(&:id)
    assert_nil last.next_page
    assert_equal last.items, client.links.list(cursor: "1").page.items
    assert_equal [2, 2], client.links.list.each_page.map(&:size)
  end

  def test_a_cursor_that_repeats_is_an_error
    client, server = scripted { |socket, _| socket.write(page(%w[lnk_1], "again")) }
    seen = []
    error = assert_raises(Approute::DecodeError) { client.links.list.each { |item| seen << item.id } }
    assert_equal [2, "applied", 200], [server.requests.size, error.outcome, error.status]
    assert_equal %w[lnk_1 lnk_1], seen
  end

  def test_an_error_ends_the_iteration_after_what_came
    answers = [page(%w[lnk_1], "1"), Scripted.answer(404, { code: "not_found", title: "x", status: 404 })]
    client, = scripted { |socket, _| socket.write(answers.shift) }
    seen = []
    assert_raises(Approute::NotFoundError) { client.links.list.each { |item| seen << item.id } }
    assert_equal %w[lnk_1], seen
  end

  def test_prefetch_gives_the_same_and_is_one_page_ahead
    client, server = pages(3)
    assert_equal client.links.list.map(&:id), client.links.list.prefetch.map(&:id)
    server.requests.clear
    client.links.list.prefetch.each do
      eventually { server.requests.size == 2 }
      break
    end
    sleep 0.05
    assert_equal 2, server.requests.size
  end

  def test_a_page_ahead_is_cancelled_when_the_iteration_stops
    ended = Queue.new
    client, = scripted do |socket, request|
      if request[:line].include?("cursor")
        ended << (socket.read(1) || :closed)
      else
        socket.write(page(%w[lnk_1], "1"))
      end
    end
    arrived = servers.first.requests
    client.links.list.prefetch.each do
      eventually { arrived.size == 2 }
      break
    end
    assert_equal :closed, Timeout.timeout(20) { ended.pop }
  end

  def test_a_large_page_is_read_lazily_and_outlives_its_page
    answer = Scripted.answer(200, { items: Array.new(1000) { |i| link(id: "lnk_#{i}") }, next_cursor: nil, has_more: false })
    client, = scripted { |socket, _| socket.write(answer) }
    last = client.links.list.page.items.last
    GC.start
    assert_equal ["lnk_999", link["utm"]["source"]], [last.id, last.utm.source]
    assert_nil last.response
  end
end
