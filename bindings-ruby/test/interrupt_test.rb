# frozen_string_literal: true

require "helper"

# Calls that are ended from outside.
class InterruptTest < Test
  # A server that never answers, and tells when its client has gone.
  def silent
    gone = Queue.new
    client, server = scripted { |socket, _| gone << (socket.read(1) || :closed) }
    [client, server, gone]
  end

  def gone?(gone)
    Timeout.timeout(20) { gone.pop } == :closed
  end

  def test_timeout
    client, _, gone = silent
    assert_raises(Timeout::Error) { Timeout.timeout(0.2) { client.links.get("lnk_1") } }
    assert gone?(gone), "the server sees that nobody waits"
    assert_equal link["id"], reference_like.links.get("lnk_1").id
  end

  # A client that works, for the call after the one that was ended.
  def reference_like
    scripted { |socket, _| socket.write(Scripted.answer(200, link)) }.first
  end

  def test_thread_raise_and_kill
    client, server, gone = silent
    { raise: ["enough"], kill: [] }.each do |how, arguments|
      ensured = false
      thread = Thread.new do
        client.links.get("lnk_1")
      ensure
        ensured = true
      end
      thread.report_on_exception = false
      server.requests.pop
      thread.public_send(how, *arguments)
      ended = begin
        thread.join(20)
      rescue RuntimeError => e
        e.message
      end
      assert ended, how
      assert ensured
      assert gone?(gone)
    end
  end

  def test_a_call_in_a_wait_between_tries_is_ended_too
    client, server = scripted(max_retries: 1) do |socket, _|
      socket.write(Scripted.answer(503, "", "retry-after" => "29"))
    end
    thread = Thread.new { client.links.get("lnk_1") }
    server.requests.pop
    sleep 0.05
    thread.kill
    assert thread.join(20)
    assert_equal 0, server.requests.size
  end

  def test_ctrl_c_ends_a_call
    client, server, gone = silent
    script = <<~RUBY
      require "approute"
      # Started in the background of a shell, tests have Ctrl-C ignored, and their children with them.
      trap("INT", "DEFAULT")
      begin
        Approute::Client.new(api_key: "k", base_url: #{client.base_url.inspect}).links.get("lnk_1")
      rescue Interrupt
        print "interrupted"
      end
    RUBY
    reader, writer = IO.pipe
    pid = spawn(RbConfig.ruby, "-w", "-I#{LIB}", "-e", script, out: writer, err: writer)
    writer.close
    server.requests.pop
    Process.kill("INT", pid)
    Timeout.timeout(20) { Process.wait(pid) }
    assert_equal "interrupted", reader.read
    assert gone?(gone)
  end

  def test_a_signal_handler_that_returns_does_not_end_the_call_and_may_make_calls_itself
    script = <<~RUBY
      require "approute"
      slow, quick = ARGV.map { |url| Approute::Client.new(api_key: "k", base_url: url, timeout: 30) }
      trap("USR1") { puts "in the handler: \#{quick.links.get("lnk_2").id}" }
      $stdout.sync = true
      puts "after it: \#{slow.links.get("lnk_1").id}"
    RUBY
    release = Queue.new
    _, slow = scripted { |socket, _| release.pop && socket.write(Scripted.answer(200, link(id: "lnk_1"))) }
    _, quick = scripted { |socket, _| socket.write(Scripted.answer(200, link(id: "lnk_2"))) }
    reader, writer = IO.pipe
    pid = spawn(RbConfig.ruby, "-w", "-I#{LIB}", "-e", script, slow.url, quick.url, out: writer, err: writer)
    writer.close
    slow.requests.pop
    Process.kill("USR1", pid)
    assert_equal "in the handler: lnk_2\n", Timeout.timeout(20) { reader.gets }
    release << true
    assert_equal "after it: lnk_1\n", Timeout.timeout(20) { reader.gets }
    Process.wait(pid)
    assert_equal 1, slow.requests.size + 1
  end

  def test_an_interrupt_that_is_put_off_waits_for_the_answer
    release = Queue.new
    client, server = scripted { |socket, _| release.pop && socket.write(Scripted.answer(200, link)) }
    got = nil
    thread = Thread.new do
      Thread.handle_interrupt(RuntimeError => :never) { got = client.links.get("lnk_1").id }
    end
    thread.report_on_exception = false
    server.requests.pop
    thread.raise("later")
    sleep 0.05
    release << true
    assert_raises(RuntimeError) { thread.join(20) }
    assert_equal link["id"], got
  end

  def test_other_threads_run_during_a_slow_call
    client, server, = silent
    thread = Thread.new { client.links.get("lnk_1") }
    server.requests.pop
    count = 0
    counter = Thread.new do
      1000.times do
        count += 1
        Thread.pass
      end
    end
    assert counter.join(20)
    assert_equal 1000, count
    assert thread.alive?
    thread.kill
    assert thread.join(20)
  end

  def test_a_process_ends_at_once_with_calls_under_way
    client, server = silent
    script = <<~RUBY
      require "approute"
      client = Approute::Client.new(api_key: "k", base_url: #{client.base_url.inspect})
      4.times { Thread.new { client.links.get("lnk_1") } }
      $stdin.gets
    RUBY
    input, = IO.pipe.reverse
    reader, writer = IO.pipe
    pid = spawn(RbConfig.ruby, "-w", "-I#{LIB}", "-e", script, in: reader, out: File::NULL)
    4.times { server.requests.pop }
    writer.puts
    _, status = Timeout.timeout(20) { Process.wait2(pid) }
    assert_equal 0, status.exitstatus
    input.close
  end
end
