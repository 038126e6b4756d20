# frozen_string_literal: true

module Approute
  # What errors have in common, and how they are made.
  module Errors
    # A field that the server refused: where it is (a JSON pointer, or `query:<name>`), a stable word for what is wrong,
    # and what is wrong.
    FieldError = Struct.new(:pointer, :code, :message)

    # What a person has to confirm: the token that lets the call through, how many links it would delete, and until when
    # the token works.
    Confirmation = Struct.new(:token, :delete_count, :expires_at) do
      # @return [String] without the token
      def inspect
        "#<#{self.class.name} delete_count=#{delete_count} expires_at=#{expires_at.inspect}>"
      end
      alias_method :to_s, :inspect
    end

    # The fields of every error. `message` is the one line that it prints as, with status, code and request id.
    module Details
      # What a rescued error of this gem is known by; {ApprouteError} matches all that include this.

      # @return [Integer, nil] the answer's status, where there was an answer
      attr_reader :status
      # @return [String, nil] the API's code
      attr_reader :code
      # @return [String] what happened, without status, tries and request id
      attr_reader :detail
      # @return [Array<Errors::FieldError>] the fields that the server refused
      attr_reader :errors
      # @return [String, nil] `X-Request-Id`
      attr_reader :request_id
      # @return [Hash{String => String}] the answer's headers; names in lower case
      attr_reader :headers
      # @return [String] the answer's body
      attr_reader :body
      # @return [Integer] tries that were started
      attr_reader :attempts
      # @return [String, nil] the key that every try carried
      attr_reader :idempotency_key
      # @return [String] `not_sent`, `rejected`, `applied` or `unknown`; with `unknown`, repeating the call with
      #   {#idempotency_key} is safe
      attr_reader :outcome
      # @return [Errors::Confirmation, nil] what a person has to confirm
      attr_reader :confirmation
      # @return [String, nil] why a webhook was refused: `no_signature`, `malformed`, `no_match`, `too_old`, `in_future`
      attr_reader :reason

      # @api private
      def initialize(message = nil, **fields)
        super(message)
        @detail = fields.fetch(:detail, message.to_s)
        @errors = fields.fetch(:errors, [].freeze)
        @headers = fields.fetch(:headers, {}.freeze)
        @body = fields.fetch(:body, "")
        @attempts = fields.fetch(:attempts, 0)
        @retryable = fields.fetch(:retryable, false)
        @outcome = fields.fetch(:outcome, "not_sent")
        @status, @code, @request_id = fields.values_at(:status, :code, :request_id)
        @idempotency_key, @confirmation, @reason = fields.values_at(:idempotency_key, :confirmation, :reason)
      end

      # @return [Boolean] whether the same call may succeed later
      def retryable?
        @retryable
      end

      # @return [Boolean]
      def is_a?(other)
        super || ApprouteError.equal?(other)
      end
      alias kind_of? is_a?
    end

    module_function

    # An error of the native library.
    #
    # @api private
    def build(json, body)
      require "json"
      fields = JSON.parse(json, symbolize_names: true)
      Approute.const_get(fields[:class]).new(
        fields[:text], **fields.slice(:status, :code, :request_id, :attempts, :retryable, :idempotency_key, :outcome),
        detail: fields[:message], body:, headers: fields[:headers].to_h.freeze, reason: fields[:webhook_failure],
        errors: fields[:errors].map { |error| FieldError.new(*error.values_at(:pointer, :code, :message)).freeze }.freeze,
        confirmation: fields[:confirmation] && confirmation(**fields[:confirmation])
      )
    end

    # @api private
    def bad_argument(message)
      ConfigurationError.new(message)
    end

    # @api private
    def confirmation(token:, delete_count:, expires_at:)
      require "time"
      Confirmation.new(token, delete_count, Time.iso8601(expires_at)).freeze
    end
  end

  # The base of all errors of this gem.
  #
  # `rescue Approute::ApprouteError` catches them all, {ConfigurationError} too, which is an ArgumentError.
  class ApprouteError < StandardError
    include Errors::Details

    # @return [Boolean] also of errors that have another superclass
    def self.===(other)
      super || (equal?(ApprouteError) && Errors::Details === other) # rubocop:disable Style/CaseEquality -- any object
    end
  end
  # A shorter name.
  Error = ApprouteError

  # An argument or option that cannot be used. It is an ArgumentError, as Ruby's own are, and an {ApprouteError}.
  class ConfigurationError < ArgumentError
    include Errors::Details
  end

  # No answer: no connection, or one that broke.
  class APIConnectionError < ApprouteError; end
  # No answer in time.
  class APITimeoutError < APIConnectionError; end
  # An answer that cannot be read. {#status}, {#headers} and {#body} hold it.
  class DecodeError < ApprouteError; end
  # A webhook whose signature is not right. {#reason} says why.
  class WebhookVerificationError < ApprouteError; end
  # An answer that says no.
  class APIError < ApprouteError; end
  # 400
  class BadRequestError < APIError; end
  # 401
  class AuthenticationError < APIError; end
  # 403
  class PermissionDeniedError < APIError; end
  # 404
  class NotFoundError < APIError; end
  # 409
  class ConflictError < APIError; end
  # 409: a person has to confirm; {#confirmation} says what. The SDK never repeats the call by itself.
  class ConfirmationRequiredError < ConflictError; end
  # 412
  class PreconditionFailedError < APIError; end
  # 422: {#errors} names the fields.
  class UnprocessableEntityError < APIError; end
  # 429
  class RateLimitError < APIError; end
  # 5xx
  class ServerError < APIError; end
end
