import assert from "node:assert/strict";
import { ScaledClock } from "../../../lab/clock";
import { RequestTimeout } from "../../../lab/machine/http";
import { prepareWebhooks, type Send, sendWebhooks } from "../../../lab/machine/webhooks";

const { signal } = new AbortController();

function hooks(...list: Record<string, unknown>[]) {
  const webhooks = list.map((hook) => ({
    event: "STARTED",
    method: "post",
    url: "http://h/{{ .Hostname }}",
    ...hook,
  }));
  return prepareWebhooks({ install: { webhooks } }, { Hostname: "n1", IPAddrV4: "1.2.3.4" });
}

function recorder(answer: (url: string) => number | Error): { send: Send; urls: string[] } {
  const urls: string[] = [];
  const send: Send = async (url) => {
    urls.push(url);
    const result = answer(url);
    if (result instanceof Error) throw result;
    return { status: result };
  };
  return { send, urls };
}

describe("lab machine: webhooks", () => {
  it("renders its templates; what is missing is empty", () => {
    const [hook] = hooks({
      payload: "{{.IPAddrV4}} {{ .IPAddrV6 }}|",
      headers: { a: "b" },
      basic_auth: { user: "u", password: "p" },
    });
    assert.deepEqual([hook?.method, hook?.url, hook?.payload], ["POST", "http://h/n1", "1.2.3.4 |"]);
    assert.deepEqual(hook?.headers, { a: ["b"], Authorization: ["Basic dTpw"] });
  });

  it("refuses unknown events, verbs and templates", () => {
    for (const bad of [{ event: "DONE" }, { method: "SHOUT" }, { url: "{{ range }}" }])
      assert.throws(() => hooks(bad));
  });

  it("sends the hooks of one event, and none after the first that fails", async () => {
    const { send, urls } = recorder((url) => (url.endsWith("b") ? 500 : 204));
    const all = hooks(
      { url: "http://a" },
      { url: "http://x", event: "FAILED" },
      { url: "http://b" },
      { url: "http://c" },
    );
    const failure = await sendWebhooks(all, "STARTED", send, new ScaledClock(1e6), signal);
    assert.match(failure ?? "", /got 500 status code/);
    assert.deepEqual(urls, ["http://a", "http://b"]);
  });

  it("tries again after a time-out only: three times, 5 s apart", async () => {
    const clock = new ScaledClock(10_000);
    const slow = recorder(() => new RequestTimeout("slow"));
    assert.match((await sendWebhooks(hooks({}), "STARTED", slow.send, clock, signal)) ?? "", /slow/);
    assert.equal(slow.urls.length, 4);
    assert.ok(clock.now() >= 15);
    const gone = recorder(() => new Error("refused"));
    await sendWebhooks(hooks({}), "STARTED", gone.send, clock, signal);
    assert.equal(gone.urls.length, 1);
  });
});
