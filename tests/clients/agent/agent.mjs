// LangGraph's own JavaScript client, unchanged: what it does against the server at argv[2], as JSON.
import { Client } from "@langchain/langgraph-sdk";

const client = new Client({ apiUrl: process.argv[2], apiKey: "acme", callerOptions: { maxRetries: 0 } });
const input = { text: "four" };
const collect = async (stream) => {
  const parts = [];
  for await (const part of stream) parts.push([part.event, part.data]);
  return parts;
};
const refused = async (work) => {
  try {
    await work();
  } catch (error) {
    return error.message;
  }
  return null;
};

const thread = (await client.threads.create({ metadata: { from: "node" } })).thread_id;
let created = null;
const asked = await collect(
  client.runs.stream(thread, "review", {
    input,
    streamMode: ["values", "updates"],
    onRunCreated: (run) => (created = run),
  }),
);
const interrupted = await client.threads.get(thread);
const state = await client.threads.getState(thread);
const rejoined = await collect(
  client.runs.joinStream(thread, created.run_id, { lastEventId: "-1", streamMode: ["values"] }),
);
const resume = { decisions: [{ type: "approve" }] };
const approved = await client.runs.wait(thread, "review", { command: { resume } });
const history = await client.threads.getHistory(thread, { limit: 2 });

const background = await client.runs.create(thread, "review", { input, ifNotExists: "create" });
await client.runs.join(thread, background.run_id);
const listed = await client.runs.list(thread, { limit: 1 });
await client.runs.cancel(thread, background.run_id, true, "interrupt");
const found = await client.threads.search({ metadata: { graph_id: "review", from: "node" }, limit: 100 });
await client.threads.update(thread, { metadata: { more: 1 } });
const batch = await client.runs.createBatch([{ assistantId: "review", input }]);
await client.runs.join(batch[0].thread_id, batch[0].run_id);

const stateless = await client.runs.wait(null, "echo", { input });
const failure = await refused(() => client.runs.wait(null, "broken", { input }));
const hooked = await refused(() => client.runs.wait(null, "echo", { input, webhook: "https://example.com" }));
const parts = await collect(
  client.runs.stream(null, "model", {
    input: { messages: [{ type: "human", content: "hello" }] },
    streamMode: ["messages-tuple"],
  }),
);
const assistants = await client.assistants.search({ graphId: "review" });
const graph = await client.assistants.getGraph("review");
const schemas = await client.assistants.getSchemas("review");
await client.threads.delete(thread);
const gone = await refused(() => client.threads.get(thread));

console.log(
  JSON.stringify({
    thread, created, asked, interrupted, state, rejoined, approved, history, background, listed, found, batch,
    stateless, failure, hooked, parts, assistants, graph, schemas, gone,
  }),
);
