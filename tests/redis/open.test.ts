import assert from "node:assert/strict";
import { inspect } from "node:util";
import { redisStore } from "../../src/store/redis/mod.ts";
import { skipWithoutOwnRedis, startRedis } from "./redis_server.ts";
import type { RespClient } from "./resp_client.ts";
import { test } from "../scoped_it.ts";
import { entry, Heard } from "../store/server_store.ts";
import { clientFor } from "./scope.ts";

/** What opening throws. */
async function refusal(send: RespClient["send"]): Promise<string> {
  const store = redisStore(send, { name: "my-bot" });
  const error = await Promise.resolve(store.open(new Heard())).then(
    () => undefined,
    (error: unknown) => error,
  );
  await store.close();
  assert.ok(error instanceof Error, "It opens");
  assert.equal((error as { code?: unknown }).code, "ERR_STORE");
  assert.ok(error.message.startsWith('The Redis store "my-bot" '), error.message);
  return error.message;
}

test("a server that is not there is an error when it is opened", undefined, async (t) => {
  const client = clientFor(t, "redis://127.0.0.1:1");
  assert.match(await refusal(client.send), /ECONNREFUSED.*Check that the server runs/s);
});

test("a wrong password is an error that does not show it", skipWithoutOwnRedis, async (t) => {
  const server = await startRedis("--requirepass", "right");
  t.after(() => server.kill());
  const wrong = await refusal(clientFor(t, server.url.replace("//", "//:swordfish@")).send);
  assert.match(wrong, /check the user name and the password/);
  assert.ok(!wrong.includes("swordfish"));
  assert.match(await refusal(clientFor(t, server.url).send), /check the user name and the password/);
  const right = redisStore(clientFor(t, server.url.replace("//", "//:right@")).send, { name: "my-bot" });
  await right.open(new Heard());
  await right.close();
});

test("what a client notes of the command that failed is not shown", undefined, async () => {
  const store = redisStore(() => {
    const command = { name: "hello", args: ["3", "AUTH", "default", "swordfish"] }; // as ioredis does
    return Promise.reject(Object.assign(new Error("WRONGPASS invalid username-password pair"), { command }));
  }, { name: "my-bot" });
  await assert.rejects(async () => await store.open(new Heard()), (error: Error) => {
    assert.ok(error.cause instanceof Error);
    assert.match(error.cause.message, /WRONGPASS/);
    return !inspect(error, { depth: null, showHidden: true }).includes("swordfish");
  });
});

test("a server that drops keys or is a replica is refused", skipWithoutOwnRedis, async (t) => {
  const server = await startRedis();
  t.after(() => server.kill());
  const client = clientFor(t, server.url);
  await client.send("CONFIG", ["SET", "maxmemory-policy", "allkeys-lru"]);
  assert.match(
    await refusal(client.send),
    /"maxmemory-policy" is "allkeys-lru"\): run CONFIG SET maxmemory-policy noeviction/,
  );
  await client.send("CONFIG", ["SET", "maxmemory-policy", "volatile-lru"]); // these keys have no time to live
  await client.send("REPLICAOF", ["127.0.0.1", "1"]);
  assert.match(await refusal(client.send), /on a replica, which is read-only: connect to the primary/);
  await client.send("REPLICAOF", ["NO", "ONE"]);
  const store = redisStore(client.send, { name: "my-bot" });
  await store.open(new Heard());
  await store.close();
});

test("a version that is too old is refused, and Valkey's is not Redis's", skipWithoutOwnRedis, async (t) => {
  const server = await startRedis();
  t.after(() => server.kill());
  const client = clientFor(t, server.url);
  const pretend = (info: string): RespClient["send"] => async (command, args) =>
    command === "INFO" ? info : await client.send(command, args);
  assert.match(
    await refusal(pretend("# Server\r\nredis_version:6.0.16\r\nrole:master\r\n")),
    /on Redis 6\.0\.16: use Redis 6\.2 or later/,
  );
  for (
    const info of [
      "redis_version:6.2.0",
      "redis_version:7.2.4\r\nvalkey_version:8.0.1",
      "redis_version:10.0.0",
    ]
  ) {
    const store = redisStore(pretend(info), { name: "my-bot" });
    await store.open(new Heard());
    await store.close();
  }
});

