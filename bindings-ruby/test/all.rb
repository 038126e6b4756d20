# frozen_string_literal: true

# All tests: ruby -w -Ilib -Itest test/all.rb
Dir[File.join(__dir__, "*_test.rb")].each { |path| require path }
