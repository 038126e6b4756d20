# frozen_string_literal: true

module Approute
  # Signatures of webhooks. No client and no network is needed.
  #
  #   event = Approute::Webhooks.unwrap(request.body.read, request.headers, ENV.fetch("APPROUTE_WEBHOOK_SECRET"))
  #   case event
  #   when Approute::Models::LinkCreatedEvent then …
  #   end
  module Webhooks
    # Headers that a delivery is checked with, also as Rack's environment spells them.
    NAMES = %w[x-approute-signature webhook-id webhook-timestamp webhook-signature].flat_map do |name|
      [name, "http_#{name.tr('-', '_')}"].map { |spelled| [spelled, name] }
    end.to_h.freeze
    SIGNATURE = "x-approute-signature"
    private_constant :NAMES, :SIGNATURE

    module_function

    # Checks that a delivery is AppRoute's.
    #
    # @param payload [String] the raw body
    # @param headers [Hash, #each, String] the request's headers, Rack's environment, or `X-Approute-Signature` alone
    # @param secret [String, Array<String>] the webhook's secret, or several of which one has to fit
    # @param tolerance [Numeric] how many seconds the delivery's time may differ from now; 300 by default
    # @param now [Time, Numeric] now, for tests
    # @return [void]
    # @raise [WebhookVerificationError] when it is not; `reason` says why
    # @raise [ConfigurationError] when an argument cannot be used
    def verify(payload, headers, secret, tolerance: nil, now: nil)
      Native.load
      Native.verify(bytes(payload), signed(headers), secrets(secret), seconds(:tolerance, tolerance), seconds(:now, now))
    end

    # Checks a delivery and reads its event.
    #
    # @param (see .verify)
    # @return [Model] the event; {Models::UnknownEvent} for a type that this version of the SDK does not know
    # @raise (see .verify)
    # @raise [DecodeError] when it is genuine and no event
    def unwrap(payload, headers, secret, tolerance: nil, now: nil)
      Native.load
      Native.unwrap(bytes(payload), signed(headers), secrets(secret), seconds(:tolerance, tolerance), seconds(:now, now))
    end

    # Signs a payload as AppRoute does, for tests.
    #
    # @param payload [String]
    # @param secret [String]
    # @param id [String] the delivery's id
    # @param timestamp [Time, Numeric] by default now
    # @return [Hash{String => String}] all headers of a delivery
    # @raise [ConfigurationError] when an argument cannot be used
    def sign(payload, secret, id:, timestamp: nil)
      Native.load
      secret = secrets(secret).first || raise(Errors.bad_argument("`secret` is missing"))
      Native.sign(bytes(payload), secret, id.to_s, seconds(:timestamp, timestamp))
    end

    def bytes(payload)
      return payload if payload.is_a?(String)

      raise Errors.bad_argument("`payload` must be the raw body, a String; it is a #{payload.class}")
    end

    def secrets(secret)
      given = Array(secret)
      return given if given.all?(String)

      raise Errors.bad_argument("`secret` must be a String or several")
    end

    def seconds(name, value)
      return value if value.nil?
      return value.to_f if value.is_a?(Numeric) || value.is_a?(Time)

      raise Errors.bad_argument("`#{name}` must be a number of seconds")
    end

    def signed(headers)
      return headers if headers.is_a?(String) && headers.valid_encoding?
      raise Errors.bad_argument("`headers` must be the request's headers") unless headers.respond_to?(:each)

      pairs = []
      headers.each do |name, values|
        name = name.to_s
        name = NAMES[name] || NAMES[name.downcase] || next
        if values.is_a?(Array)
          values.each { |value| pairs << [name, readable(value)] }
        else
          pairs << [name, readable(values)]
        end
      end
      one_that_decides(pairs) || pairs
    end

    # Where `X-Approute-Signature` is there once, nothing else counts, and a String crosses faster than pairs.
    def one_that_decides(pairs)
      own = pairs.select { |name, _| name == SIGNATURE }
      own.first.last if own.one?
    end

    # nil for what is no text.
    def readable(value)
      value = value.to_s
      value.valid_encoding? ? value : nil
    end

    private_class_method :bytes, :secrets, :seconds, :signed, :one_that_decides, :readable
  end
end
