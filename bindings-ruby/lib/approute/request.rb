# frozen_string_literal: true

require "json"

module Approute
  # Arguments and options of a call as the JSON that the native library reads.
  #
  # @api private
  module Request
    # Options of a call, and how they are written.
    OPTIONS = {
      timeout: :seconds, attempt_timeout: :seconds, max_retries: :plain, max_response_bytes: :plain,
      idempotency_key: :plain, confirmation: :plain, headers: :pairs, query: :pairs
    }.freeze

    # Arguments go no deeper than the API's; JSON.generate would stop at 100.
    DEEPEST = 90
    private_constant :DEEPEST

    module_function

    # @return [String]
    def encode(args, options, api_key)
      options = options.empty? ? {} : options(options)
      options[:api_key] = api_key if api_key
      generate({ args: value(args), options: })
    end

    def generate(value)
      JSON.generate(value)
    rescue JSON::GeneratorError, JSON::NestingError, EncodingError => e
      raise Errors.bad_argument("an argument cannot be written as JSON: #{e.message[0, 100].scrub('?')}")
    end

    def options(given)
      given.each_with_object({}) do |(name, value), written|
        next if value.nil?

        kind = OPTIONS[name] || raise(Errors.bad_argument("unknown option `#{name}`; there are " \
                                                          "#{OPTIONS.keys.map { |known| "`#{known}`" }.join(', ')}"))
        written[name] = public_send(kind, name, value)
      end
    end

    def plain(name, value)
      self.value(value, name)
    end

    def seconds(name, value)
      return value * 1000.0 if value.is_a?(Numeric) && value.real?

      # ActiveSupport's durations.
      return value.to_f * 1000.0 if value.respond_to?(:in_milliseconds)

      raise Errors.bad_argument("`#{name}` must be a number of seconds")
    end

    # Pairs of names and values; a list of values is a repeated name.
    def pairs(name, given)
      raise Errors.bad_argument("`#{name}` must be a hash") unless given.respond_to?(:each_pair)

      given.each_pair.flat_map do |key, values|
        (values.is_a?(Array) ? values : [values]).map { |value| [key.to_s, text(value)] }
      end
    end

    def text(value)
      value.is_a?(Symbol) || value.is_a?(Numeric) ? value.to_s : value
    end

    # A value as JSON has it. JSON.generate would write what it does not know as `#<Object…>`.
    def value(value, name = nil, depth = 0)
      raise Errors.bad_argument("#{called(name)} is too deep, or holds itself") if depth > DEEPEST

      case value
      when String, Integer, true, false, nil then value
      when Float then finite(value)
      when Symbol then value.name
      when Hash then value.to_h { |key, item| [key, self.value(item, key, depth + 1)] }
      when Array then value.map { |item| self.value(item, name, depth + 1) }
      when Time then time(value)
      when Model then given(JSON.parse(value.to_json))
      else other(value, name, depth)
      end
    end

    # A part of an answer, sent back: what it does not have is not given.
    def given(value)
      value.is_a?(Hash) ? value.compact.transform_values { |item| given(item) } : value
    end

    def called(name)
      name ? "`#{name}`" : "an argument"
    end

    def finite(value)
      return value if value.finite?

      raise Errors.bad_argument("a number must be finite")
    end

    # RFC 3339 in UTC, with the digits that the time has.
    def time(value)
      time = value.getutc
      digits = time.nsec.zero? ? "" : format(".%09d", time.nsec).sub(/0+\z/, "")
      "#{time.strftime('%Y-%m-%dT%H:%M:%S')}#{digits}Z"
    end

    def other(value, name, depth)
      return self.value(value.to_time, name) if value.respond_to?(:to_time) && value.respond_to?(:iso8601)
      return value.to_s if defined?(URI::Generic) && value.is_a?(URI::Generic)
      return value.to_str if value.respond_to?(:to_str)
      return self.value(value.to_ary, name, depth) if value.respond_to?(:to_ary)
      return self.value(value.to_a, name, depth) if value.is_a?(Enumerable) && !value.respond_to?(:each_pair)
      return self.value(value.to_hash, name, depth) if value.respond_to?(:to_hash)

      raise Errors.bad_argument("#{name ? "`#{name}`" : 'an argument'} cannot be a #{value.class}")
    end
  end
end
