import { main } from "./index.js";

await main("push-images");
