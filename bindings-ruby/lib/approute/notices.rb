# frozen_string_literal: true

module Approute
  # What hooks and the logger of a client are told.
  class Notices
    # What a hook is called with. What does not apply is nil.
    #
    # - `hook`: `request`, `response` or `retry`
    # - `operation`: such as `links.create`
    # - `attempt`: the try's number, from 1
    # - `method`, `url`, `headers`: of the request, or headers of the answer; without those that carry secrets
    # - `status`, `request_id`: of the answer
    # - `took`, `wait`: seconds
    # - `failure`, `reason`: why there was no answer, why there is a retry
    Notice = Struct.new(:hook, :operation, :attempt, :method, :url, :headers, :status, :request_id, :took, :wait,
                        :failure, :reason, keyword_init: true)

    # @api private
    def initialize(on_request:, on_response:, on_retry:, logger:)
      @hooks = { "request" => on_request, "response" => on_response, "retry" => on_retry }.compact
      @logger = logger
      @hooks.each do |name, hook|
        raise Errors.bad_argument("`on_#{name}` must have `call`") unless hook.respond_to?(:call)
      end
      return if logger.nil? || (logger.respond_to?(:info) && logger.respond_to?(:debug))

      raise Errors.bad_argument("`logger` must have `info` and `debug`")
    end

    # @return [Array<String>] what the native library has to tell
    # @api private
    def hooks
      @hooks.keys + (@logger ? ["log"] : [])
    end

    # @return [Proc, nil] who is told, with a notice as JSON
    # @api private
    def listener
      hooks.empty? ? nil : method(:tell).to_proc
    end

    private

    def tell(json)
      fields = JSON.parse(json, symbolize_names: true)
      return @logger.public_send(fields[:level], fields[:line]) if fields[:hook] == "log"

      %i[took wait].each { |name| fields[name] /= 1000.0 if fields[name] }
      fields[:headers] = fields[:headers].to_h if fields[:headers]
      @hooks.fetch(fields[:hook]).call(Notice.new(**fields).freeze)
    end
  end
end
