# frozen_string_literal: true

# Prints what the gem offers, one line each: ruby ruby.rb FILE.rbs…
#
# Signatures are parsed by the gem `rbs`. Each keyword of a method is a line of its own.

require "rbs"

# Writes declarations as lines.
class Surface
  def initialize
    @lines = []
  end

  def read(file)
    buffer = RBS::Buffer.new(name: file, content: File.read(file))
    parsed = RBS::Parser.parse_signature(buffer)
    # From rbs 3 on, directives stand before them.
    declarations = parsed[0].is_a?(RBS::Buffer) ? parsed[2] : parsed
    declarations.each { |declaration| declare("", declaration) }
    self
  end

  def to_s
    @lines.uniq.join("\n")
  end

  private

  def declare(outer, node)
    name = [outer, node.name.to_s].reject(&:empty?).join("::")
    case kind(node)
    when "Class" then body("class", name, node, node.super_class && " < #{node.super_class.name}")
    when "Module" then body("module", name, node, nil)
    when "Constant" then @lines << "constant #{name}: #{node.type}"
    when "Alias", "TypeAlias" then union("type #{name}", node.type)
    else raise "#{node.location}: a #{kind(node)}"
    end
  end

  def body(kind, name, node, more)
    @lines << "#{kind} #{name}#{more}"
    node.members.each { |member| member(name, member) }
  end

  def member(name, node)
    return declare(name, node) if node.is_a?(RBS::AST::Declarations::Base)

    case kind(node)
    when "MethodDefinition"
      return if node.respond_to?(:visibility) && node.visibility == :private

      types = node.respond_to?(:overloads) ? node.overloads.map(&:method_type) : node.types
      types.each { |type| overload("#{name}#{node.kind == :instance ? '#' : '.'}#{node.name}", type) }
    when "Include", "Extend" then @lines << "#{name} #{kind(node).downcase}s #{node.name}"
    when "AttrReader", "AttrAccessor" then @lines << "method #{name}##{node.name} -> #{node.type}"
    when "Alias" then @lines << "method #{name}##{node.new_name} = #{node.old_name}"
    else raise "#{node.location}: a #{kind(node)}"
    end
  end

  # Some of these classes have other names in other versions of rbs.
  def kind(node)
    node.class.name.split("::").last
  end

  def overload(name, type)
    function = type.type
    return @lines << "method #{name}#{type}" unless function.respond_to?(:required_keywords)

    place = function.required_positionals.map { |param| param.type.to_s } +
            function.optional_positionals.map { |param| "?#{param.type}" }
    place << "*#{function.rest_positionals.type}" if function.rest_positionals
    block = type.block
    block &&= " #{'?' unless block.required}{ (#{block.type.param_to_s}) -> #{block.type.return_to_s} }"
    @lines << "method #{name}(#{place.join(', ')})#{block} -> #{function.return_type}"
    function.required_keywords.each { |key, param| @lines << "keyword #{name}(#{key}: #{param.type}) [required by #{name}]" }
    function.optional_keywords.each { |key, param| @lines << "keyword #{name}(#{key}: #{param.type})" }
    @lines << "keyword #{name}(**#{function.rest_keywords.type})" if function.rest_keywords
  end

  def union(head, type)
    parts = type.is_a?(RBS::Types::Union) ? type.types : [type]
    parts.each { |part| @lines << "#{head} | #{part}" }
  end
end

surface = Surface.new
ARGV.each { |file| surface.read(file) }
puts surface
