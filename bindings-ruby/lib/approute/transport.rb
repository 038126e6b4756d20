# frozen_string_literal: true

module Approute
  # What carries requests in place of the SDK's own connections.
  #
  # A transport has `perform`, which is given a {Request}, and returns a {Reply} or raises {Failure}. It sends a request
  # exactly once: the SDK retries, waits and follows its own limits. Faraday connections are wrapped by themselves
  # ({FaradayTransport}); {MockTransport} is one for tests.
  module Transport
    # What to send. `headers` are pairs of names in lower case and values, `body` is bytes and may be empty, `timeout` is
    # in seconds and counts to the body's last byte.
    Request = Struct.new(:method, :url, :headers, :body, :timeout, :max_response_bytes)

    # What came. `headers` is a hash or pairs; `body` is decompressed.
    Reply = Struct.new(:status, :headers, :body)

    # Why nothing came.
    class Failure < StandardError
      # @return [Symbol] `connect`, `timeout`, `interrupted`, `certificate`, `proxy_authentication`, `too_large`,
      #   `undecodable` or `configuration`
      attr_reader :kind
      # @return [Boolean, nil] whether a byte of the request may have left; nil = what the kind suggests
      attr_reader :sent

      # @param kind [Symbol]
      # @param message [String]
      # @param sent [Boolean, nil]
      def initialize(kind, message, sent: nil)
        super(message)
        @kind = kind
        @sent = sent
      end
    end

    # @return [#perform, nil]
    # @api private
    def self.for(http_client)
      return if http_client.nil?
      return http_client if http_client.respond_to?(:perform)
      return FaradayTransport.new(http_client) if http_client.respond_to?(:run_request)

      raise Errors.bad_argument("`http_client` must be a Faraday connection or have `perform`")
    end
  end
end
