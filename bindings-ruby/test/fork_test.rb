# frozen_string_literal: true

require "helper"
require "net/http"

# Calls in the children of a fork.
class ForkTest < Test
  def in_child
    reader, writer = IO.pipe
    pid = fork do
      reader.close
      result = begin
        yield.inspect
      rescue Exception => e # rubocop:disable Lint/RescueException -- whatever it is, the parent has to know it
        e.full_message(highlight: false)
      end
      writer.write(result)
      writer.close
      exit!(0)
    end
    writer.close
    result = Timeout.timeout(30) { reader.read }
    Process.wait(pid)
    result
  end

  def test_before_the_first_call_and_after_it
    client = reference
    assert_equal "[]", in_child { client.links.list(q: "no such link").to_a }
    made = client.links.create(url: "https://example.com")
    children = Array.new(3) { Thread.new { in_child { client.links.get(made.id).id } } }
    assert_equal [made.id.inspect] * 3, children.map(&:value)
    assert_equal made.id, client.links.get(made.id).id
    assert_equal made.id.inspect, in_child {
                                    in_child do
                                      client.links.get(made.id).id
                                    end.tap do |id|
                                      raise id unless id == made.id.inspect
                                    end && made.id
                                  }
  end

  def test_while_other_threads_make_calls
    client = reference
    made = client.links.create(url: "https://example.com")
    stop = false
    threads = Array.new(4) { Thread.new { client.links.get(made.id) until stop } }
    assert_equal [made.id.inspect] * 10, Array.new(10) { in_child { client.links.get(made.id).id } }
    stop = true
    threads.each { |thread| assert thread.join(20) }
  end

  def test_background_calls_in_a_child
    client = reference
    5.times { |index| client.links.create(url: "https://example.com/fork#{index}", external_id: "fork-#{index}-#{Process.pid}") }
    assert_operator client.links.list(limit: 2).prefetch.count, :>=, 5
    assert_match(/\A\d+\z/, in_child { client.links.list(limit: 2).prefetch.count })
  end

  # Puma loads the application, which makes calls, and then forks its workers.
  def test_a_preloaded_puma_cluster
    skip "puma is not installed: apt-get install puma" unless system("puma", "--version", out: File::NULL, err: File::NULL)
    Dir.mktmpdir do |folder|
      File.write(File.join(folder, "config.ru"), <<~RUBY)
        require "approute"
        client = Approute::Client.new(api_key: ENV.fetch("KEY"), base_url: ENV.fetch("URL"))
        link = client.links.create(url: "https://example.com")
        run(lambda do |_|
          ids = Array.new(4) { Thread.new { client.links.get(link.id).id } }.map(&:value)
          [200, {}, ["\#{Process.pid} \#{ids.uniq == [link.id]}"]]
        end)
      RUBY
      port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
      info = Helper::Reference.info
      log = File.join(folder, "log")
      pid = spawn({ "KEY" => info[:api_key], "URL" => info[:base_url], "RUBYLIB" => LIB }, "puma", "-w", "2", "-t", "2:2",
                  "--preload", "-b", "tcp://127.0.0.1:#{port}", chdir: folder, out: log, err: log)
      begin
        seen = {}
        deadline = Time.now + 60
        until seen.size == 2
          flunk "puma: #{seen} #{File.read(log)}" if Time.now > deadline
          worker, right = begin
            Net::HTTP.get(URI("http://127.0.0.1:#{port}/")).split
          rescue SystemCallError
            sleep 0.05
            next
          end
          assert_equal "true", right, File.read(log)
          seen[worker] = true
        end
      ensure
        Process.kill("TERM", pid)
        Process.wait(pid)
      end
    end
  end
end
