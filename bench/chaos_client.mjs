// The browsers' own protocol client (web/shared) as many customers in one Node process; run by chaos_storm.py, hosts.py.
// Prints one JSON line when all is sent and seen:
// [{conversation, token, sent, unsent, seen: [[seq, message_id]...], waits: [[sent, acknowledged] in ms since 1970...]}].
import { createRequire } from "node:module";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [root, settings] = [process.argv[2], JSON.parse(process.argv[3])];
const require = createRequire(join(root, "web", "package.json"));
const { rolldown } = await import(pathToFileURL(require.resolve("rolldown")));
const { WebSocket } = require("ws");

const bundle = await rolldown({ input: join(root, "web/shared/src/protocol/customer.ts"), platform: "node" });
const file = join(mkdtempSync(join(tmpdir(), "baton-chaos-")), "client.mjs");
await bundle.write({ file, format: "esm", codeSplitting: false });
const { CustomerConnection } = await import(pathToFileURL(file));

globalThis.WebSocket = WebSocket; // Node 20 has none of its own
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let stopping = false;
process.stdin.on("data", () => (stopping = true));

/** Several conversations one after the other, so that no history grows beyond what a customer has. */
async function customer(number, results) {
  while (!stopping) {
    const started = await open(settings.urls[number % settings.urls.length]);
    if (started === null) continue;
    results.push(await talk(started, number));
  }
}

async function open(url) {
  try {
    const answer = await fetch(`${url}/api/v1/conversations`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ locale: "zh-CN" }),
      signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const body = await answer.json();
    return { url, conversation: body.conversation_id, token: body.token };
  } catch {
    await sleep(300);
    return null;
  }
}

async function talk(started, number) {
  const result = { ...started, sent: [], unsent: 0, seen: [], failed: [], waits: [] };
  const sentAt = new Map(); // of what is not acknowledged yet
  let waiting = [];
  const client = new CustomerConnection({
    baseUrl: started.url,
    conversation: started.conversation,
    token: started.token,
    timings: settings.timings,
    createSocket: (url) => new WebSocket(url),
    random: () => Math.random() * 0.3,
    handlers: {
      onEvent: (event) => result.seen.push([event.seq, event.message_id ?? ""]),
      onOutbox: (items) => {
        waiting = items;
        const open = new Set(items.map(({ cid }) => cid));
        for (const [cid, at] of sentAt) {
          if (!open.has(cid) && sentAt.delete(cid)) result.waits.push([at, Date.now()]);
        }
      },
    },
  });
  /** As a customer taps what is shown as failed; without it a refused message stays shown as that. */
  const tapFailed = async () => {
    for (const item of waiting.filter(({ state }) => state === "failed")) {
      result.failed.push(item.errorCode ?? "overdue");
      client.retry(item.cid);
    }
    await sleep(500);
  };
  client.start();
  for (let place = 0; place < settings.messages && !stopping; place++) {
    const wish = settings.wish && number % settings.people_every === 0 && place === 0;
    const text = settings.texts?.[(place + number) % settings.texts.length] ?? `第 ${place} 句，客户 ${number}`;
    const at = Date.now();
    const cid = client.send(wish ? settings.wish : text);
    sentAt.set(cid, at);
    result.sent.push(cid);
    await sleep(settings.pause_ms * (0.5 + Math.random()));
    while (waiting.length > 20 && !stopping) await tapFailed();
  }
  const until = Date.now() + settings.patience_ms;
  while (waiting.length > 0 && Date.now() < until) await tapFailed();
  result.unsent = waiting.length;
  await sleep(1_000);
  await caughtUp(started, result, until);
  client.stop();
  return result;
}

/** What was answered meanwhile has to be seen, too: waits until the client has as much as the desk says there is. */
async function caughtUp(started, result, until) {
  while (Date.now() < until) {
    try {
      const answer = await fetch(`${started.url}/api/v1/conversations/${started.conversation}`, {
        headers: { Authorization: `Bearer ${started.token}` },
        signal: AbortSignal.timeout(5_000),
      });
      if (answer.ok && (await answer.json()).seq <= result.seen.length) return;
    } catch {
      /* the desk is being killed: asked again */
    }
    await sleep(250);
  }
}

const results = [];
await Promise.all(Array.from({ length: settings.customers }, (_, number) => customer(number, results)));
process.stdout.write(JSON.stringify(results) + "\n", () => process.exit(0));
