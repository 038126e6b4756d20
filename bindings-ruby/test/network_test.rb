# frozen_string_literal: true

require "helper"
require "openssl"

# Proxies and certificates.
class NetworkTest < Test
  # A server with a certificate of an authority of its own.
  def tls_server
    key = OpenSSL::PKey::RSA.new(2048)
    authority = certificate("/CN=Test authority", key, key, nil, ca: true)
    own = OpenSSL::PKey::RSA.new(2048)
    leaf = certificate("/CN=127.0.0.1", own, key, authority, ca: false)
    context = OpenSSL::SSL::SSLContext.new
    context.cert = leaf
    context.key = own
    tcp = TCPServer.new("127.0.0.1", 0)
    listener = OpenSSL::SSL::SSLServer.new(tcp, context)
    thread = Thread.new { serve(listener) }
    (@threads ||= []) << thread
    ["https://127.0.0.1:#{tcp.addr[1]}", authority.to_pem]
  end

  def serve(listener)
    loop do
      socket = begin
        listener.accept
      rescue OpenSSL::SSL::SSLError, SystemCallError
        next
      end
      Thread.new do
        socket.write(Scripted.answer(200, link)) while Scripted.read(socket)
      rescue OpenSSL::SSL::SSLError, SystemCallError, IOError
        nil
      end
    end
  end

  def certificate(name, key, signer, issuer, ca:)
    made = OpenSSL::X509::Certificate.new
    made.version = 2
    made.serial = rand(1 << 60)
    made.subject = OpenSSL::X509::Name.parse(name)
    made.issuer = issuer ? issuer.subject : made.subject
    made.public_key = key.public_key
    made.not_before = Time.now - 3600
    made.not_after = Time.now + 3600
    factory = OpenSSL::X509::ExtensionFactory.new(issuer || made, made)
    made.add_extension(factory.create_extension("basicConstraints", ca ? "CA:TRUE" : "CA:FALSE", true))
    made.add_extension(factory.create_extension("subjectAltName", "IP:127.0.0.1")) unless ca
    made.sign(signer, "SHA256")
  end

  def teardown
    @threads&.each(&:kill)
    super
  end

  def test_a_private_authority
    url, pem = tls_server
    error = assert_raises(Approute::APIConnectionError) { Approute::Client.new(api_key: "k", base_url: url).links.get("lnk_1") }
    assert_equal ["not_sent", false, 1], [error.outcome, error.retryable?, error.attempts]
    client = Approute::Client.new(api_key: "k", base_url: url, extra_ca: pem)
    assert_equal link["id"], client.links.get("lnk_1").id
    Dir.mktmpdir do |folder|
      path = File.join(folder, "ca.pem")
      File.write(path, pem)
      output, = ruby("require 'approute'; print Approute::Client.new(api_key: 'k', base_url: '#{url}').links.get('lnk_1').id",
                     env: { SSL_CERT_FILE: path })
      assert_equal link["id"], output
    end
    assert_raises(Approute::ConfigurationError) { Approute::Client.new(api_key: "k", extra_ca: "nonsense") }
  end

  def test_a_proxy
    proxy = Scripted.new { |socket, _| socket.write(Scripted.answer(200, link)) }
    servers << proxy
    client = Approute::Client.new(api_key: "k", base_url: "http://api.example", allow_insecure_http: true, proxy: proxy.url)
    assert_equal link["id"], client.links.get("lnk_1").id
    assert_equal "GET http://api.example/v1/links/lnk_1 HTTP/1.1", proxy.requests.pop[:line]
    refusing = Scripted.new { |socket, _| socket.write(Scripted.answer(407, "")) }
    servers << refusing
    code = <<~RUBY
      require "approute"
      begin
        Approute::Client.new(api_key: "k", base_url: "https://api.example").links.get("lnk_1")
      rescue Approute::APIConnectionError => e
        print e.outcome, e.attempts
      end
    RUBY
    output, = ruby(code, env: { HTTPS_PROXY: refusing.url })
    assert_equal "not_sent1", output
    assert_equal "CONNECT api.example:443 HTTP/1.1", refusing.requests.pop[:line]
    output, = ruby(code.sub("api.example", "127.0.0.1:9").sub("get(", "get("),
                   env: { HTTPS_PROXY: refusing.url, NO_PROXY: "127.0.0.1" })
    assert_match(/\Anot_sent/, output)
    assert_equal 0, refusing.requests.size
  end
end
