require "approute"

# The key comes from APPROUTE_API_KEY, another server's address from APPROUTE_BASE_URL.
client = Approute::Client.new

link = client.links.create(
  url: "https://northpeak.example/autumn-drop",
  sub_id: "nora-lind",
  targets: { ios: { app_store_id: "6470010001" } }
)

puts "share #{link.short_url}"
puts "so far it has #{link.click_count} clicks"
