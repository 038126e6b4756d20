import approute

# The key comes from APPROUTE_API_KEY, another server's address from APPROUTE_BASE_URL.
client = approute.Client()

link = client.links.create(
    url="https://northpeak.example/autumn-drop",
    sub_id="nora-lind",
    targets={"ios": {"app_store_id": "6470010001"}},
)

print(f"share {link.short_url}")
print(f"so far it has {link.click_count} clicks")
