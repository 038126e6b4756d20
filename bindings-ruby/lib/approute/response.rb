# frozen_string_literal: true

module Approute
  # The facts of an answer. Operations that answer with nothing else return it.
  #
  # @!attribute [r] status
  #   @return [Integer] the HTTP status
  # @!attribute [r] headers
  #   @return [Hash{String => String}] names in lower case; repeated ones joined by commas
  # @!attribute [r] request_id
  #   @return [String, nil] `X-Request-Id`
  # @!attribute [r] attempts
  #   @return [Integer] tries that the call took
  # @!method replayed?
  #   @return [Boolean] whether the server answered from its memory of an earlier request with the same idempotency key
  class Response
    # The state of the rate limit: requests per window, requests left, seconds until the window starts anew.
    RateLimit = Struct.new(:limit, :remaining, :reset)

    # @return [RateLimit, nil] nil when the answer does not say it
    def rate_limit
      parts = rate_limit_parts
      parts && RateLimit.new(*parts).freeze
    end

    # @return [String]
    def inspect
      "#<#{self.class.name} status=#{status} request_id=#{request_id.inspect} attempts=#{attempts}>"
    end
    alias to_s inspect
  end
end
