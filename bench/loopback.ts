import { get } from "node:http";

/** The body of a GET on loopback. */
export function loopbackGet(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let text = "";
      response
        .setEncoding("utf8")
        .on("data", (chunk: string) => {
          text += chunk;
        })
        .once("end", () => resolve(text))
        .once("error", reject);
    }).once("error", reject);
  });
}
