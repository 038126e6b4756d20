# frozen_string_literal: true

require "cgi"
require "helper"

# The examples against the reference server.
class ExampleTest < Test
  def example(name, *arguments)
    info = Helper::Reference.info
    env = { "APPROUTE_API_KEY" => info[:api_key], "APPROUTE_BASE_URL" => info[:base_url] }
    path = File.join(ROOT, "examples/ruby", name)
    Timeout.timeout(60) { Open3.capture2e(env, RbConfig.ruby, "-w", "-I#{LIB}", path, *arguments) }
  end

  def test_the_quick_start
    output, status = example("quickstart.rb")
    assert status.success?, output
    assert_match(/\Ashare http:\S+\nso far it has 0 clicks\n\z/, output)
  end

  def test_the_samples_of_the_documentation
    docs = File.read(File.join(ROOT, "server-reference/src/generated/docs.html"))
    samples = docs.scan(%r{<summary>Ruby</summary><pre[^>]*><code>(.*?)</code>}m).flatten
    assert_operator samples.size, :>=, 15
    info = Helper::Reference.info
    scope = binding
    scope.local_variable_set(:client, Approute::Client.new(api_key: info[:api_key], base_url: info[:base_url]))
    samples.map { |sample| CGI.unescapeHTML(sample) }.each do |sample|
      # The server has read the whole request; it may only know none of the ids.
      answer = begin
        scope.eval(sample)
      rescue Approute::NotFoundError
        next
      end
      refute_nil answer, sample
      assert_match(/\Aanswer = client\./, sample)
    end
  end

  def test_the_creators_get_their_links_once
    csv = File.join(ROOT, "examples/creators.csv")
    output, status = example("creators.rb", csv)
    assert status.success?, output
    assert_equal "200 links made", output.lines.first.chomp
    assert_equal 201, output.lines.size
    again, = example("creators.rb", csv)
    assert_equal "all links are there", again.lines.first.chomp
    assert_equal output.lines.drop(1).sort, again.lines.drop(1).sort
  end

  def test_what_is_wrong_is_said
    output, status = example("creators.rb", "/nowhere.csv")
    refute status.success?
    assert_match(/\Acreators: No such file/, output)
    Dir.mktmpdir do |folder|
      path = File.join(folder, "bad.csv")
      File.write(path, "#{File.readlines(File.join(ROOT, 'examples/creators.csv')).first}x,n,h,p,bad slug!,s,nonsense,,,u\n")
      output, = example("creators.rb", path)
      assert_match(/creators: .*\n? {2}\S+:/, output)
    end
  end
end
