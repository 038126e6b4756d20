# frozen_string_literal: true

module Approute
  # The version of this gem. It is that of the native library too.
  VERSION = "0.1.0"
end
