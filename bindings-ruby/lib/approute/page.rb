# frozen_string_literal: true

module Approute
  # One page of a list.
  class Page
    include Enumerable

    # @return [Array<Model>] what is on it
    attr_reader :items

    # @api private
    def initialize(list, value, names)
      @list = list
      @value = value
      @items = value.public_send(names[:items])
      @next_cursor = value.public_send(names[:next_cursor])
      freeze
    end

    # @return [String, nil] where the next page begins; nil on the last
    attr_reader :next_cursor

    # @return [Boolean] whether there is a next page
    def next_page?
      !next_cursor.nil?
    end

    # @return [Page, nil] the next page, nil after the last
    def next_page
      @list.page(cursor: next_cursor) if next_page?
    end

    # @return [Response] the answer that it came with
    def response
      @value.response
    end

    # @return [Model] the page as the API gives it
    def to_model
      @value
    end

    # @yieldparam item [Model]
    # @return [self, Enumerator]
    def each(&block)
      return enum_for(:each) { items.size } unless block

      items.each(&block)
      self
    end

    # @return [Integer] how many items are on it
    def size
      items.size
    end
    alias length size

    # @return [String]
    def inspect
      "#<#{self.class.name} items=#{items.size} next_page=#{next_page?}>"
    end
    alias to_s inspect
  end
end
