# frozen_string_literal: true

module Approute
  # An answer that is bytes, such as the image of a QR code.
  #
  # @!attribute [r] content_type
  #   @return [String] the media type, such as `image/png`
  # @!attribute [r] bytes
  #   @return [String] the bytes, without an encoding
  # @!attribute [r] response
  #   @return [Response] the answer that it came with
  class Binary
    # Writes the bytes to a file, which is created or replaced, or to a stream.
    #
    # A file is written beside its place first and then put there, so that a full disk leaves what was there.
    #
    # @param target [String, Pathname, IO] a path, or what has `write`
    # @return [Integer] how many bytes
    def write_to(target)
      return target.write(bytes) if target.respond_to?(:write) && !target.respond_to?(:to_path)

      path = target.respond_to?(:to_path) ? target.to_path : target
      return target.write(bytes) if target.is_a?(IO)

      partial = File.join(File.dirname(path), ".#{File.basename(path)}.#{Process.pid}.partial")
      begin
        written = File.binwrite(partial, bytes)
        File.rename(partial, path)
        written
      rescue SystemCallError
        FileUtils.rm_f(partial)
        raise
      end
    end

    # @return [String]
    def inspect
      "#<#{self.class.name} #{content_type}, #{bytes.bytesize} bytes>"
    end
    alias to_s inspect
  end
end
