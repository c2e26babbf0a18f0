// Everything the official client of npm does, as JSON on stdout.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [, , url, key] = process.argv;
const client = new Client({ name: "autoweave-test", version: "1" });
const headers = { "X-Api-Key": key };
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));

async function failure(work) {
  try {
    await work();
    return null;
  } catch (error) {
    return { code: error.code, message: error.message, data: error.data };
  }
}

const { tools } = await client.listTools();
const seen = {
  server: client.getServerVersion(),
  instructions: client.getInstructions(),
  tools: tools.map((tool) => tool.name),
  said: await client.callTool({ name: "say", arguments: { text: "ha", times: 2 } }),
  refused: await client.callTool({ name: "refuse", arguments: { text: "shop" } }),
  invalid: await client.callTool({ name: "say", arguments: { text: 1 } }),
  unknown: await failure(() => client.callTool({ name: "nope", arguments: {} })),
  templates: (await client.listResourceTemplates()).resourceTemplates.map((each) => each.uriTemplate),
  page: (await client.readResource({ uri: "page://of/7" })).contents[0].text,
  missing: await failure(() => client.readResource({ uri: "file:///etc/passwd" })),
  prompt: (await client.getPrompt({ name: "greet", arguments: { who: "Ada" } })).messages[0].content.text,
};
await client.close();
console.log(JSON.stringify(seen));
