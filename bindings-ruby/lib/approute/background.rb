# frozen_string_literal: true

require "io/wait"
require "timeout"

module Approute
  # A call on the I/O thread of the process, while this thread or fiber waits or does something else.
  #
  # @api private
  class Background
    # Makes a call so that other fibers go on meanwhile.
    def self.run(native, operation, request, listener)
      new(native, operation, request, listener).value
    end

    def initialize(native, operation, request, listener)
      @listener = listener
      @call, descriptor = native.background(operation, request, !listener.nil?)
      @signal = IO.for_fd(descriptor, "r")
    end

    # Waits for the call's value; when the waiting is ended from outside, so is the call.
    def value
      loop do
        # Nobody asked for a limit here: the scheduler took one of its user's for ours, as async 1 does.
        raise gave_up unless @signal.wait_readable

        @signal.read_nonblock(64, exception: false)
        taken = @call.take(@listener)
        return taken.first if taken
      end
    ensure
      cancel
    end

    # Ends the call, where it has not ended.
    def cancel
      @call.cancel
      @signal.close unless @signal.closed?
    end

    private

    def gave_up
      defined?(Async::TimeoutError) ? Async::TimeoutError : Timeout::Error
    end
  end
end
