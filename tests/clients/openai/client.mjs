// What npm's `openai` sees of the models, as JSON on stdout.
import OpenAI from "openai";

const [, , url, key] = process.argv;
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const user = (content) => ({ role: "user", content });

async function failure(work) {
  try {
    await work();
    return null;
  } catch (error) {
    return { kind: error.constructor.name, status: error.status, code: error.code, param: error.param };
  }
}

async function streamed(model, messages) {
  let text = "";
  let usage = null;
  const options = { include_usage: true };
  for await (const chunk of await client.chat.completions.create({ model, messages, stream: true, stream_options: options })) {
    text += chunk.choices[0]?.delta?.content ?? "";
    usage = chunk.usage ?? usage;
  }
  return { text, usage };
}

const models = [];
for await (const model of client.models.list()) models.push(model.id);
const asked = await client.chat.completions.create({ model: "careful", messages: [user("go")] });
const question = asked.choices[0].message;
const seen = {
  models,
  said: (await client.chat.completions.create({ model: "talk", messages: [user("hi")] })).choices[0].message.content,
  streamed: await streamed("counting", [user("hi")]),
  question: question.content,
  answered: (await client.chat.completions.create({ model: "careful", messages: [user("go"), question, user("approve")] }))
    .choices[0].message.content,
  unknown: await failure(() => client.chat.completions.create({ model: "nope", messages: [user("hi")] })),
  refused: await failure(() => client.chat.completions.create({ model: "talk", messages: [user("hi")], n: 2 })),
  failed: await failure(() => streamed("refusing", [user("hi")])),
};
console.log(JSON.stringify(seen));