test(
  "a user who may only use its keys is enough, but the unchecked policy is reported",
  skipWithoutOwnRedis,
  async (t) => {
    const server = await startRedis();
    t.after(() => server.kill());
    const admin = clientFor(t, server.url);
    await admin.send("ACL", [
      "SETUSER",
      "default",
      "resetkeys",
      "~{telehook:mine}:*",
      "-@dangerous",
      "-@admin",
      "resetchannels",
    ]);
    const client = clientFor(t, server.url);
    const heard = new Heard();
    const store = redisStore(client.send, { name: "mine" });
    const second = redisStore(client.send, { name: "mine" });
    await store.open(heard);
    await second.open(new Heard()); // so that there is somebody to publish to, who may not be published to
    assert.equal(heard.errors.length, 1);
    assert.match(String(heard.errors[0]), /may not run INFO\. Allow it .* noeviction/);
    assert.equal(await store.add(entry(1), "append"), "added");
    assert.equal((await second.claim(9, 0)).length, 1);
    await store.close();
    await second.close();
    const other = redisStore(client.send, { name: "other" });
    await assert.rejects(async () => await other.open(new Heard()), /NOPERM.*Allow this user the keys/s);
    await other.close();
  },
);

test("a client whose answers are not texts is refused", skipWithoutOwnRedis, async (t) => {
  const server = await startRedis();
  t.after(() => server.kill());
  const client = clientFor(t, server.url);
  const bytes = (answer: unknown): unknown =>
    Array.isArray(answer) ? answer.map(bytes) : new TextEncoder().encode(String(answer));
  const send = async (command: string, args: string[]) => {
    const answer = await client.send(command, args);
    return command === "INFO" ? answer : bytes(answer);
  };
  assert.match(await refusal(send), /answered an array instead of a list of texts/);
});

test("a subscriber that fails is an error, and leaves nothing behind", skipWithoutOwnRedis, async (t) => {
  const server = await startRedis();
  t.after(() => server.kill());
  const client = clientFor(t, server.url);
  let [attempts, ends] = [0, 0];
  const subscriber = () => {
    if (++attempts === 1) throw new Error("not connected");
    return () => ends++;
  };
  const store = redisStore(client.send, { name: "my-bot", subscriber });
  const open = async () => await store.open(new Heard());
  await assert.rejects(open, { code: "ERR_STORE", message: /not connected/ });
  assert.equal(await client.send("DBSIZE", []), 0);
  await client.send("REPLICAOF", ["127.0.0.1", "1"]);
  const pretending = redisStore(
    async (command, args) => command === "INFO" ? "redis_version:7.0.0" : await client.send(command, args),
    { name: "my-bot", subscriber },
  );
  await assert.rejects(async () => await pretending.open(new Heard()), /READONLY/);
  assert.equal(ends, 1, "It does not listen any longer");
  await client.send("REPLICAOF", ["NO", "ONE"]);
  await open();
  await store.close();
});

test("keys of a later version are refused", skipWithoutOwnRedis, async (t) => {
  const server = await startRedis();
  t.after(() => server.kill());
  const client = clientFor(t, server.url);
  await client.send("HSET", ["{telehook:my-bot}:meta", "format", "2"]);
  assert.match(await refusal(client.send), /its keys have format 2, which a later telehook has made/);
});

test("options and clients that cannot be are errors at once", undefined, () => {
  const send = () => Promise.resolve("");
  const code = { code: "ERR_OPTION" };
  for (
    const name of [
      "",
      "a b",
      "a{b}",
      "x".repeat(101),
      7,
      undefined,
      "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    ]
  ) {
    assert.throws(() => redisStore(send, { name: name as string }), (error: Error) => {
      assert.ok(!error.message.includes("AAHdq"));
      return (error as unknown as { code: string }).code === "ERR_OPTION";
    });
  }
  assert.throws(() => redisStore(send, { name: "a", leaseMs: 10 }), { ...code, message: /"leaseMs"/ });
  assert.throws(() => redisStore(send, { name: "a", leasMs: 1 } as never), {
    ...code,
    message: /[Dd]id you mean "leaseMs"/,
  });
  for (const client of [{}, "redis://127.0.0.1", undefined, { get() {} }]) {
    assert.throws(() => redisStore(client as object, { name: "a" }), {
      ...code,
      message:
        /does not recognize this client .*node-redis .*ioredis, Bun's RedisClient, Deno's .*a function \(command, args\)/,
    });
    if (client === undefined) continue;
    assert.throws(() => redisStore(send, { name: "a", subscriber: client as object }), {
      ...code,
      message: /does not recognize this subscriber .*a function \(channel, listener\)/,
    });
  }
});

test("a store that is not open or closed says so", undefined, async () => {
  const store = redisStore(() => Promise.resolve(""), { name: "closed" });
  await assert.rejects(async () => await store.stats(), {
    code: "ERR_STORE",
    message: /closed, or not open yet/,
  });
});
