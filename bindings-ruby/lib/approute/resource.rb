# frozen_string_literal: true

module Approute
  # What the resources of a client have in common.
  class Resource
    # The default of arguments that need not be given. Absent and nil are two things in updates.
    OMIT = Object.new
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
