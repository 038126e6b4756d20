# frozen_string_literal: true

require "helper"

# Calls under a fiber scheduler.
class FiberTest < Test
  # Debian's async gem is not loaded into the tests' own process, so that its warnings stay out of theirs.
  def async(body, *arguments)
    script = <<~RUBY
      begin
        require "async"
      rescue LoadError
        puts "skip"
        exit
      end
      require "approute"
      client = Approute::Client.new(api_key: "k", base_url: ARGV[0], max_retries: 0)
      #{body}
    RUBY
    command = [RbConfig.ruby, "-I#{LIB}", "-e", script, *arguments]
    output, = Timeout.timeout(60) { Open3.capture2e(*command) }
    skip "the async gem is not installed: apt-get install ruby-async" if output == "skip\n"
    output
  end

  def test_fibers_run_at_once_on_one_thread
    waiting = Queue.new
    _, server = scripted do |socket, request|
      # Nobody is answered before all have asked.
      waiting << true
      Timeout.timeout(20) { sleep 0.002 until waiting.size >= 8 }
      socket.write(Scripted.answer(200, link(id: request[:line][/lnk_\d+/])))
    end
    output = async(<<~RUBY, server.url)
      Async do |task|
        ids = Array.new(8) { |i| task.async { client.links.get("lnk_\#{i}").id } }.map(&:wait)
        puts ids.join(" "), Thread.list.size
      end
    RUBY
    assert_equal "#{Array.new(8) { |i| "lnk_#{i}" }.join(' ')}\n1\n", output
  end

  def test_a_timeout_and_a_stopped_task_end_the_call
    gone = Queue.new
    _, server = scripted { |socket, _| gone << (socket.read(1) || :closed) }
    output = async(<<~RUBY, server.url)
      Async do |task|
        begin
          task.with_timeout(0.2) { client.links.get("lnk_1") }
        rescue Async::TimeoutError
          puts "timeout"
        end
        call = task.async { client.links.get("lnk_2") }
        task.sleep(0.1)
        call.stop
        puts call.status
      end
    RUBY
    assert_equal "timeout\nstopped\n", output
    assert_equal %i[closed closed], Timeout.timeout(20) { [gone.pop, gone.pop] }
  end

  def test_errors_and_hooks_come_through
    _, server = scripted { |socket, _| socket.write(Scripted.answer(404, { code: "not_found", title: "x", status: 404 })) }
    output = async(<<~RUBY, server.url)
      told = []
      client = Approute::Client.new(api_key: "k", base_url: ARGV[0], on_response: ->(notice) { told << notice.status })
      Async do
        client.links.get("lnk_1")
      rescue Approute::NotFoundError => e
        puts e.status, told.inspect
      end
      puts Dir["/proc/self/fd/*"].size < 30
    RUBY
    assert_equal "404\n[404]\ntrue\n", output
  end

  # Without any gem: a scheduler needs no more than this for a call.
  class Scheduler
    def initialize
      @readable = {}
      @ready = []
    end

    def io_wait(io, events, _timeout)
      @readable[io] = Fiber.current
      Fiber.yield
      events
    end

    def kernel_sleep(*) = Fiber.yield
    def block(*) = Fiber.yield
    def unblock(_blocker, fiber) = @ready << fiber
    def fiber(&) = Fiber.new(blocking: false, &).tap(&:resume)

    def close
      until @readable.empty?
        readable, = IO.select(@readable.keys, nil, nil, 20)
        raise "nothing came" unless readable

        readable.each { |io| @readable.delete(io).resume }
      end
    end
  end

  def test_any_scheduler_will_do
    client, = scripted { |socket, request| socket.write(Scripted.answer(200, link(id: request[:line][/lnk_\d+/]))) }
    ids = []
    thread = Thread.new do
      Fiber.set_scheduler(Scheduler.new)
      3.times { |i| Fiber.schedule { ids << client.links.get("lnk_#{i}").id } }
    end
    assert thread.join(30)
    assert_equal %w[lnk_0 lnk_1 lnk_2], ids.sort
  end
end
