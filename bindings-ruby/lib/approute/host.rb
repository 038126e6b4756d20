# frozen_string_literal: true

module Approute
  # Calls whose I/O a transport does: the core says what to send and how long to wait, and is told what came of it.
  #
  # @api private
  module Host
    # A call on a thread of its own: what a host's HTTP client does cannot be split in another way.
    class Ahead
      def initialize(*call)
        @thread = Thread.new { Host.run(*call) }
        @thread.report_on_exception = false
      end

      def value
        @thread.value
      ensure
        cancel
      end

      def cancel
        @thread.kill
      end
    end

    module_function

    def run(native, operation, request, transport, listener)
      call = native.host_call(operation, request, !listener.nil?)
      action = step(call, listener) { call.begin }
      loop do
        kind, *rest = action
        case kind
        when :send then action = deliver(call, Transport::Request.new(*rest), transport, listener)
        when :sleep then action = pause(call, native, transport, listener, *rest)
        else return rest.first
        end
      end
    end

    # Takes the call a step further, and tells what there is to tell even when the step ends in an error.
    def step(call, listener)
      yield
    ensure
      call.tell(listener) if listener
    end

    def deliver(call, request, transport, listener)
      answer = transport.perform(request)
      step(call, listener) { call.answered(Integer(answer.status), pairs(answer.headers), answer.body.to_s) }
    rescue Transport::Failure => e
      failed(call, listener, e)
    end

    # An error that comes of it has the HTTP client's own error as its cause.
    def failed(call, listener, failure)
      step(call, listener) { call.failed(failure.kind.to_s, failure.message, failure.sent) }
    rescue ApprouteError => e
      raise e, cause: failure.cause || failure
    end

    # Names and values; a repeated header is a list, or one text.
    def pairs(headers)
      (headers || {}).flat_map do |name, values|
        Array(values).map { |value| [name.to_s, value.to_s] }
      end
    end

    def pause(call, native, transport, listener, seconds)
      case native.wait(seconds)
      when nil then sleep(seconds)
      when true then sleep(0.002) while native.held?
      end
      transport.waited(seconds) if transport.respond_to?(:waited)
      step(call, listener) { call.slept }
    end
  end
end
