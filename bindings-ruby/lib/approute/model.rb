# frozen_string_literal: true

module Approute
  # What every model has beside its fields.
  #
  # Models are frozen and read what the core decoded. They compare by value, match patterns, and can be written back to
  # JSON, to a hash and with Marshal.
  #
  #   case link
  #   in { status: "active", click_count: 1.. } then …
  #   end
  #
  # @!method response
  #   @return [Response, nil] the answer that this came with; nil for a part of another model
  # @!method extra
  #   @return [Hash{String => Object}] fields that this version of the SDK does not know
  # @!method to_json(*)
  #   @return [String] as it came over the wire
  # @!method ==(other)
  #   @return [Boolean] whether the other is of the same class with the same fields
  # @!scope class
  # @!method parse(json)
  #   @param json [String]
  #   @return [Model] what the JSON says
  #   @raise [ConfigurationError] when the JSON is no such model
  class Model
    # The fields that are never shown.
    SECRETS = [].freeze

    private_class_method :new

    # @return [Hash{Symbol => Object}] all fields by their names on the wire, nested models too; unknown fields included
    def to_h(&)
      fields = self.class::FIELDS.each_with_object({}) do |(method, name), hash|
        hash[name] = plain(public_send(method))
      end
      extra.each { |name, value| fields[name.to_sym] ||= value }
      block_given? ? fields.to_h(&) : fields
    end

    # For pattern matching.
    #
    # @param keys [Array<Symbol>, nil]
    # @return [Hash{Symbol => Object}]
    def deconstruct_keys(keys)
      fields = self.class::FIELDS
      (keys ? keys & fields.keys : fields.keys).to_h { |name| [name, public_send(name)] }
    end

    # @return [Integer] the same for equal models
    def hash
      [self.class, to_h].hash
    end

    # @return [String] class and fields, without nil and secrets
    def inspect
      fields = self.class::FIELDS.each_key.filter_map do |method|
        value = public_send(method)
        next if value.nil?

        "#{method}=#{self.class::SECRETS.include?(method) ? '[hidden]' : value.inspect}"
      end
      fields << "extra=#{extra.inspect}" unless extra.empty?
      "#<#{[self.class.name, fields.join(', ')].reject(&:empty?).join(' ')}>"
    end
    alias to_s inspect

    # @param printer [PP]
    # @return [void]
    def pretty_print(printer)
      printer.text(inspect)
    end

    # @return [self] models are frozen, so that a copy would be the same
    def dup
      self
    end

    # @return [self]
    def clone(**)
      self
    end

    # @api private
    def _dump(_level)
      to_json
    end

    # @api private
    def self._load(json)
      parse(json)
    end

    private

    def plain(value)
      case value
      when Model then value.to_h
      when Array then value.map { |item| plain(item) }
      when Hash then value.transform_values { |item| plain(item) }
      else value
      end
    end
  end
end
