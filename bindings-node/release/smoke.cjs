// The same package by require.
const { Approute } = require("@approute/node");
const { MockTransport } = require("@approute/node/mock");
const webhooks = require("@approute/node/webhooks");

new Approute().links
  .list({ limit: 1 })
  .page()
  .then(async ({ items }) => {
    if (items.length !== 1) throw new Error("the link of the other test is not there");
    await MockTransport.withExamples().client().qr.get(items[0].id);
    await webhooks.sign("{}", "whsec_eA==", "evt_1");
    console.log("require works");
  });
