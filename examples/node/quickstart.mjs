import { Approute } from "@approute/node";

// The key comes from APPROUTE_API_KEY, another server's address from APPROUTE_BASE_URL.
const client = new Approute();

const link = await client.links.create({
  url: "https://northpeak.example/autumn-drop",
  sub_id: "nora-lind",
  targets: { ios: { app_store_id: "6470010001" } },
});

console.log(`share ${link.short_url}`);
console.log(`so far it has ${link.click_count} clicks`);
