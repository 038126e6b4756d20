# frozen_string_literal: true

module Approute
  # What the resources of a client have in common.
  class Resource
    # The default of arguments for which absent and nil are two things: left as it is, and cleared. For all others nil
    # leaves them out.
    OMIT = Object.new
    # @return [String]
    def OMIT.inspect
      "(left out)"
    end
    OMIT.freeze

    # @api private
    def initialize(client)
      @client = client
      freeze
    end

    # @return [String]
    def inspect
      "#<#{self.class.name}>"
    end
  end
end
