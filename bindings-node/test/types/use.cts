// CommonJS has the same names.
import approute = require("@approute/node");
import mock = require("@approute/node/mock");
import webhooks = require("@approute/node/webhooks");

const client: approute.Approute = new approute.Approute({ apiKey: "x" });
export const link: Promise<approute.Link> = client.links.get("lnk_1");
export const made: approute.Approute = new mock.MockTransport().client();
export const verified: Promise<void> = webhooks.verify("", {}, "whsec_x");
