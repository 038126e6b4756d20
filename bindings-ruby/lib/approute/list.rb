# frozen_string_literal: true

module Approute
  # A list that comes in pages. Nothing is fetched before it is needed.
  #
  #   client.links.list(tag: ["summer"]).each { |link| puts link.short_url }
  #   client.links.list.lazy.select(&:archived).first(10)
  #   page = client.links.list(limit: 50).page
  class List
    include Enumerable

    # @api private
    def initialize(client, operation, args, options, items:, next_cursor:, cursor:, prefetch: false)
      @client = client
      @operation = operation
      @args = args.freeze
      @options = options
      @names = { items:, next_cursor:, cursor: }.freeze
      @prefetch = prefetch
      freeze
    end

    # All items, page after page.
    #
    # @yieldparam item [Model]
    # @return [self, Enumerator]
    def each(&block)
      return enum_for(:each) unless block

      each_page { |page| page.each(&block) }
    end

    # All pages.
    #
    # @yieldparam page [Page]
    # @return [self, Enumerator]
    # @raise [DecodeError] when the server gives a cursor that it had given before: the list would never end
    def each_page
      return enum_for(:each_page) unless block_given?

      pages = Pages.new(self, @prefetch)
      begin
        while (page = pages.next)
          yield page
        end
      ensure
        pages.stop
      end
      self
    end
    alias pages each_page

    # The first page, or the one at a cursor.
    #
    # @param cursor [String, nil] the `next_cursor` of an earlier page
    # @return [Page]
    def page(cursor: nil)
      Page.new(self, @client.call(@operation, args_at(cursor), @options), @names)
    end

    # The same list with the page after the current one fetched in the background. At most one page is ahead, and its
    # request is cancelled when the iteration stops.
    #
    # @return [List]
    def prefetch
      List.new(@client, @operation, @args, @options, **@names, prefetch: true)
    end

    # @return [String]
    def inspect
      "#<#{self.class.name}>"
    end
    alias to_s inspect

    # @api private
    def first_cursor
      @args[@names[:cursor]]
    end

    # Starts to fetch a page: what `page` gives once it is there.
    #
    # @api private
    def start(cursor)
      started = @client.start(@operation, args_at(cursor), @options)
      Started.new(started, ->(value) { Page.new(self, value, @names) })
    end

    # A page on its way.
    #
    # @api private
    Started = Struct.new(:background, :finish) do
      def page
        finish.call(background.value)
      end

      def stop
        background.cancel
      end
    end

    # Goes through the pages.
    #
    # @api private
    class Pages
      def initialize(list, prefetch)
        @list = list
        @prefetch = prefetch
        @seen = {}
        @cursor = list.first_cursor
        @seen[@cursor] = true if @cursor.is_a?(String)
        @first = true
      end

      # @return [Page, nil]
      def next
        return unless @first || @cursor

        page = fetch
        @first = false
        @cursor = page.next_cursor
        follow(page)
        page
      end

      def stop
        @ahead&.stop
        @ahead = nil
      end

      private

      def fetch
        raise @repeated if @repeated

        started = @ahead
        @ahead = nil
        return started.page if started

        @list.page(cursor: @first ? nil : @cursor)
      end

      # A page whose cursor repeats is given still; the error comes in place of the next one.
      def follow(page)
        return unless @cursor
        return @repeated = repeated(page) if @seen.key?(@cursor)

        @seen[@cursor] = true
        @ahead = @list.start(@cursor) if @prefetch
      end

      def repeated(page)
        message = "the server returned a cursor that it had returned before; the list would never end"
        answer = page.response
        DecodeError.new(message, status: answer.status, headers: answer.headers, request_id: answer.request_id,
                                 attempts: answer.attempts, outcome: "applied")
      end
    end
    private_constant :Started, :Pages

    private

    def args_at(cursor)
      cursor ? @args.merge(@names[:cursor] => cursor) : @args
    end
  end
end
