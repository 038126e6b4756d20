# frozen_string_literal: true

require_relative "approute/version"

# The official AppRoute SDK for Ruby: links, clicks, QR codes and webhooks.
#
#   client = Approute::Client.new(api_key: "…")
#   link = client.links.create(url: "https://example.com/app", slug: "summer")
#   link.short_url
#
# Everything is loaded when it is first used, the native library with the first client.
module Approute
  autoload :Background, "approute/background"
  autoload :Binary, "approute/binary"
  autoload :Client, "approute/client"
  autoload :Enums, "approute/enums"
  autoload :Errors, "approute/errors"
  autoload :FaradayTransport, "approute/faraday_transport"
  autoload :Host, "approute/host"
  autoload :List, "approute/list"
  autoload :MockTransport, "approute/mock_transport"
  autoload :Model, "approute/model"
  autoload :Models, "approute/models"
  autoload :Native, "approute/native"
  autoload :Notices, "approute/notices"
  autoload :Page, "approute/page"
  autoload :Request, "approute/request"
  autoload :Resource, "approute/resource"
  autoload :Resources, "approute/resources"
  autoload :Response, "approute/response"
  autoload :Transport, "approute/transport"
  autoload :Webhooks, "approute/webhooks"

  # The classes of errors, all of which `approute/errors` defines.
  %i[
    ApprouteError APIConnectionError APITimeoutError DecodeError ConfigurationError WebhookVerificationError APIError
    BadRequestError AuthenticationError PermissionDeniedError NotFoundError ConflictError ConfirmationRequiredError
    PreconditionFailedError UnprocessableEntityError RateLimitError ServerError Error
  ].each { |name| autoload name, "approute/errors" }

  # Loads everything at once, as a server does before it forks.
  #
  # @return [void]
  def self.eager_load!
    constants.each { |name| const_get(name) }
    nil
  end
end
