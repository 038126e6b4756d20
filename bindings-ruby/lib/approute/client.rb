# frozen_string_literal: true

module Approute
  # A client of the AppRoute API.
  #
  # It is safe to share between threads and fibers, keeps connections alive, and works in a forked child. It never shows
  # its key.
  class Client
    include Resources::Accessors

    # @param api_key [String, #call] a key, or what gives one for each call; `APPROUTE_API_KEY` by default
    # @param base_url [String] where the API is; `APPROUTE_BASE_URL` or the production API by default
    # @param timeout [Numeric] seconds for a whole call, tries and waits included; 90 by default
    # @param attempt_timeout [Numeric] seconds for one try; 20 by default
    # @param connect_timeout [Numeric] seconds for a connection; 5 by default
    # @param max_retries [Integer] tries after the first one; 2 by default
    # @param max_response_bytes [Integer] how large an answer may be after decompression; 64 MiB by default
    # @param default_headers [Hash{String => String}] headers of every request
    # @param http_client [Faraday::Connection, #perform] an HTTP client of your own: see {FaradayTransport} and
    #   {Transport}
    # @param proxy [String] a proxy's URL; `HTTPS_PROXY` and `NO_PROXY` by default
    # @param extra_ca [String, Array<String>] certificates to trust beside the system's, PEM
    # @param logger [Logger] what has `info` and `debug`
    # @param log_level [String, Symbol] `off`, `info` or `debug`; `APPROUTE_LOG` by default
    # @param on_request [#call] called with a {Notices::Notice} before each try
    # @param on_response [#call] called with one after each try
    # @param on_retry [#call] called with one before each wait
    # @param allow_insecure_http [Boolean] whether plain http may leave this machine
    # @raise [ConfigurationError] when an option cannot be used, or there is no API key
    def initialize(api_key: nil, base_url: nil, timeout: nil, attempt_timeout: nil, connect_timeout: nil,
                   max_retries: nil, max_response_bytes: nil, default_headers: nil, http_client: nil, proxy: nil,
                   extra_ca: nil, logger: nil, log_level: nil, on_request: nil, on_response: nil, on_retry: nil,
                   allow_insecure_http: nil, **internal)
      main_ractor!
      known!(internal)
      @transport = Transport.for(http_client)
      if @transport && (proxy || extra_ca)
        raise Errors.bad_argument("`proxy` and `extra_ca` are for the SDK's own connections; give them to your `http_client`")
      end

      @api_key = api_key if api_key.respond_to?(:call)
      notices = Notices.new(on_request:, on_response:, on_retry:, logger:)
      @listener = notices.listener
      settings = {
        # The core wants one; each call brings its own.
        api_key: @api_key ? "from-a-function" : api_key, base_url: base_url&.to_s, allow_insecure_http:,
        max_retries:, max_response_bytes:, proxy: proxy&.to_s,
        extra_ca: extra_ca && Array(extra_ca), log_level: log_level&.to_s, hooks: notices.hooks,
        user_agent: Client.user_agent,
        default_headers: default_headers && Request.pairs(:default_headers, default_headers)
      }
      { timeout:, attempt_timeout:, connect_timeout: }.each do |name, value|
        settings[name] = Request.seconds(name, value) unless value.nil?
      end
      connect(settings.merge(internal))
      freeze
    end

    # @param options [Hash] see {#with_options}
    # @return [Object] what the operation answers
    # @api private
    def call(operation, args, options)
      options = options ? merged(options) : @options
      request = Request.encode(args, options, @api_key&.call)
      return Host.run(@native, operation, request, @transport, @listener) if @transport
      return Background.run(@native, operation, request, @listener) if Fiber.current_scheduler

      @native.call(operation, request, @listener)
    end

    # Starts a call that runs while this thread does something else.
    #
    # @return [Background, Host::Ahead] what has `value` and `cancel`
    # @api private
    def start(operation, args, options)
      request = Request.encode(args, merged(options || {}), @api_key&.call)
      return Host::Ahead.new(@native, operation, request, @transport, @listener) if @transport

      Background.new(@native, operation, request, @listener)
    end

    # A client with other options for its calls. It shares connections, retry budget and all else with this one.
    #
    # @param options [Hash]
    # @option options [Numeric] :timeout seconds for a whole call
    # @option options [Numeric] :attempt_timeout seconds for one try
    # @option options [Integer] :max_retries
    # @option options [Integer] :max_response_bytes
    # @option options [String] :idempotency_key by default a random one
    # @option options [String] :confirmation the token of a {ConfirmationRequiredError}, once a person agreed
    # @option options [Hash{String => String}] :headers
    # @option options [Hash{String => String}] :query more parameters
    # @return [Client]
    def with_options(**options)
      Request.options(options)
      dup.tap { |copy| copy.send(:take_over, merged(options)) }
    end

    # @return [String] where the API is, without a slash at its end
    def base_url
      @native.base_url
    end

    # @return [String]
    def inspect
      "#<#{self.class.name} base_url=#{base_url.inspect}>"
    end
    alias to_s inspect

    # @api private
    def self.user_agent
      os = RUBY_PLATFORM[/linux|darwin|mingw|mswin|freebsd/] || "unknown"
      "approute-ruby/#{VERSION} (#{RUBY_ENGINE} #{RUBY_VERSION}; #{os}; #{RUBY_PLATFORM[/\A[^-]+/]})"
    end

    private

    # What mocks and the conformance cases set.
    INTERNAL = %i[ignore_env clock script].freeze
    private_constant :INTERNAL

    def known!(internal)
      unknown = (internal.keys - INTERNAL).first
      return unless unknown

      known = method(:initialize).parameters.filter_map { |kind, name| "`#{name}`" if kind == :key }
      raise Errors.bad_argument("unknown option `#{unknown}`; there are #{known.join(', ')}")
    end

    def connect(settings)
      Native.load
      @native = Native::Client.new(Request.generate(settings.compact))
      @options = {}.freeze
      make_resources
    end

    def take_over(options)
      @options = options.freeze
      make_resources
      freeze
    end

    def make_resources
      @resources = Resources::ALL.transform_values { |resource| resource.new(self) }.freeze
    end

    def merged(options)
      raise Errors.bad_argument("`options` must be a hash") unless options.is_a?(Hash)

      @options.merge(options) do |name, mine, theirs|
        %i[headers query].include?(name) && mine.is_a?(Hash) && theirs.is_a?(Hash) ? mine.merge(theirs) : theirs
      end
    end

    def main_ractor!
      return if !defined?(Ractor) || Ractor.count == 1 || Ractor.current == Ractor.main

      raise Errors.bad_argument("a client works in the main ractor only; make the calls there")
    end
  end
end
