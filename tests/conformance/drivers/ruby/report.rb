# frozen_string_literal: true

# How the driver says what came of a step.
module Report
  ERROR = %i[status code errors request_id headers attempts idempotency_key outcome reason].freeze

  private

  def failed(error)
    details = ERROR.to_h { |name| [name, error.public_send(name)] }
    details[:errors] = error.errors.map(&:to_h)
    details[:confirmation] = error.confirmation && confirmation(error.confirmation)
    details.update(class: error.class.name.split("::").last, message: error.detail, retryable: error.retryable?,
                   body: utf8(error.body), text: error.message)
    { error: details, printed: printed(error) + printed(error.confirmation) + utf8(error.full_message(highlight: false)) }
  end

  def utf8(text)
    text.dup.force_encoding("UTF-8").scrub
  end

  def confirmation(asked)
    asked.to_h.merge(expires_at: asked.expires_at.iso8601(6))
  end

  def response(answer)
    {
      status: answer.status, request_id: answer.request_id, rate_limit: answer.rate_limit&.to_h,
      attempts: answer.attempts, replayed: answer.replayed?, headers: answer.headers
    }
  end

  def printed(value)
    "#{value} #{value.inspect}"
  end

  def hook(notice)
    fields = { hook: notice.hook, attempt: notice.attempt }
    case notice.hook
    when "request" then fields.update(operation: notice.operation)
    when "response" then fields.update(status: notice.status, request_id: notice.request_id)
    else fields.update(wait: notice.wait * 1000.0, status: notice.status)
    end
  end
end
