import { request } from "node:https";

/** Asks a model through the load balancer, the certificate checked against the sandbox's authority; gives the answer's text. */
export function askModel(host: string, port: number, authority: string, key: string, model: string): Promise<string> {
  const body = JSON.stringify({
    model,
    messages: [{ role: "user", content: "Write a function that reverses a string." }],
    max_tokens: 64,
    // Laguna thinks unless it is told not to, and a stray `</think>` can then leak into the answer.
    chat_template_kwargs: { enable_thinking: false },
  });
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port,
        servername: host,
        ca: authority,
        method: "POST",
        path: "/v1/chat/completions",
        headers: {
          host,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
          authorization: `Bearer ${key}`,
        },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.once("end", () => {
          if (response.statusCode !== 200) return reject(new Error(`${host} answers ${response.statusCode}: ${text}`));
          const answer = JSON.parse(text) as { choices: readonly { message: { content: string } }[] };
          resolve(answer.choices[0]?.message.content ?? "");
        });
      },
    );
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}
