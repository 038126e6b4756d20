# frozen_string_literal: true

module Approute
  # What the native library defines. Only this gem calls it.
  #
  # @api private
  module Native
    # A client of the core.
    class Client; end

    # A call on the I/O thread.
    class Background; end

    # A call whose I/O is done here.
    class HostCall; end

    # Makes sure that the library is loaded. {Models} loads it, since it gives their classes their methods.
    def self.load
      Models.itself
      nil
    end

    # Loads the library.
    def self.link
      # A gem for a platform has a library for each version of Ruby, one that was built here has one.
      ours = "approute/#{RUBY_VERSION[/\A\d+\.\d+/]}/approute_ruby"
      begin
        require ours
      rescue LoadError
        require "approute/approute_ruby"
      end
      same_version!
    rescue LoadError => e
      raise if e.message.start_with?("approute:")

      raise LoadError, "approute: the native library for Ruby #{RUBY_VERSION} on #{RUBY_PLATFORM} cannot be loaded " \
                       "(#{e.message}). Install the gem again with `gem install approute --platform ruby` to build it " \
                       "here; that needs Rust, libclang and Ruby's headers."
    end

    def self.same_version!
      return if VERSION == Approute::VERSION

      raise LoadError, "approute: the native library is of version #{VERSION}, the gem of #{Approute::VERSION}; " \
                       "install the gem again"
    end
    private_class_method :same_version!
  end
end
