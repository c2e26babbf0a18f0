// npm's RemoteRunnable against a server: prints what it saw as JSON.
import { RemoteRunnable } from "langchain/runnables/remote";
import { HumanMessage } from "@langchain/core/messages";

const [url, key] = process.argv.slice(2);
const at = (graph) => new RemoteRunnable({ url: `${url}/${graph}`, options: { headers: { "X-Api-Key": key } } });
const collected = async (stream) => {
  const found = [];
  for await (const chunk of stream) found.push(chunk);
  return found;
};
const refused = async (promise) => promise.then(() => "", (error) => String(error.message));

const approve = { decisions: [{ type: "approve" }] };
const review = at("review");
// This client makes a prompt value of any output with a `text`: so the thread is named by us.
const named = { configurable: { thread_id: "from-npm" } };
await review.invoke({ text: "hello" }, named);
const approved = await collected(await review.stream({ answer: approve }, named));

const watched = await collected(await review.stream({ text: "hello" }));
const last = watched.at(-1);
const resumed = await collected(await review.stream({ thread: last.thread, answer: approve }));
const events = await collected(at("echo").streamEvents({ text: "hello" }, { version: "v2" }));
const talked = await at("talk").invoke({ messages: [new HumanMessage("hi")] });

console.log(JSON.stringify({
  invoked: (await at("echo").invoke({ text: "hello" })).value,
  batched: (await at("echo").batch([{ text: "a" }, { text: "b" }])).map((each) => each.value),
  streamed: await collected(await at("echo").stream({ text: "hello" })),
  events: events.map((each) => [each.event, each.name]),
  talked: talked.messages.map((each) => [each._getType(), each.content]),
  approved: approved[0],
  asked: last.interrupts[0].value.action_requests,
  resumed: resumed[0],
  failed: await refused(at("broken").invoke({ text: "name" })),
  failedStream: await refused(at("broken").stream({ text: "name" }).then(collected)),
  unknown: await refused(at("nope").invoke({ text: "x" })),
  noKey: await refused(new RemoteRunnable({ url: `${url}/echo` }).invoke({ text: "x" })),
}));
