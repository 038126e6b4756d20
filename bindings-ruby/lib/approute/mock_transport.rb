# frozen_string_literal: true

require "json"

module Approute
  # A transport that sends nothing, for tests of your own code. It answers from a script and remembers what it was asked.
  # Its client waits for nobody: retries happen at once, on a clock of its own.
  #
  #   mock = Approute::MockTransport.new
  #   mock.reply(503)
  #   mock.problem(404, "not_found", "There is no such link.")
  #   begin
  #     mock.client.links.get("lnk_1")
  #   rescue Approute::NotFoundError
  #     mock.sent # => ["GET /v1/links/lnk_1", "GET /v1/links/lnk_1"]
  #   end
  class MockTransport
    # A request as it would have gone out.
    Recorded = Struct.new(:method, :path, :query, :headers, :body) do
      # @return [Object] the body, parsed
      def json
        JSON.parse(body)
      end

      # @return [String] such as `GET /v1/links?limit=10`
      def to_s
        "#{method} #{path}#{"?#{query}" if query}"
      end
    end

    # @return [Array<Recorded>] all requests so far, oldest first
    attr_reader :requests
    # @return [Array<Float>] the waits between tries so far in seconds, which took no time
    attr_reader :waits

    def initialize
      @script = []
      @routes = {}
      @requests = []
      @waits = []
    end

    # Adds a reply to the script, which is used up in order, one reply for each try.
    #
    # @param status [Integer]
    # @param json [Object] the body, as JSON
    # @param body [String] the body, as it is
    # @param headers [Hash{String => String}]
    # @return [self]
    def reply(status, json: nil, body: "", headers: {})
      @script << answer(status, json, body, headers)
      self
    end

    # Adds an error as the API sends it.
    #
    # @param status [Integer]
    # @param code [String] such as `not_found`
    # @param detail [String]
    # @param members [Hash] more of the problem, such as `errors`
    # @return [self]
    def problem(status, code, detail = code, **members)
      problem = { type: "about:blank", title: code, status:, detail:, code:, errors: [], **members }
      reply(status, json: problem, headers: { "content-type" => "application/problem+json" })
    end

    # Adds a try that brings no answer.
    #
    # @param kind [Symbol] see {Transport::Failure#kind}
    # @return [self]
    def failure(kind)
      @script << Transport::Failure.new(kind, "mock: #{kind}")
      self
    end

    # Answers every request with this method and path, without using up the script.
    #
    # @param method [String] such as `GET`
    # @param path [String] such as `/v1/links`
    # @return [self]
    def on(method, path, status, json: nil, body: "", headers: {})
      @routes[[method.to_s.upcase, path]] = answer(status, json, body, headers)
      self
    end

    # A client that sends its requests here, with the key `test_key`.
    #
    # @param options [Hash] as {Client#initialize} takes them
    # @return [Client]
    def client(**options)
      Client.new(api_key: "test_key", base_url: "https://mock.invalid", http_client: self, ignore_env: true,
                 # 2026-11-01T00:00:00Z and on.
                 clock: { start: 1_793_491_200_000 }, **options)
    end

    # @return [Array<String>] all requests so far, each as `METHOD /path?query`
    def sent
      requests.map(&:to_s)
    end

    # @return [Boolean] whether every reply of the script was used
    def done?
      @script.empty?
    end

    # @api private
    def perform(request)
      recorded = record(request)
      reply = @routes[[recorded.method, recorded.path]] || @script.shift
      raise Transport::Failure.new(:configuration, "the mock has no reply left for #{recorded}") unless reply
      raise reply if reply.is_a?(Transport::Failure)

      reply
    end

    # @api private
    def waited(seconds)
      @waits << seconds
    end

    # @return [String]
    def inspect
      "#<#{self.class.name} requests=#{sent.inspect} replies_left=#{@script.size}>"
    end

    private

    def answer(status, json, body, headers)
      headers = { "content-type" => "application/json" }.merge(headers) unless json.nil?
      Transport::Reply.new(status, headers, json.nil? ? body : JSON.generate(json))
    end

    def record(request)
      path, query = request.url.delete_prefix("https://mock.invalid").split("?", 2)
      Recorded.new(request.method, path, query, request.headers.to_h.freeze, request.body).freeze.tap do |recorded|
        @requests << recorded
      end
    end
  end
end
