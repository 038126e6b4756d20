# frozen_string_literal: true

require "net/http"
require "openssl"
require "socket"
require "stringio"
require "timeout"
require "zlib"

module Approute
  # Sends requests with a Faraday connection, so that its proxies, adapters, instrumentation and mocks (WebMock, Faraday's
  # own test adapter) work. Retries, keys and errors stay the SDK's.
  #
  #   Approute::Client.new(http_client: Faraday.new)
  #
  # The connection must not retry or follow redirects, and must leave bodies as they are.
  class FaradayTransport
    # Middlewares that would do what the SDK does.
    MEDDLING = /Retry|FollowRedirects|RaiseError|Request::Json|Response::Json|ParseJson|EncodeJson|Authorization/

    # Puts a query into the URL as it is. Faraday would sort it and read repeated names as one.
    module ExactQuery
      module_function

      # @param query [String, nil]
      # @return [Hash]
      def decode(query)
        query ? { query => ExactQuery } : {}
      end

      # @param params [Hash]
      # @return [String]
      def encode(params)
        params.map do |name, value|
          ExactQuery.equal?(value) ? name : Faraday::NestedParamsEncoder.encode(name => value)
        end.join("&")
      end
    end

    # @param connection [Faraday::Connection]
    # @raise [ConfigurationError] when it has a middleware that retries, follows redirects or changes bodies
    def initialize(connection)
      @connection = connection
      found = connection.builder.handlers.map(&:name).find { |name| MEDDLING.match?(name) }
      return unless found

      raise Errors.bad_argument("the Faraday connection of `http_client` has the middleware #{found}; the SDK retries, " \
                                "authorizes, and reads answers itself, so take it out")
    end

    # @param request [Transport::Request]
    # @return [Transport::Reply]
    # @raise [Transport::Failure]
    def perform(request)
      Timeout.timeout(request.timeout, OutOfTime) { reply(send_with_faraday(request), request.max_response_bytes) }
    rescue OutOfTime
      raise Transport::Failure.new(:timeout, "no complete answer within `attempt_timeout`")
    rescue Faraday::Error, SystemCallError, IOError, SocketError, Net::ProtocolError, OpenSSL::SSL::SSLError => e
      raise failure(e)
    end

    # The time of a try is over.
    class OutOfTime < Exception; end # rubocop:disable Lint/InheritException -- no rescue in a middleware may take it

    private_constant :OutOfTime, :ExactQuery

    private

    def send_with_faraday(request)
      @connection.run_request(request.method.downcase.to_sym, request.url, nil, nil) do |req|
        req.options.params_encoder = ExactQuery
        req.options.timeout = req.options.open_timeout = request.timeout
        req.params.clear
        req.params.update(@connection.params)
        req.url(request.url)
        req.headers.update(request.headers.to_h)
        req.headers["accept-encoding"] ||= "gzip"
        req.body = request.body unless request.body.empty?
      end
    end

    def reply(response, most)
      headers = response.headers
      body = response.body || ""
      unless body.is_a?(String)
        raise Transport::Failure.new(:undecodable, "a middleware of the Faraday connection changed the body to " \
                                                   "#{body.class}; the SDK reads answers itself")
      end
      # Net::HTTP takes a body that ends too soon for a whole one.
      raise Transport::Failure.new(:interrupted, "the body was cut short") if body.bytesize < headers["content-length"].to_i

      Transport::Reply.new(response.status, headers, inflated(body, headers["content-encoding"], most))
    end

    # The request asks for gzip by itself, so that Net::HTTP leaves the body as it came and its length can be told.
    def inflated(body, encoding, most)
      return body unless encoding == "gzip" && !body.empty?

      reader = Zlib::GzipReader.new(StringIO.new(body))
      # One byte more than there may be is enough to be refused.
      reader.read(most + 1) || ""
    rescue Zlib::Error => e
      raise Transport::Failure.new(:interrupted, "the compressed body is broken: #{e.message}")
    ensure
      reader&.close
    end

    # Faraday calls much a failed connection that broke later.
    UNSENT = [Errno::ECONNREFUSED, Errno::EHOSTUNREACH, Errno::ENETUNREACH, Errno::EADDRNOTAVAIL, SocketError].freeze
    private_constant :UNSENT

    def failure(error)
      inner = error.respond_to?(:wrapped_exception) ? error.wrapped_exception : nil
      kind, sent = kind_of(error, inner)
      Transport::Failure.new(kind, error.message, sent:)
    end

    def kind_of(error, inner)
      return [:timeout, false] if defined?(Net::OpenTimeout) && inner.is_a?(Net::OpenTimeout)
      return [:timeout, nil] if error.is_a?(Faraday::TimeoutError)
      return [/certificate|hostname/i.match?(error.message) ? :certificate : :connect, false] if error.is_a?(Faraday::SSLError)
      return [:proxy_authentication, false] if /\b407\b/.match?(error.message)
      # A proxy that refuses to connect.
      return [:connect, false] if [error, inner].any?(Net::ProtocolError)
      return [:connect, false] if UNSENT.any? { |known| inner.is_a?(known) } || error.message.include?("SSL_connect")

      [:interrupted, true]
    end
  end
end
