// The HTTP calls that agent-chat-ui makes, in its order, with the bodies that its hook (`useStream` of
// @langchain/langgraph-sdk/react, fetchStateHistory) and its thread list build. argv[2]: the server.
import { Client } from "@langchain/langgraph-sdk";

const url = process.argv[2];
const headers = { "X-Api-Key": "acme" };
const client = new Client({ apiUrl: url, apiKey: "acme", callerOptions: { maxRetries: 0 } });

/** What the hook's `submit` does, given what its last look at the history said. */
const submit = async (threadId, assistant, values, options, head) => {
  const thread = threadId ?? (await client.threads.create({ metadata: options.metadata })).thread_id;
  const checkpoint = options.checkpoint ?? (head ? { ...head.checkpoint } : undefined);
  if (checkpoint) delete checkpoint.thread_id;
  const events = [];
  const stream = client.runs.stream(thread, assistant, {
    input: values,
    command: options.command,
    onDisconnect: options.streamResumable ? "continue" : "cancel",
    checkpoint,
    streamMode: [...new Set([...(options.streamMode ?? []), "values", "messages-tuple", "custom"])],
    streamSubgraphs: options.streamSubgraphs,
    streamResumable: options.streamResumable,
  });
  for await (const part of stream) events.push([part.event, part.data]);
  const history = await client.threads.getHistory(thread, { limit: 10 });
  return { thread, events, history };
};

const options = { streamMode: ["values"], streamSubgraphs: true, streamResumable: true };
const message = (text) => ({ id: crypto.randomUUID(), type: "human", content: [{ type: "text", text }] });

const info = await fetch(`${url}/info`, { headers });
const first = await submit(null, "talk", { messages: [message("hello")] }, options, undefined);
const head = first.history[0];
const second = await submit(first.thread, "talk", { messages: [message("again")] }, options, head);
const byGraph = await client.threads.search({ metadata: { graph_id: "talk" }, limit: 100 });
const assistant = (await client.assistants.search({ graphId: "talk" }))[0].assistant_id;
const byAssistant = await client.threads.search({ metadata: { assistant_id: assistant }, limit: 100 });

const asked = await submit(null, "review", { text: "four" }, options, undefined);
const resume = { decisions: [{ type: "edit", edited_action: { name: "apply", args: { text: "five" } } }] };
const answered = await submit(asked.thread, "review", {}, { ...options, command: { resume } }, asked.history[0]);

let forked = null;
try {
  await submit(first.thread, "talk", undefined, { ...options, checkpoint: second.history.at(-1).checkpoint });
} catch (error) {
  forked = error.message;
}

console.log(
  JSON.stringify({ info: info.status, first, second, byGraph, byAssistant, asked, answered, forked }),
);
